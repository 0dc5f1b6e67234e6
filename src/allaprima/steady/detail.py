"""Detail that blending took away, given back.

Strokes that do not fit cancel each other out as they are blended, the finer the more. What is left of the detail of a
blended painting is strengthened where, and as far as, it is weaker than that of the new painting by itself. Only what
is shown is changed, not what is remembered, so that nothing builds up over the frames. (The blending of textures in
Heitz & Neyret 2018, *High-Performance By-Example Noise using a Histogram-Preserving Blending Operator*, keeps the
variance for the same reason.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.steady.motion import around

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

CELL = 32
"""Detail is compared over cells of so many pixels in both directions,"""
_ROWS = 4
"""and in every fourth row."""
_BLUR = 2
"""Detail is what the means over so many pixels do not have."""
_BAND = 2**15
"""Pixels of rows in work at a time, which stay in the cache."""
_ONE = 64
"""In the whole numbers of a gain, so that products fit into 16 bits."""
_PLAIN = 0.5
"""Levels between neighbors below which there is no detail to speak of."""
_MORE = 1.7
"""How much more than the ratio of both, since steps between neighbors are not all of it fine detail. (With a coarser
blur and less of this, paintings are as sharp, but farther from their style.)"""
_MOST = 3.0
"""Of a gain."""
_LEAST = 0.03
"""Of a gain above 1: less is not to be seen."""


def with_detail(blended: Image.Image, new: Pixels, moving: Floats) -> Pixels:
    """A blended painting with as much detail of luminance as the new one where something moves.

    Args:
        blended: an image of four bands, of which the last means nothing.
        new: uint8 [H, W, 3].
        moving: how much something moves in each cell, [H / 32, W / 32], rounded up, of 0..1. Where nothing does,
            strokes fit, and what blending takes away is noise.

    Returns:
        uint8 [H, W, 3].
    """
    values = np.asarray(blended)
    gain = (gains(new, values) - 1) * moving
    result = np.array(blended.convert("RGB"))
    if gain.max() < _LEAST:
        return result
    (width, height), gray = blended.size, blended.convert("L")
    smooth = gray.reduce(_BLUR).resize(blended.size, _LINEAR, box=(0, 0, width / _BLUR, height / _BLUR))
    share = Image.fromarray(np.rint(gain * _ONE).astype(np.uint8))
    share = share.resize(blended.size, _LINEAR, box=(0, 0, width / CELL, height / CELL))
    luminance, means, shares = (np.asarray(one) for one in (gray, smooth, share))
    count = max(1, _BAND // width)
    for top in range(0, height, count):
        rows = slice(top, top + count)
        change = np.subtract(luminance[rows], means[rows], dtype=np.int16)
        change *= shares[rows]
        change += _ONE // 2
        change >>= 6
        for channel in range(3):
            strengthened = change + result[rows, :, channel]
            np.clip(strengthened, 0, 255, out=strengthened)
            result[rows, :, channel] = strengthened
    return result


def gains(new: Pixels, blended: Pixels) -> Floats:
    """By how much the detail of each cell is to be strengthened: float32 [H / 32, W / 32], rounded up, of 1..3."""
    wanted, there = around(_steps(new)), around(_steps(blended))
    gain: Floats = np.clip(1 + _MORE * ((wanted + _PLAIN) / (there + _PLAIN) - 1), 1, _MOST)
    return gain


def _steps(pixels: Pixels) -> Floats:
    """The mean step between neighbors in a row, of each cell."""
    rows = pixels[::_ROWS, :, :3].astype(np.int16)
    steps = np.abs(rows[:, 1:] - rows[:, :-1])
    height, width = -(-pixels.shape[0] // CELL), -(-pixels.shape[1] // CELL)
    edges = (0, height * (CELL // _ROWS) - steps.shape[0]), (0, width * CELL - steps.shape[1]), (0, 0)
    padded = np.pad(steps, edges, mode="edge")
    cells = padded.reshape(height, CELL // _ROWS, width, CELL * 3).sum((1, 3), dtype=np.int32)
    means: Floats = cells.astype(np.float32) / np.float32(CELL // _ROWS * CELL * 3)
    return means


_LINEAR = Image.Resampling.BILINEAR
