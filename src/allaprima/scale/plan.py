"""Which pictures there are and what their results are called, folder by folder, as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allaprima.batch.plan import result_names
from allaprima.errors import OutputError
from allaprima.scale.rows import Row
from allaprima.scale.shard import Shard
from allaprima.scale.store import is_address
from allaprima.scale.stores import open_store


def rows(source: str, target: str, suffix: str | None, shard: Shard, *, sheet: bool = False) -> Iterator[Row]:
    """Every picture of a share and the name of its result, the same as without an engine.

    The names of one folder are in memory at a time. Names of results depend on the whole folder, never on the share.

    Args:
        source: a folder or an address.
        target: the same; what lies there is no picture to paint.
        suffix: the format of every result; None is the picture's own.
        shard: the share.
        sheet: whether clips become sheets.

    Raises:
        PictureError: the source cannot be searched.
    """
    closed: list[Row] = []

    def unreadable(folder: Path, error: OSError) -> None:
        name = folder.as_posix().removeprefix(source).strip("/")
        if name in shard:
            closed.append(Row(name, name, refusal=f"the folder cannot be searched: {error.strerror or error}"))

    for folder, entries in open_store(source).folders(target, unreadable):
        names = result_names([entry.name for entry in entries], suffix, sheet=sheet)
        for entry in entries:
            if folder + entry.name in shard:
                yield Row(folder + entry.name, folder + names[entry.name], *entry[1:])
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
