"""How the picture moves between two frames, roughly and cheaply: one vector for every block of 4 × 4 values.

It runs on luminance that is reduced (``blend.py``): a search over whole steps, coarse to fine, then two steps of Lucas
and Kanade (1981, *An Iterative Image Registration Technique*), all with numpy. A vector need not be right where nothing
can be seen of the motion: what is taken from the frame before is checked against this one (``blend.py``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

BLOCK = 4
"""Of values in both directions that share a vector; those around it count, too."""
_LARGEST = 160
"""Values on the longer side: of more, motion is found at half the size."""
_REACH = 2
_STEPS = sorted(
    ((dx, dy) for dy in range(-_REACH, _REACH + 1) for dx in range(-_REACH, _REACH + 1)),
    key=lambda one: abs(one[0]) + abs(one[1]),
)
"""Of a search, in blocks and then in values, the smallest first."""
_INERTIA = 0.25
"""Levels of luminance that a step must gain, so that plain areas stay."""
_STIFF = 30.0
"""Of gradients: what a window needs of them to move by less than a value."""


def motion(now: Floats, before: Floats) -> Floats:
    """Where everything in ``now`` was ``before``: [h, w] of 0..255 twice -> float32 [h, w, 2], (dx, dy) in values."""
    size = now.shape
    if max(size) > _LARGEST:  # large pictures move by more, and need no finer vectors
        flow = motion(*(np.asarray(Image.fromarray(one).reduce(2)) for one in (now, before)))
        return dense(flow * 2, *size)
    edges = [(0, -length % BLOCK) for length in size]
    now, before = np.pad(now, edges, mode="edge"), np.pad(before, edges, mode="edge")
    flow = _searched(blocks(now), blocks(before), around) * BLOCK
    flow += _searched(now, moved(before, dense(flow, *now.shape)), windows)
    for _ in range(2):
        flow = _refined(now, before, flow)
    return dense(flow, now.shape[0], now.shape[1])[: size[0], : size[1]]


def dense(flow: Floats, height: int, width: int) -> Floats:
    """Vectors of blocks [h, w, 2] between which the rest is interpolated: [height, width, 2]."""
    planes = (Image.fromarray(np.ascontiguousarray(flow[..., axis])) for axis in (0, 1))
    return np.stack([np.asarray(one.resize((width, height), Image.Resampling.BILINEAR)) for one in planes], axis=-1)


class Motion:
    """Along which values are seen: ``flow`` [h, w, 2], where each of them was. Between values it is linear."""

    def __init__(self, flow: Floats) -> None:
        height, width = flow.shape[:2]
        x = np.clip(np.arange(width, dtype=np.float32) + flow[..., 0], 0, width - 1)
        y = np.clip(np.arange(height, dtype=np.float32)[:, None] + flow[..., 1], 0, height - 1)
        left, top = x.astype(np.intp), y.astype(np.intp)
        self._across, self._down = x - left.astype(np.float32), y - top.astype(np.float32)
        self._right, self._below = (left < width - 1).astype(np.intp), (top < height - 1) * width
        self._place = top * width + left

    def moved(self, values: Floats) -> Floats:
        """``values`` [h, w] as seen along the flow; the border repeats."""
        flat = values.reshape(-1)

        def across(place: NDArray[np.intp]) -> Floats:
            here: Floats = flat.take(place)
            step = flat.take(place + self._right)
            step -= here
            step *= self._across
            here += step
            return here

        result, below = across(self._place), across(self._place + self._below)
        below -= result
        below *= self._down
        result += below
        return result


def moved(values: Floats, flow: Floats) -> Floats:
    """``values`` [h, w] or [h, w, n] as seen along ``flow`` [h, w, 2]."""
    along = Motion(flow)
    if values.ndim == 2:
        return along.moved(values)
    return np.stack([along.moved(np.ascontiguousarray(values[..., n])) for n in range(values.shape[2])], axis=-1)


def _searched(now: Floats, before: Floats, weigh: Callable[[Floats], Floats]) -> Floats:
    """The whole steps, ``_STEPS`` at most, that bring each window of ``before`` nearest to ``now``: [h, w, 2]."""
    padded = np.pad(before, _REACH, mode="edge")
    others = np.lib.stride_tricks.sliding_window_view(padded, now.shape)
    differences = np.empty((len(_STEPS), *now.shape), np.float32)
    for (dx, dy), difference in zip(_STEPS, differences, strict=True):
        np.subtract(now, others[_REACH + dy, _REACH + dx], out=difference)
    errors = weigh(np.abs(differences, out=differences))
    errors[1:] += np.float32(_INERTIA)
    best: Floats = np.array(_STEPS, np.float32)[errors.argmin(0)]
    return best


def _refined(now: Floats, before: Floats, flow: Floats) -> Floats:
    """One step of Lucas and Kanade for every window."""
    here = moved(before, dense(flow, *now.shape))
    down, across = (np.asarray(one, np.float32) for one in np.gradient(here))
    missing = now - here
    products = across * across, down * down, across * down, across * missing, down * missing
    xx, yy, xy, x, y = windows(np.stack(products))
    xx += np.float32(_STIFF)
    yy += np.float32(_STIFF)
    scale = 1 / (xx * yy - xy * xy)
    step = np.stack([(yy * x - xy * y) * scale, (xx * y - xy * x) * scale], axis=-1)
    result: Floats = (flow + np.clip(step, -1, 1)).astype(np.float32)
    return result


def blocks(values: Floats) -> Floats:
    """The means over blocks, [..., h, w] -> [..., h / BLOCK, w / BLOCK]."""
    rows = values[..., ::BLOCK, :] + values[..., 1::BLOCK, :]
    for first in range(2, BLOCK):
        rows += values[..., first::BLOCK, :]
    result: Floats = rows[..., ::BLOCK] + rows[..., 1::BLOCK]
    for first in range(2, BLOCK):
        result += rows[..., first::BLOCK]
    result *= np.float32(1 / BLOCK**2)
    return result


def around(values: Floats) -> Floats:
    """The means over 3 × 3 values, [..., h, w] -> the same; the border repeats."""
    rows = values.copy()  # sums in place: a picture of so few values costs more to be padded than to be added
    rows[..., 1:, :] += values[..., :-1, :]
    rows[..., :-1, :] += values[..., 1:, :]
    rows[..., 0, :] += values[..., 0, :]
    rows[..., -1, :] += values[..., -1, :]
    result = rows.copy()
    result[..., 1:] += rows[..., :-1]
    result[..., :-1] += rows[..., 1:]
    result[..., 0] += rows[..., 0]
    result[..., -1] += rows[..., -1]
    result *= np.float32(1 / 9)
    return result


def windows(values: Floats) -> Floats:
    """The means over each block and those around it, [..., h, w] -> [..., h / BLOCK, w / BLOCK]."""
    return around(blocks(values))
