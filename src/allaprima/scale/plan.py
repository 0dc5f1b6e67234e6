"""Which pictures there are and what their results are called, folder by folder, as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allaprima.batch.plan import result_names
from allaprima.errors import OutputError
from allaprima.scale.rows import Row
from allaprima.scale.store import is_address
from allaprima.scale.stores import open_store


def rows(source: str, target: str, suffix: str | None, *, sheet: bool = False) -> Iterator[Row]:
    """Every picture and the name of its result, the same as without an engine.

    The names of one folder are in memory at a time.

    Args:
        source: a folder or an address.
        target: the same; what lies there is no picture to paint.
        suffix: the format of every result; None is the picture's own.
        sheet: whether clips become sheets.

    Raises:
        PictureError: the source cannot be searched.
    """
    closed: list[Row] = []

    def unreadable(folder: Path, error: OSError) -> None:
        name = folder.as_posix().removeprefix(source).strip("/")
        closed.append(Row(name, name, refusal=f"the folder cannot be searched: {error.strerror or error}"))

    for folder, names, facts in open_store(source).folders(target, unreadable):
        results = result_names(names, suffix, sheet=sheet)
        for place, name in enumerate(names):
            yield Row(folder + name, folder + results[name], *(facts[place] if facts else ()))
    yield from closed


def check_places(source: str, target: str) -> None:
    """Refuse results among the photographs.

    Raises:
        OutputError: the target is the source or lies above it.
    """
    one, other = source, target
    if not is_address(source) and not is_address(target):
        one, other = str(Path(source).resolve()), str(Path(target).resolve())
    if f"{one}/".startswith(f"{other}/"):
        raise OutputError("results would lie among the photographs; choose another folder", options=("output",))
