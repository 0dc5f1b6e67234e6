"""Which files of a folder are pictures."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from allaprima.errors import PictureError
from allaprima.picture.formats import SUFFIXES


def pictures_below(folder: Path, leave_out: Path | None = None) -> Iterator[Path]:
    """Every picture file below a folder, in no order, but for hidden ones and those in a folder that is left out.

    Folders that are links are not followed, so that a link to a parent does no harm; links to files are.

    Raises:
        PictureError: the folder itself cannot be searched.
    """
    left_out = None if leave_out is None else leave_out.resolve()
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    path = below / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if path.resolve() != left_out:
                            waiting.append(path)
                    elif path.suffix.lower() in SUFFIXES and is_file(path):
                        yield path
        except OSError as error:
            if below == folder:
                raise PictureError(f"{folder} cannot be searched: {error.strerror or error}") from error


def is_file(path: Path) -> bool:
    """Whether a path leads to a regular file; a link to itself does not."""
    with suppress(OSError):
        return stat.S_ISREG(path.stat().st_mode)
    return False
