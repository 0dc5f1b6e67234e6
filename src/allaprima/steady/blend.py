"""What stays of the painting before: it is carried along with the motion and blended into the new one.

    o = p + a · (o before, moved − p)

a is 0 where the frame does not look as the one before, moved, would have it: where something was uncovered, or the
motion was not found. So there are no trails. The painting before is moved by whole pixels, since to resample it again
and again would blur it. As a part of every painting is new, nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.steady.motion import around, motion, moved

Pixels = NDArray[np.uint8]

REDUCTION = 4
"""Frames are compared at a quarter of their size."""
_STILL, _MOVING = 1.4, 1.0
"""a, of ``steady``, where nothing moves and where something does. Strokes that do not fit lose sharpness as they are
blended; where nothing moves, they fit."""
_MOST = 0.75
"""Of a: above it, 8 bits would hold a painting that is several levels off."""
_SAME, _OTHER = 4.0, 12.0
"""Levels of difference up to which a is whole, and from which on it is 0."""
_CUT = 0.4
"""Mean difference, as a share of the frame's own mean deviation, at which a shot ends."""
_EXPOSURE = 1.25
"""How much brighter or darker a frame may be than the one before, as in a fade, and still look like it. The norms of
the network take most of it out of the painting."""
_LEAST_DEVIATION = 6.0
"""Levels; that of a plain frame counts as so much, so that its noise is no cut."""
_BAND = 2**15
"""Pixels of rows blended at a time, which stay in the cache."""
_ONE = 64
"""In the whole numbers of a, so that products fit into 16 bits."""


@dataclass
class Memory:
    """What is remembered of the frame before."""

    small: NDArray[np.float32]
    """The frame, reduced: [h, w, 3]."""
    paintings: list[Pixels] = field(default_factory=list)
    """What was shown, [H, W, 4], with a fourth channel that means nothing."""


class Kept:
    """How much of the paintings before stays in those of one frame, and from where it comes.

    Args:
        before: the memory of the frame before.
        small: this frame, reduced.
        size: (H, W) of what the network sees.
        steady: 0..1.
    """

    def __init__(self, before: Memory, small: NDArray[np.float32], size: tuple[int, int], steady: float) -> None:
        gain = np.clip((small.mean() + 1) / (before.small.mean() + 1), 1 / _EXPOSURE, _EXPOSURE)
        expected = before.small * np.float32(gain)
        flow = motion(small.mean(-1), expected.mean(-1))
        expected = moved(expected, flow)
        difference = around(np.abs(small - expected).max(-1))
        deviation = np.abs(small - small.mean((0, 1))).mean()
        self.is_cut = bool(difference.mean() > _CUT * max(float(deviation), _LEAST_DEVIATION))
        """Whether nothing may stay: a new shot begins."""
        self._size = size
        self._paintings = before.paintings
        self._steps = np.rint(flow * REDUCTION).astype(np.int32)
        speed = np.minimum(np.abs(flow).max(-1) * REDUCTION, 1)
        share = np.minimum(steady * (_STILL + (_MOVING - _STILL) * speed), _MOST)
        share *= np.clip((_OTHER - difference) / (_OTHER - _SAME), 0, 1)
        share[self._outside()] = 0
        self._share = np.asarray(Image.fromarray(np.rint(share * _ONE).astype(np.uint8)).resize(size[::-1], _LINEAR))
        self._source = self._places() if self._steps.any() else None

    def blended(self, number: int, painted: Pixels) -> Pixels:
        """The painting of that number, uint8 [H, W, 3], with what stays of the one before; it is changed in place."""
        height, width = self._size
        before = self._paintings[number]
        flat = before.view(np.uint32).reshape(-1)
        rows = max(1, _BAND // width)
        for top in range(0, height, rows):
            new = painted[top : top + rows]
            old = before[top : top + rows]
            if self._source is not None:
                old = np.take(flat, self._source[top : top + rows], mode="clip").view(np.uint8)
                old = old.reshape(*new.shape[:2], 4)
            change = np.subtract(old[..., :3], new, dtype=np.int16)
            change *= self._share[top : top + rows, :, None]
            change += _ONE // 2
            change >>= 6
            change += new
            new[...] = change  # between two values of 8 bits
        return painted

    def _outside(self) -> NDArray[np.bool_]:
        """Where what is seen was outside the frame before."""
        height, width = self._steps.shape[:2]
        x = np.arange(width) * REDUCTION + self._steps[..., 0]
        y = np.arange(height)[:, None] * REDUCTION + self._steps[..., 1]
        return (x < 0) | (y < 0) | (x > self._size[1] - REDUCTION) | (y > self._size[0] - REDUCTION)

    def _places(self) -> NDArray[np.intp]:
        """Where each pixel was before, as an index into all of them."""
        height, width = self._size
        steps = self._steps[..., 1] * width + self._steps[..., 0]
        whole = steps.repeat(REDUCTION, 0)[:height].repeat(REDUCTION, 1)[:, :width]
        return whole + np.arange(height * width, dtype=np.intp).reshape(height, width)


_LINEAR = Image.Resampling.BILINEAR


def reduced(pixels: Pixels) -> NDArray[np.float32]:
    """A frame as frames are compared: uint8 [H, W, 3] -> float32 [H / 4, W / 4, 3] of 0..255, rounded up."""
    return np.asarray(Image.fromarray(pixels).reduce(REDUCTION)).astype(np.float32)


def remembered(painted: Pixels) -> Pixels:
    """A copy of [H, W, 3] as it is kept: [H, W, 4], which moves faster."""
    return np.asarray(Image.fromarray(painted).convert("RGBX"))
