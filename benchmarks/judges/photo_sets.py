"""The photographs on which models are compared: fixed lists of file names with their digests.

A list is a table: file name, SHA-256 and kind, separated by tabs. The pictures themselves are not part of it; they
lie in any folder that is named, or among the photographs of the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from allaprima.errors import TrainingError
from allaprima.evaluation.painters import file_sha256
from allaprima.training.photos import bundled_photos

SETS = Path(__file__).parents[1] / "sets"


@dataclass(frozen=True)
class Photo:
    """One photograph of a set."""

    path: Path
    sha256: str
    kind: str
    """What is hard about it (``night``, ``face`` …), or ``ordinary``."""


def find_set(name: str) -> Path:
    """A list by the name of one in ``sets/`` or by its path."""
    own = SETS / f"{name}.tsv"
    return own if own.is_file() else Path(name)


def read_set(table: Path, folders: Iterable[Path], count: int | None = None) -> list[Photo]:
    """The photographs of a list, or ``count`` of them taken evenly.

    Raises:
        TrainingError: the list cannot be read, or a photograph is in none of the folders or is another one.
    """
    try:
        rows = [line.split("\t") for line in table.read_text("utf-8").splitlines() if line and line[0] != "#"]
        entries = [(Path(name), digest, kind) for name, digest, kind in rows]
    except (OSError, ValueError) as error:
        raise TrainingError(f"{table} is not a list of photographs: file, SHA-256 and kind in each line") from error
    places = [*folders, bundled_photos()]
    kept = min(count or len(entries), len(entries))
    photos = []
    for name, digest, kind in (entries[i * len(entries) // kept] for i in range(kept)):
        found = [folder / name for folder in places if (folder / name).is_file()]
        if not found:
            raise TrainingError(f"the photograph {name} is in none of the folders that --photos names")
        if file_sha256(found[0]) != digest:
            raise TrainingError(f"{found[0]} is not the photograph that {table.name} means: its SHA-256 differs")
        photos.append(Photo(found[0], digest, kind))
    return photos
