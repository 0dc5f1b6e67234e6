"""The network's grid, moved along with the camera.

The network halves the picture twice, so that its strokes depend on where the content lies on a grid of 4 pixels. A
camera that pans by one pixel a frame changes that in every frame: most of the flicker comes from there. So the frame
is laid into one that is 4 pixels larger, at the place where its content lies on the grid as that of the frame before
did. It costs a hundredth of the network's time, and no sharpness.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Phase = tuple[int, int]
"""By how much the content of a frame is moved on the grid, (x, y), each less than ``GRID``."""

GRID = 4
_BETTER = 0.75
"""Of how far everything is from where it lay: what must be left of it for the grid to move. So a still ground stays
as it is behind something large that moves."""


def followed(phase: Phase, flow: NDArray[np.float32]) -> Phase:
    """The phase of a frame whose content was before, in one with ``phase``, ``flow`` [h, w, 2] pixels away."""
    x, y = (_step(flow[..., axis]) for axis in (0, 1))
    return (phase[0] + x) % GRID, (phase[1] + y) % GRID


def painted_at(phase: Phase, seen: Pixels, paint: Callable[[Pixels], Pixels]) -> Pixels:
    """The painting of ``seen``, uint8 [h, w, 3], with its content moved on the grid; its borders are mirrored."""
    if phase == (0, 0):
        return paint(seen)
    x, y = phase
    height, width = seen.shape[:2]
    larger = np.pad(seen, ((y, GRID - y), (x, GRID - x), (0, 0)), mode="reflect")
    return np.ascontiguousarray(paint(larger)[y : y + height, x : x + width])


def _step(moves: NDArray[np.float32]) -> int:
    step = round(float(np.median(moves)))
    return step if step % GRID and _off(moves, step) < _BETTER * _off(moves, 0) else 0


def _off(moves: NDArray[np.float32], step: int) -> float:
    """How far, in the mean, content lies from a place that is the same to the grid."""
    half = GRID / 2
    return float(np.abs((moves - step + half) % GRID - half).mean())
