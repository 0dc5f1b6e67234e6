"""Some moments of a clip on one sheet, before and after: what its painting will be like, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allaprima.film.reader import open_clip
from allaprima.options import MAX_PIXELS
from allaprima.picture.picture import Picture
from allaprima.picture.sheet import Tile, sheet_of

MOMENTS = 6
TILE = 512
"""Pixels: the longer side of each picture on a sheet."""
_COLUMNS = 4
"""Two moments in a row, each with its photograph."""

Pixels = NDArray[np.uint8]


def sheet_of_moments(
    path: Path,
    paint: Callable[[Pixels, Fraction], Pixels],
    *,
    start: Fraction | float | None = None,
    end: Fraction | float | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Picture:
    """Moments from beginning to end, each as it is and painted; one alone of a clip that does not say how long it is.

    Args:
        path: the clip.
        paint: a frame, uint8 [H, W, 3], and its time in seconds after the clip's beginning -> its painting.
        start: of the part that is shown, in seconds.
        end: of the part that is shown, in seconds.
        max_pixels: clips of larger frames are refused.

    Raises:
        PictureError: the clip cannot be read.
    """
    tiles: list[Tile] = []
    with open_clip(path, start=start, end=end, max_pixels=max_pixels) as clip:
        length = clip.duration or Fraction(0)
    begin = Fraction(start or 0)
    for number in range(MOMENTS if length else 1):
        moment = begin + length * (2 * number + 1) / (2 * MOMENTS)
        with open_clip(path, start=moment if length else start, max_pixels=max_pixels) as clip:
            frame = next(clip.frames())
            seconds = (frame.pts - (clip.video.start_time or 0)) * clip.time_base
        photo = np.ascontiguousarray(frame.pixels[..., :3])
        tiles += [
            Tile(Picture(pixels).within(TILE), title)
            for pixels, title in ((photo, clock(seconds)), (paint(photo, seconds), ""))
        ]
    return sheet_of(tiles, min(_COLUMNS, len(tiles)))


def clock(seconds: Fraction) -> str:
    """A time as people write it: 1:02:03.4 or 0:07.0."""
    tenths = int(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"
