"""Detail that blending took away, given back.

Strokes that do not fit cancel each other out as they are blended, the finer the more. What is left of the detail of a
blended painting is strengthened where, and as far as, it is weaker than that of the new painting by itself. How far
that is differs between styles, so it is measured: with as much detail again as there is, in every fourth row. Only what
is shown is changed, not what is remembered, so that nothing builds up over the frames. (The blending of textures in
Heitz & Neyret 2018, *High-Performance By-Example Noise using a Histogram-Preserving Blending Operator*, keeps the
variance for the same reason.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.steady.motion import around
from allaprima.steady.planes import Pixels, Planes, apart, luminance, shown, together

Floats = NDArray[np.float32]

CELL = 32
"""Detail is compared over cells of so many pixels in both directions,"""
_ROWS = 4
"""and in every fourth row: every eighth would miss what repeats as the blocks of codecs do."""
_STEADY_ROWS = 8
"""Rows that are given as much: between cells it changes little from one to the next."""
_BAND = 2**16
"""Pixels of rows in work at a time, which stay in the cache."""
_BITS = 6
"""After the point in a share, so that products fit into 16 bits."""
_SHARP = 0.99
"""Of the new painting's detail, what is wanted. A hundredth less is not to be seen, and flickers less."""
_PLAIN = 0.5
"""Levels between neighbors below which there is no detail to speak of."""
_MOST = 2.0
"""How much detail may be added, of what there is."""
_LEAST = 0.03
"""Less is not to be seen."""


def with_detail(blended: Planes, new: Planes, moving: Floats) -> Planes:
    """A blended painting with as much detail of luminance as the new one where something moves.

    Args:
        blended: as it is carried along.
        new: in planes of the same sizes.
        moving: how much something moves in each cell, [H / 32, W / 32], rounded up, of 0..1. Where nothing does,
            strokes fit, and what blending takes away is noise.

    Returns:
        As it is shown.
    """
    if not moving.any():
        return shown(blended)
    here = luminance(blended)
    height, width = here.shape
    detail = detail_of(here)
    share = shares(luminance(new), here, detail) * moving
    if share.max() < _LEAST:
        return shown(blended)
    levels = Image.fromarray(np.rint(share * 2**_BITS).astype(np.uint8))
    bands = -(-height // _STEADY_ROWS)
    each = np.asarray(levels.resize((width, bands), _LINEAR, box=(0, 0, width / CELL, bands * _STEADY_ROWS / CELL)))
    parts = apart(blended)
    count = max(1, _BAND // width // _STEADY_ROWS)
    for first in range(0, bands, count):
        rows = slice(first * _STEADY_ROWS, (first + count) * _STEADY_ROWS)
        change = detail[rows]
        change *= each[first : first + count].repeat(_STEADY_ROWS, 0)[: len(change)]
        change += 1 << (_BITS - 1)
        change >>= _BITS
        more, less = (np.clip(one, 0, 255).astype(np.uint8) for one in (change, -change))
        room = ~more
        for plane in parts:  # in bytes, which do not overflow so: several times as fast
            part = plane[rows]
            np.minimum(part, room, out=part)
            np.add(part, more, out=part)
            np.maximum(part, less, out=part)
            np.subtract(part, less, out=part)
    return together(parts, blended)


def detail_of(luminance: Pixels) -> NDArray[np.int16]:
    """What a blur does not have: uint8 [H, W] -> int16 [H, W]. The blur is binomial, of 5 × 5 pixels."""
    height, width = luminance.shape
    padded, result = np.pad(luminance, 2, mode="edge"), np.empty((height, width), np.int16)
    count = max(1, _BAND // width)
    for top in range(0, height, count):
        here = luminance[top : top + count]
        sums = padded[top : top + len(here) + 4].astype(np.uint16)  # they need all 16 bits
        for _ in range(4):
            sums = sums[1:] + sums[:-1]
        for _ in range(4):
            sums = sums[:, 1:] + sums[:, :-1]
        sums += 1 << 7
        sums >>= 8
        np.subtract(here, sums, out=result[top : top + count], casting="unsafe", dtype=np.int16)
    return result


def shares(new: Pixels, blended: Pixels, detail: NDArray[np.int16]) -> Floats:
    """How much of its detail each cell of a blended painting lacks: float32 [H / 32, W / 32], rounded up, of 0..2.

    Args:
        new: luminance of the new painting, uint8 [H, W].
        blended: that of the blended one.
        detail: what may be added to it, int16 [H, W].
    """
    there = blended[::_ROWS].astype(np.int16)
    more = there + detail[::_ROWS]
    np.clip(more, 0, 255, out=more)
    wanted, least, most = (around(_steps(rows)) for rows in (new[::_ROWS].astype(np.int16), there, more))
    result: Floats = np.clip((_SHARP * wanted - least) / np.maximum(most - least, _PLAIN), 0, _MOST)
    return result


def _steps(rows: NDArray[np.int16]) -> Floats:
    """The mean step between neighbors in a row, of each cell; of every fourth row."""
    steps = np.abs(rows[:, 1:] - rows[:, :-1])
    height, width = -(-rows.shape[0] * _ROWS // CELL), -(-rows.shape[1] // CELL)
    padded = np.pad(steps, [(0, height * (CELL // _ROWS) - len(steps)), (0, width * CELL - steps.shape[1])], "edge")
    cells = padded.reshape(height, CELL // _ROWS, width, CELL).sum((1, 3), dtype=np.int32)
    means: Floats = cells.astype(np.float32) / np.float32(CELL // _ROWS * CELL)
    return means


_LINEAR = Image.Resampling.BILINEAR
