"""Frames of a clip as one PNG each: frames/00001.png and so on."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from allaprima.errors import ExistsError, OutputError
from allaprima.files import write_bytes
from allaprima.film.frame import Frame

_NUMBER = re.compile(r"%(0(?P<width>\d{1,2}))?d")
FIRST = 1
"""The number of the first frame, as FFmpeg counts."""


def is_pattern(path: Path) -> bool:
    """Whether a name stands for a sequence: "frame%05d.png"."""
    return len(_NUMBER.findall(path.name)) == 1


def numbered(pattern: Path, number: int) -> Path:
    """The name of one frame."""
    return pattern.with_name(_NUMBER.sub(lambda found: f"{number:0{int(found['width'] or 1)}}", pattern.name))


def check_pattern(pattern: Path, *, overwrite: bool) -> None:
    """Refuse a sequence that is not of PNGs, or whose first frame is there already.

    Raises:
        OutputError: with the reason.
    """
    if pattern.suffix.lower() != ".png":
        raise OutputError(f"a sequence of frames is written as .png, not as {pattern.suffix or 'a name without one'}")
    if not overwrite and numbered(pattern, FIRST).exists():
        raise ExistsError(f"{numbered(pattern, FIRST)} exists", options=("overwrite",))


def write_sequence(frames: Iterable[Frame], pattern: Path, *, overwrite: bool = False) -> int:
    """Write every frame as a PNG of its own; all take their names when the last is written, or none does.

    Args:
        frames: with alpha or without.
        pattern: where they go; its name has one "%d" or "%05d" for the number, which begins at 1.
        overwrite: whether files that are there are replaced.

    Returns:
        How many there are.

    Raises:
        OutputError: they cannot be written, or one is there.
    """
    folder = pattern.parent / f".{secrets.token_hex(4)}.frames"
    count = 0
    try:
        for count, frame in enumerate(frames, FIRST):
            write_bytes(frame.picture.encode(".png"), folder / f"{count}.png")
        for number in range(FIRST, count + 1):
            if not overwrite and numbered(pattern, number).exists():
                raise ExistsError(f"{numbered(pattern, number)} exists", options=("overwrite",))
        for number in range(FIRST, count + 1):
            os.replace(folder / f"{number}.png", numbered(pattern, number))
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{pattern.parent} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(folder)
    return count
