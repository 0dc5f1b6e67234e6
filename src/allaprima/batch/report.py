"""The JSON report of a run: one line for each picture, written as they come, whole at the end or not there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from allaprima.batch.workers import Outcome
from allaprima.errors import ExistsError, OutputError
from allaprima.files import is_same, replacing
from allaprima.picture.formats import SUFFIXES


class Report:
    """``{"pictures": [{"source", "target", "status", "reason", "seconds"}, …], "painted": 3, "skipped": 0, …}``.

    It keeps no picture in memory. Whatever ends the run, the report is written with what is known until then.

    Args:
        path: where it goes; None writes nothing and counts.
        overwrite: whether a file that is there may be replaced.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path | None, *, overwrite: bool = False) -> None:
        self.counts: Counter[str] = Counter(painted=0, skipped=0, failed=0)
        self._place: AbstractContextManager[BinaryIO] | None = None
        if path is not None:
            self._place = replacing(path, overwrite=overwrite)
            self._file = self._place.__enter__()
        self._write('{"pictures": [')

    def add(self, outcome: Outcome) -> None:
        """One more picture."""
        row = {
            "source": str(outcome.job.source),
            "target": str(outcome.job.target),
            "status": outcome.status,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
        }
        self._write(("," if self.counts.total() else "") + "\n" + json.dumps(row))
        self.counts[outcome.status] += 1

    def _write(self, text: str) -> None:
        if self._place is not None:
            self._file.write(text.encode())

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._place is None:
            return
        counts = ", ".join(f'"{status}": {count}' for status, count in self.counts.items())
        self._write(f"\n],\n{counts}}}\n")
        self._place.__exit__(None, None, None)


def check_report(path: Path, sources: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse, before any work, a report in the place of something of the user's.

    Args:
        path: where the report is to be.
        sources: the pictures that were named.
        overwrite: whether a file that is there may be replaced; a picture never is.

    Raises:
        OutputError: with the reason.
    """
    if path.is_dir():
        raise OutputError(f"the report {path} would replace a folder; name a file")
    if path.suffix.lower() in SUFFIXES or any(is_same(path, source) for source in sources):
        raise OutputError(f"the report is a JSON file, and {path} is the name of a picture; choose another")
    if path.exists() and not overwrite:
        raise ExistsError(f"the report {path} exists", options=("overwrite",))
