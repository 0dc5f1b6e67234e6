"""Which files of a folder are pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from allaprima.errors import PictureError
from allaprima.picture.formats import SUFFIXES

Unreadable = Callable[[Path, OSError], None]
"""Is told of a folder that cannot be searched, and why."""


def pictures_below(folder: Path, leave_out: Path | None = None, suffixes: Collection[str] = SUFFIXES) -> Iterator[Path]:
    """Every picture file below a folder; see ``folders_below``. Subfolders that cannot be searched are left out.

    Raises:
        PictureError: the folder itself cannot be searched.
    """
    for below, entries in folders_below(folder, leave_out, suffixes=suffixes):
        for entry in entries:
            yield below / entry.name


def folders_below(
    folder: Path,
    leave_out: Path | None = None,
    unreadable: Unreadable | None = None,
    suffixes: Collection[str] = SUFFIXES,
) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """A folder and every folder below it, each with its picture files by name, read in one go.

    Hidden files and folders are left out. Folders that are links are not followed, so that a link to a parent does no
    harm; links to files are. Only the names of one folder are in memory at a time.

    Args:
        folder: where to begin.
        leave_out: a folder below it that is not searched.
        unreadable: is told of subfolders that cannot be searched.
        suffixes: what counts as a picture.

    Raises:
        PictureError: the folder itself cannot be searched.
    """
    left_out = None if leave_out is None else os.path.realpath(leave_out)
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        inside: list[Path] = []
        pictures: list[os.DirEntry[str]] = []
        try:
            with os.scandir(below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        inside.append(below / entry.name)
                    elif _has_suffix(entry.name, suffixes) and _is_file(entry):
                        pictures.append(entry)
        except OSError as error:
            if below == folder:
                raise PictureError(f"{folder} cannot be searched: {error.strerror or error}") from error
            if unreadable is not None:
                unreadable(below, error)
            continue
        waiting += sorted((path for path in inside if os.path.realpath(path) != left_out), reverse=True)
        yield below, sorted(pictures, key=lambda entry: entry.name)


def _has_suffix(name: str, suffixes: Collection[str]) -> bool:
    _, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in suffixes


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is, or leads to, a regular file; a link to itself does not."""
    with suppress(OSError):
        return entry.is_file()
    return False
