"""The report of a run: one row for each picture, written as they come, whole at the end or not there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from allaprima.errors import EngineError, ExistsError, OutputError, how_to_install
from allaprima.files import is_same, replacing
from allaprima.picture.formats import SUFFIXES


class Place(Protocol):
    """A picture, where its result goes, and whether that replaces an older one."""

    @property
    def source(self) -> object: ...  # noqa: D102
    @property
    def target(self) -> object: ...  # noqa: D102
    @property
    def replace(self) -> bool: ...  # noqa: D102


class Told(Protocol):
    """What became of a picture, whoever painted it; ``workers.Outcome`` describes it."""

    @property
    def job(self) -> Place: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def error(self) -> Exception | None: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def row(self) -> dict[str, str | float]: ...  # noqa: D102


class Report:
    """One row for each picture: source, target, status, reason, seconds.

    JSON: ``{"pictures": [{…}, …], "painted": 3, "skipped": 0, "failed": 0}``. Reports of several runs make one by
    putting them one after the other as JSON lines (``.jsonl``), or into one folder as Parquet. It keeps no more than a
    few thousand rows in memory. Whatever ends the run, the report is written with what is known until then.

    Args:
        path: where it goes; its extension is its format. None writes nothing and counts.
        overwrite: whether a file that is there may be replaced.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path | None, *, overwrite: bool = False) -> None:
        self.counts: Counter[str] = Counter(painted=0, skipped=0, failed=0)
        self._place: AbstractContextManager[BinaryIO] | None = None
        if path is not None:
            self._place = replacing(path, overwrite=overwrite)
            self._form = _FORMS.get(path.suffix.lower(), _Json)(self._place.__enter__())

    def add(self, outcome: Told) -> None:
        """One more picture."""
        if self._place is not None:
            self._form.add(outcome.row)
        self.counts[outcome.status] += 1

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is not None:
            self._form.finish(self.counts)
            self._place.__exit__(None, None, None)


class _Form(Protocol):
    """A format of reports."""

    def add(self, row: dict[str, str | float]) -> None: ...
    def finish(self, counts: Counter[str]) -> None: ...


class _Json:
    """One object, whose rows are a line each."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._before = file, '{"pictures": [\n'

    def add(self, row: dict[str, str | float]) -> None:
        self._file.write((self._before + json.dumps(row)).encode())
        self._before = ",\n"

    def finish(self, counts: Counter[str]) -> None:
        before = self._before if self._before != ",\n" else "\n"
        words = ", ".join(f'"{status}": {count}' for status, count in counts.items())
        self._file.write(f"{before}],\n{words}}}\n".encode())


class _Lines:
    """One object a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, row: dict[str, str | float]) -> None:
        self._file.write((json.dumps(row) + "\n").encode())

    def finish(self, counts: Counter[str]) -> None:
        """Lines need no end."""


class _Parquet:
    """A table, written in groups of rows."""

    GROUP = 10_000

    def __init__(self, file: BinaryIO) -> None:
        import pyarrow.parquet  # noqa: PLC0415 - not always installed

        self._arrow: Any = pyarrow
        self._file, self._rows = file, list[dict[str, str | float]]()
        self._writer: Any = None

    def add(self, row: dict[str, str | float]) -> None:
        self._rows.append({name: _unicode(value) for name, value in row.items()})
        if len(self._rows) == self.GROUP:
            self._write()

    def finish(self, counts: Counter[str]) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        arrow = self._arrow
        if self._writer is None:
            first = self._rows[0] if self._rows else dict.fromkeys(("source", "target", "status", "reason"), "")
            kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
            schema = arrow.schema([(name, kinds[type(value)]) for name, value in first.items()])
            self._writer = arrow.parquet.ParquetWriter(self._file, schema)
        self._writer.write_table(arrow.Table.from_pylist(self._rows, self._writer.schema))
        self._rows.clear()


_FORMS: dict[str, Callable[[BinaryIO], _Form]] = {".json": _Json, ".jsonl": _Lines, ".parquet": _Parquet}


def _unicode(value: str | float) -> str | float:
    """A name that is no Unicode, as few file systems have, is spelled with backslashes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def check_report(path: Path, sources: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse, before any work, a report in the place of something of the user's.

    Args:
        path: where the report is to be.
        sources: the pictures that were named.
        overwrite: whether a file that is there may be replaced; a picture never is.

    Raises:
        OutputError: with the reason.
        EngineError: it is to be Parquet, and the package for it is missing.
    """
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401, PLC0415
        except ModuleNotFoundError as error:
            raise EngineError(f"a report as Parquet needs the package pyarrow: {how_to_install('parquet')}") from error
    if path.is_dir():
        raise OutputError(f"the report {path} would replace a folder; name a file")
    if path.suffix.lower() in SUFFIXES or any(is_same(path, source) for source in sources):
        raise OutputError(f"the report is a table, and {path} is the name of a picture; choose another")
    if path.exists() and not overwrite:
        raise ExistsError(f"the report {path} exists", options=("overwrite",))
