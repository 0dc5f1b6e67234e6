"""What stays of the painting before: it is carried along with the motion and blended into the new one.

    o = p + a · (o before, moved − p)

a is 0 where the frame does not look as the one before, moved, would have it: where something was uncovered, or the
motion was not found. So there are no trails. As a part of every painting is new, nothing drifts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.steady.detail import CELL, with_detail
from allaprima.steady.grid import Phase, followed
from allaprima.steady.halves import BYTES as BYTES_BETWEEN
from allaprima.steady.halves import moved_by_halves
from allaprima.steady.motion import Motion, around, motion
from allaprima.steady.planes import Pixels, Planes, image

_SMALL = 640
"""Frames with no more pixels on the longer side are compared at a quarter of their size, larger ones at an eighth."""
_SHARE = 1.4
"""a, of ``steady``."""
_MOST = 0.75
"""Of a: above it, 8 bits would hold a painting that is several levels off."""
_MOVES = 0.125
"""Pixels from which on something counts as moving."""
_SAME, _OTHER = 4.0, 12.0
"""Levels of difference up to which a is whole, and from which on it is 0."""
_OFF = 0.3
"""Of a compared value's side, by how much the motion found may be off: where a frame is steep, that makes a difference
without anything being other."""
_STEPS = 4
"""Of a, from one row of compared values to the next."""
_CUT = 0.4
"""Mean difference, as a share of the frame's own mean deviation, at which a shot ends."""
_EXPOSURE = 1.25
"""How much brighter or darker a frame may be than the one before, as in a fade, and still look like it. The norms of
the network take most of it out of the painting."""
_LEAST_DEVIATION = 6.0
"""Levels; that of a plain frame counts as so much, so that its noise is no cut."""
BYTES = 30 + BYTES_BETWEEN
"""A pixel, that blending takes beside what is remembered."""
BYTES_REMEMBERED = 4


class Kept:
    """How much of the paintings before stays in those of one frame, and from where it comes.

    Args:
        before: the frame before, reduced: [3, h, w].
        phase: how its content lay on the network's grid.
        small: this frame, reduced.
        size: (H, W) of what the network sees.
        steady: 0..1.
    """

    def __init__(
        self,
        before: NDArray[np.float32],
        phase: Phase,
        small: NDArray[np.float32],
        size: tuple[int, int],
        steady: float,
    ) -> None:
        gain = np.clip((small.mean() + 1) / (before.mean() + 1), 1 / _EXPOSURE, _EXPOSURE)
        expected = before * np.float32(gain)
        gray = _gray(small)
        flow = motion(gray, _gray(expected))
        along = Motion(flow)
        difference = np.abs(small[0] - along.moved(expected[0]))
        for now, was in zip(small[1:], expected[1:], strict=True):
            np.maximum(difference, np.abs(now - along.moved(was)), out=difference)
        difference = around(difference)
        deviation = np.abs(small - small.mean((1, 2), keepdims=True)).mean()
        self.is_cut = bool(difference.mean() > _CUT * max(float(deviation), _LEAST_DEVIATION))
        """Whether nothing may stay: a new shot begins."""
        self._size, self._reduction = size, reduction_of(*size)
        reduction = self._reduction
        flow *= reduction
        self.phase = followed(phase, flow)
        """How this frame's content is to lie on the network's grid."""
        speed = np.minimum(np.maximum(np.abs(flow[..., 0]), np.abs(flow[..., 1])) / np.float32(_MOVES), 1)
        self._moving = np.asarray(Image.fromarray(speed).reduce(CELL // reduction))
        self._flow = flow
        difference -= np.float32(_OFF) * around(_steepness(gray))
        share = min(steady * _SHARE, _MOST) * np.clip((_OTHER - difference) / (_OTHER - _SAME), 0, 1)
        share[self._outside()] = 0
        self._share = Image.fromarray(np.rint(share * 255).astype(np.uint8))

    def blended(self, before: Planes, new: Planes) -> tuple[Planes, Callable[[], Planes]]:
        """A new painting with what stays of the one before it: both as they are carried, in planes of the same sizes.

        Returns:
            What is to be remembered of it, and what gives what is shown.
        """
        moving = self._moving
        blended: Planes = ()
        for _, group in groupby(zip(before, new, strict=True), lambda pair: pair[1].shape[1]):
            blended += tuple(self._of_one_size(*zip(*group, strict=True)))
        return blended, lambda: with_detail(blended, new, moving)

    def _of_one_size(self, before: Planes, new: Planes) -> list[Pixels]:
        """Planes of one size, blended."""
        height, width = new[0].shape[:2]
        part = self._size[1] // width
        moved = moved_by_halves(before, _halves(self._flow, part), self._reduction // part)
        rows = max(1, self._reduction // part // _STEPS)
        few = self._share.resize((width, -(-height // rows)), Image.Resampling.BILINEAR)
        share = image(np.asarray(few).repeat(rows, 0)[:height])
        return [
            np.asarray(Image.composite(image(old), image(plane), share)) for old, plane in zip(moved, new, strict=True)
        ]

    def _outside(self) -> NDArray[np.bool_]:
        """Where what is seen was outside the frame before."""
        steps, reduction = _halves(self._flow) // 2, self._reduction
        height, width = steps.shape[:2]
        x = np.arange(width) * reduction + steps[..., 0]
        y = np.arange(height)[:, None] * reduction + steps[..., 1]
        beyond: NDArray[np.bool_] = (x >= self._size[1] - reduction) | (y >= self._size[0] - reduction)
        beyond |= (x < 0) | (y < 0)
        return beyond


def reduction_of(height: int, width: int) -> int:
    """To which part of its size a frame is reduced to be compared: 4 or 8."""
    return 4 if max(height, width) <= _SMALL else 8


def reduced(pixels: Pixels) -> NDArray[np.float32]:
    """A frame as frames are compared: uint8 [H, W, 3] -> float32 [3, h, w] of 0..255, h and w rounded up.

    Each value is a mean, rounded; at the right and below the border repeats.
    """
    each = reduction_of(pixels.shape[0], pixels.shape[1])
    high, wide = (-(-side // each) for side in pixels.shape[:2])
    if pixels.shape[:2] != (high * each, wide * each):
        missing = [(0, -side % each) for side in pixels.shape[:2]]
        pixels = np.pad(pixels, [*missing, (0, 0)], mode="edge")
    rows = np.add.reduce(pixels.reshape(high, each, -1), 1, dtype=np.uint16)
    sums = np.ascontiguousarray(rows.reshape(high, -1, 3).transpose(2, 0, 1)).reshape(3, high, wide, each)
    while sums.shape[3] > 1:
        sums = sums[..., ::2] + sums[..., 1::2]
    sums += each**2 // 2
    sums //= each**2
    return sums[..., 0].astype(np.float32)


def _halves(flow: NDArray[np.float32], part: int = 1) -> NDArray[np.int32]:
    """Steps in halves of a pixel of a plane that has so small a part of the picture's pixels in each direction."""
    halves: NDArray[np.int32] = np.rint(flow * (2 / part)).astype(np.int32)
    return halves


def _steepness(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger of the slopes along both axes, in levels from one value to the next: [h, w] -> [h, w]."""
    result = np.zeros_like(gray)
    for axis in (0, 1):
        if gray.shape[axis] > 1:
            np.maximum(result, np.abs(np.gradient(gray, axis=axis)), out=result)
    return result


def _gray(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    total: NDArray[np.float32] = planes[0] + planes[1]
    total += planes[2]
    total *= np.float32(1 / 3)
    return total
