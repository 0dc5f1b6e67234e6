"""Rectangles of a picture: the tiles that cover it and their margins."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

ALIGN = 16
"""Tiles begin at multiples of it, as it is a multiple of every network's stride."""


class Box(NamedTuple):
    """A rectangle of pixels: rows ``top`` to ``bottom``, columns ``left`` to ``right``, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    def grown(self, margin: int, height: int, width: int) -> Box:
        """With a margin on every side, as far as the picture reaches."""
        return Box(
            max(0, self.top - margin),
            max(0, self.left - margin),
            min(height, self.bottom + margin),
            min(width, self.right + margin),
        )

    def of(self, image: Pixels) -> Pixels:
        """These pixels of [H, W, 3], as a batch of one: [1, h, w, 3]."""
        return np.ascontiguousarray(image[self.top : self.bottom, self.left : self.right])[None]

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.bottom - self.top) * (self.right - self.left)


def grid(height: int, width: int, side: int) -> list[Box]:
    """Tiles of about equal size, ``side`` at most, that cover a picture, each pixel once."""
    rows, columns = (_cuts(length, side) for length in (height, width))
    return [Box(top, left, bottom, right) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


def _cuts(length: int, side: int) -> list[int]:
    """Where parts of a length begin, and its end; each begins at a multiple of ``ALIGN``."""
    parts = math.ceil(length / side)
    step = math.ceil(length / parts / ALIGN) * ALIGN
    return [*range(0, length, step), length]
