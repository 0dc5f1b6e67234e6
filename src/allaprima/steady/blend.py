"""What stays of the painting before: it is carried along with the motion and blended into the new one.

    o = p + a · (o before, moved − p)

a is 0 where the frame does not look as the one before, moved, would have it: where something was uncovered, or the
motion was not found. So there are no trails. The painting before is moved by whole pixels or, where these are far off,
by half ones: to resample it again and again would blur it. As a part of every painting is new, nothing drifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.steady.detail import CELL, with_detail
from allaprima.steady.grid import Phase, followed
from allaprima.steady.motion import Motion, around, motion

Pixels = NDArray[np.uint8]

REDUCTION = 4
"""Frames are compared at a quarter of their size."""
_SHARE = 1.4
"""a, of ``steady``."""
_MOST = 0.75
"""Of a: above it, 8 bits would hold a painting that is several levels off."""
_MOVES = 0.125
"""Pixels from which on something counts as moving."""
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
"""Pixels of rows moved at a time, which stay in the cache."""
BYTES = 30
"""A pixel, that blending takes beside what is remembered."""
BYTES_REMEMBERED = 4


@dataclass
class Memory:
    """What is remembered of the frame before."""

    small: NDArray[np.float32]
    """The frame, reduced: [3, h, w]."""
    phase: Phase = (0, 0)
    """How its content lay on the network's grid."""
    paintings: list[Pixels] = field(default_factory=list)
    """What was blended, [H, W, 4], with a fourth channel that means nothing."""


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
        flow = motion(_gray(small), _gray(expected))
        along = Motion(flow)
        difference = np.abs(small[0] - along.moved(expected[0]))
        for now, was in zip(small[1:], expected[1:], strict=True):
            np.maximum(difference, np.abs(now - along.moved(was)), out=difference)
        difference = around(difference)
        deviation = np.abs(small - small.mean((1, 2), keepdims=True)).mean()
        self.is_cut = bool(difference.mean() > _CUT * max(float(deviation), _LEAST_DEVIATION))
        """Whether nothing may stay: a new shot begins."""
        self._size = size
        self._paintings = before.paintings
        flow *= REDUCTION
        self.phase = followed(before.phase, flow)
        """How this frame's content is to lie on the network's grid."""
        speed = np.minimum(np.maximum(np.abs(flow[..., 0]), np.abs(flow[..., 1])) / np.float32(_MOVES), 1)
        self._moving = np.asarray(Image.fromarray(speed).reduce(CELL // REDUCTION))
        self._steps = [np.rint(flow + off).astype(np.int32) for off in (-0.25, 0.25)]
        share = min(steady * _SHARE, _MOST) * np.clip((_OTHER - difference) / (_OTHER - _SAME), 0, 1)
        share[self._outside()] = 0
        mask = Image.fromarray(np.rint(share * 255).astype(np.uint8))
        self._share = mask.resize(size[::-1], Image.Resampling.BILINEAR)

    def blended(self, number: int, painted: Pixels) -> tuple[Pixels, Pixels]:
        """The painting of that number, uint8 [H, W, 3], with what stays of the one before.

        Returns:
            What is to be remembered of it, [H, W, 4], and what is shown, [H, W, 3].
        """
        new = Image.fromarray(painted).convert("RGBX")
        height, width = self._size
        old = Image.frombuffer("RGBX", (width, height), self._moved(self._paintings[number]), "raw", "RGBX", 0, 1)
        blended = Image.composite(old, new, self._share)
        return np.asarray(blended), with_detail(blended, painted, self._moving)

    def _moved(self, painting: Pixels) -> Pixels:
        """A painting before, each pixel from where it was: the mean of two places, which are mostly one."""
        if not any(steps.any() for steps in self._steps):
            return painting
        height, width = self._size
        flat, result = painting.view(np.uint32).reshape(-1), np.empty(self._size, np.uint32)
        one, other = (steps[..., 1] * width + steps[..., 0] for steps in self._steps)
        count = max(1, _BAND // width // REDUCTION)
        for first in range(0, one.shape[0], count):
            band = slice(first, first + count)
            rows = slice(first * REDUCTION, min((first + count) * REDUCTION, height))
            _take(flat, one[band], rows.start, result[rows])
            if not np.array_equal(one[band], other[band]):
                second = np.empty_like(result[rows])
                _take(flat, other[band], rows.start, second)
                _average(result[rows], second)
        return result.view(np.uint8).reshape(height, width, 4)

    def _outside(self) -> NDArray[np.bool_]:
        """Where what is seen was outside the frame before."""
        steps = self._steps[0]
        height, width = steps.shape[:2]
        x = np.arange(width) * REDUCTION + steps[..., 0]
        y = np.arange(height)[:, None] * REDUCTION + steps[..., 1]
        beyond: NDArray[np.bool_] = (x >= self._size[1] - REDUCTION) | (y >= self._size[0] - REDUCTION)
        beyond |= (x < 0) | (y < 0)
        return beyond


def _take(flat: NDArray[np.uint32], steps: NDArray[np.int32], top: int, result: NDArray[np.uint32]) -> None:
    """Rows of a picture from ``top`` on, whose pixels lie ``steps`` [h / 4, w / 4] away in ``flat``."""
    height, width = result.shape
    places = steps.repeat(REDUCTION, 1)[:, :width].astype(np.intp)
    places += np.arange(top * width, (top + 1) * width)
    rows = places.repeat(REDUCTION, 0)[:height]
    rows += (np.arange(height) * width)[:, None]
    np.take(flat, rows, out=result, mode="clip")


def _average(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> None:
    """The means of four bytes each, into ``one``; halves go up in every second row, so that nothing darkens."""
    apart = one ^ other
    one &= other
    one[1::2] += apart[1::2] & np.uint32(0x01010101)
    apart >>= np.uint32(1)
    apart &= np.uint32(0x7F7F7F7F)
    one += apart


def reduced(pixels: Pixels) -> NDArray[np.float32]:
    """A frame as frames are compared: uint8 [H, W, 3] -> float32 [3, H / 4, W / 4] of 0..255, rounded up."""
    return np.asarray(Image.fromarray(pixels).reduce(REDUCTION)).transpose(2, 0, 1).astype(np.float32, order="C")


def remembered(painted: Pixels) -> Pixels:
    """A copy of [H, W, 3] as it is kept: [H, W, 4], which moves faster."""
    return np.asarray(Image.fromarray(painted).convert("RGBX"))


def _gray(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    total: NDArray[np.float32] = planes[0] + planes[1]
    total += planes[2]
    total *= np.float32(1 / 3)
    return total
