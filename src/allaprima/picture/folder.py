"""Which files of a folder are pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from allaprima.errors import PictureError
from allaprima.picture.formats import SUFFIXES

Kept = TypeVar("Kept")
Unreadable = Callable[[Path, OSError], None]
"""Is told of a folder that cannot be searched, and why."""


def pictures_below(folder: Path, leave_out: Path | None = None, suffixes: Collection[str] = SUFFIXES) -> Iterator[Path]:
    """Every picture file below a folder; see ``folders_below``. Subfolders that cannot be searched are left out.

    Raises:
        PictureError: the folder itself cannot be searched.
    """
    for below, names in names_below(folder, leave_out, suffixes=suffixes):
        for name in names:
            yield below / name


def names_below(
    folder: Path,
    leave_out: Path | None = None,
    unreadable: Unreadable | None = None,
    suffixes: Collection[str] = SUFFIXES,
) -> Iterator[tuple[Path, list[str]]]:
    """As ``folders_below``, with names alone, which take a quarter of the memory."""
    for below, names in _searched(folder, leave_out, unreadable, suffixes, lambda entry: entry.name):
        names.sort()
        yield below, names


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
    for below, entries in _searched(folder, leave_out, unreadable, suffixes, lambda entry: entry):
        entries.sort(key=lambda entry: entry.name)
        yield below, entries


def _searched(
    folder: Path,
    leave_out: Path | None,
    unreadable: Unreadable | None,
    suffixes: Collection[str],
    kept: Callable[[os.DirEntry[str]], Kept],
) -> Iterator[tuple[Path, list[Kept]]]:
    """Each folder and what is kept of its pictures, in any order."""
    left_out = None if leave_out is None else os.path.realpath(leave_out)
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        inside: list[Path] = []
        pictures: list[Kept] = []
        try:
            with os.scandir(below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        inside.append(below / entry.name)
                    elif has_suffix(entry.name, suffixes) and _is_file(entry):
                        pictures.append(kept(entry))
        except OSError as error:
            if below == folder:
                raise PictureError(f"{folder} cannot be searched: {error.strerror or error}") from error
            if unreadable is not None:
                unreadable(below, error)
            continue
        waiting += sorted((path for path in inside if os.path.realpath(path) != left_out), reverse=True)
        yield below, pictures


def has_suffix(name: str, suffixes: Collection[str]) -> bool:
    """Whether a name ends in one of the extensions, in whatever case."""
    _, dot, suffix = name.rpartition(".")
    return dot + suffix.lower() in suffixes


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is, or leads to, a regular file; a link to itself does not."""
    with suppress(OSError):
        return entry.is_file()
    return False
