"""Planes moved by halves of a pixel, of which each pixel may move another way.

What lies halfway between pixels is made of the four nearest in a direction, by Keys' cubic convolution (1981, with
a = -1/2): (9 · (b + c) − (a + d)) / 16. The mean of two would blur a picture that is moved in frame after frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Steps = NDArray[np.int32]

_BAND = 2**17
"""Bytes of rows in work at a time, which stay in the cache."""
BYTES = 12
"""A pixel, that the planes between the pixels take."""


def moved_by_halves(planes: Sequence[Pixels], steps: Steps, cell: int) -> list[Pixels]:
    """Each pixel from where it was.

    Args:
        planes: of one size, uint8 [H, W], or [H, W, 4] of which the four bytes move together.
        steps: for each cell, [H / cell, W / cell, 2], rounded up, how many halves of a pixel away its pixels were,
            (x, y). Cells that were outside the picture, even in part, come from its border.
        cell: pixels of both sides of a cell.

    Returns:
        As many, of the same shapes.
    """
    if not steps.any():
        return list(planes)
    height, width = planes[0].shape[:2]
    half = steps & 1
    between = half[..., 1] * 2 + half[..., 0]
    right = _inside(steps[..., 0] >> 1, width, cell)
    down = _inside(steps[..., 1].T >> 1, height, cell).T + np.arange(len(steps))[:, None] * cell
    first_rows = np.asarray((between * height + down) * width + right, np.intp).repeat(cell, 1)[:, :width]
    first_rows += np.arange(width)
    return [_taken(_between_all(plane, between), first_rows, cell) for plane in planes]


def _inside(whole: Steps, length: int, cell: int) -> Steps:
    """Steps [..., n] of whole pixels along a side of so many, which do not leave it."""
    first = np.arange(whole.shape[-1]) * cell
    last = np.minimum(first + cell, length) - 1
    return np.clip(whole, -first, length - 1 - last)


def _taken(pictures: Pixels, first_rows: NDArray[np.intp], cell: int) -> Pixels:
    """A plane put together of four, [4, H, W] or [4, H, W, 4].

    Args:
        pictures: the four.
        first_rows: where in them the first row of each row of cells comes from, [H / cell, W]. The others follow it.
        cell: rows of a row of cells.
    """
    _, height, width, *bytes_of_pixel = pictures.shape
    pixels = pictures.view(np.uint32 if bytes_of_pixel else np.uint8).reshape(-1)
    result = np.empty((len(first_rows), cell, width), pixels.dtype)
    for row in range(cell):  # rows below the last are taken, too, and cut off
        result[:, row] = np.take(pixels[row * width :], first_rows, mode="clip")
    return result.reshape(-1, width)[:height].view(np.uint8).reshape(height, width, *bytes_of_pixel)


def _between_all(picture: Pixels, wanted: NDArray[np.integer]) -> Pixels:
    """The picture; and, where they are wanted, what lies half a pixel to the right, below, and both: four of it."""
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
    height, width, *bytes_of_pixel = picture.shape
    count = max(1, min(height, _BAND // picture[0].size))
    size = (count + 3, width) if axis == 0 else (count, width + 3)
    rows_of = np.empty((*size, *bytes_of_pixel), np.int16)
    sums, others = (np.empty((count, width, *bytes_of_pixel), np.int16) for _ in range(2))
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
