"""A picture moved by halves of a pixel, of which each pixel may move another way.

What lies halfway between pixels is made of the four nearest in a direction, by Keys' cubic convolution (1981, with
a = -1/2): (9 · (b + c) − (a + d)) / 16. The mean of two would blur a picture that is moved in frame after frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Steps = NDArray[np.int32]

_BAND = 2**15
"""Pixels of rows in work at a time, which stay in the cache."""
BYTES = 12
"""A pixel, that the planes between the pixels take."""


def moved_by_halves(picture: Pixels, steps: Steps, cell: int) -> Pixels:
    """Each pixel from where it was.

    Args:
        picture: uint8 [H, W, 4].
        steps: for each cell, [H / cell, W / cell, 2], rounded up, how many halves of a pixel away its pixels were,
            (x, y). Cells that were outside the picture, even in part, come from its border.
        cell: pixels of both sides of a cell.

    Returns:
        uint8 [H, W, 4].
    """
    if not steps.any():
        return picture
    height, width = picture.shape[:2]
    half = steps & 1
    right = _inside(steps[..., 0] >> 1, width, cell)
    down = _inside(steps[..., 1].T >> 1, height, cell).T
    planes = _planes(picture, half[..., 1] * 2 + half[..., 0])
    places = np.asarray(((half[..., 1] * 2 + half[..., 0]) * height + down) * width + right, np.intp)
    flat, result = planes.view(np.uint32).reshape(-1), np.empty((height, width), np.uint32)
    count = max(1, _BAND // width // cell)
    for first in range(0, len(places), count):
        rows = slice(first * cell, min((first + count) * cell, height))
        _take(flat, places[first : first + count], cell, rows.start, result[rows])
    return result.view(np.uint8).reshape(height, width, 4)


def _inside(whole: Steps, length: int, cell: int) -> Steps:
    """Steps [..., n] of whole pixels along a side of so many, which do not leave it."""
    first = np.arange(whole.shape[-1]) * cell
    last = np.minimum(first + cell, length) - 1
    return np.clip(whole, -first, length - 1 - last)


def _planes(picture: Pixels, wanted: NDArray[np.integer]) -> Pixels:
    """The picture; and, where they are wanted, what lies half a pixel to the right, below, and both: [4, H, W, 4]."""
    planes = np.empty((4, *picture.shape), np.uint8)
    planes[0] = picture
    right, below, both = (bool((wanted == number).any()) for number in (1, 2, 3))
    if right or both:
        _between(picture, 1, planes[1])
    if below:
        _between(picture, 0, planes[2])
    if both:
        _between(planes[1], 0, planes[3])
    return planes


def _between(picture: Pixels, axis: int, result: Pixels) -> None:
    """What lies halfway between each pixel and the next along an axis; the border repeats."""
    height, width = picture.shape[:2]
    count = max(1, min(height, _BAND // width))
    size = (count + 3, width) if axis == 0 else (count, width + 3)
    rows_of = np.empty((*size, 4), np.int16)
    sums, others = (np.empty((count, width, 4), np.int16) for _ in range(2))
    for top in range(0, height, count):
        bottom = min(top + count, height)
        number = bottom - top
        if axis == 0:
            first, last = max(top - 1, 0), min(bottom + 2, height)
            rows = rows_of[: number + 3]
            rows[first - top + 1 : last - top + 1] = picture[first:last]
            rows[: first - top + 1] = rows[first - top + 1]
            rows[last - top + 1 :] = rows[last - top]
            before, here, after, beyond = (rows[k : k + number] for k in range(4))
        else:
            rows = rows_of[:number]
            rows[:, 1:-2] = picture[top:bottom]
            rows[:, 0], rows[:, -2:] = rows[:, 1], rows[:, -3:-2]
            before, here, after, beyond = (rows[:, k : k + width] for k in range(4))
        total, outer = sums[:number], others[:number]
        np.add(here, after, out=total)
        total *= 9
        np.add(before, beyond, out=outer)
        total -= outer
        total += 8
        total >>= 4
        np.clip(total, 0, 255, out=total)
        result[top:bottom] = total


def _take(flat: NDArray[np.uint32], places: NDArray[np.intp], cell: int, top: int, result: NDArray[np.uint32]) -> None:
    """Rows of a picture from ``top`` on, whose pixels lie ``places`` [h / cell, w / cell] behind their own."""
    height, width = result.shape
    along = places.repeat(cell, 1)[:, :width]
    along += np.arange(top * width, (top + 1) * width)
    rows = along.repeat(cell, 0)[:height]
    rows += (np.arange(height) * width)[:, None]
    np.take(flat, rows, out=result, mode="clip")
