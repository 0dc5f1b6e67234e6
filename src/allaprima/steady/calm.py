"""Which frames are painted with the statistics of one before them: those that look like it.

The norms of a network look at the whole frame, so that whatever enters it changes the colors and strokes of everything
else. Held, the statistics change only when the frame does, and a network that need not gather them is faster
(``engine/held.py``). The second frame of a shot is measured, and another when what is seen has departed from the one
measured before. ``DELAY`` frames later, if they still look like it, its statistics take the place of those before:
by then they are known, however many frames are computed side by side, and what only flashes by is never held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.color import LUMINANCE

Pixels = NDArray[np.uint8]
Statistics = NDArray[np.float64]
Networks = Sequence[Any]

ALIKE = 0.04
"""How far a frame may look from the measured one. Twice as far, it is painted with its own statistics."""
DELAY = 12
"""Frames. No two that are further apart may be computed side by side."""

_LEAST = 0.02
"""Of a deviation and of a mean step between neighbors, of a range of 0..1: what is less does not count."""
_STEPS_COUNT = 0.25
"""How much the logarithm of steps counts beside differences of colors."""
_ROWS = 16
"""Of every so many one tells the steps."""


class Measured:
    """A frame whose statistics others may have.

    Args:
        look: its own, by ``look_of``.
        statistics: of its paintings, if they are known by now.
    """

    def __init__(self, look: NDArray[np.float64], statistics: Sequence[Statistics] | None = None) -> None:
        self.look = look
        self.statistics = statistics
        """Of its paintings; None before it is painted, or if they cannot be held."""
        self._networks: Networks | None = None
        self._making = threading.Lock()

    def networks(self, make: Callable[[Sequence[Statistics]], Networks]) -> Networks | None:
        """What ``make`` makes of the statistics, the first time; None without statistics. Threads may ask for it."""
        with self._making:
            if self._networks is None and self.statistics is not None:
                self._networks = make(self.statistics)
            return self._networks

    def distance(self, look: NDArray[np.float64]) -> float:
        """How far another frame looks from this one: as a share of its contrast, about."""
        scale = np.maximum(self.look[3:6], _LEAST)
        colors = np.concatenate([look[:3] - self.look[:3], look[3:6] - self.look[3:6]]) / np.tile(scale, 2)
        steps = np.log((look[6] + _LEAST) / (self.look[6] + _LEAST))
        return float(max(np.sqrt(np.square(colors).mean()), _STEPS_COUNT * abs(steps)))


@dataclass(frozen=True, eq=False)
class Calm:
    """What holds for one frame of a shot."""

    held: Measured | None
    """The frame whose statistics it has; None: it has its own."""
    coming: Measured | None
    """The next such frame, if there is one."""
    age: int = 0
    """How many frames ago that was. At 0 this frame is the one, and has its own statistics."""

    @property
    def measured(self) -> Measured | None:
        """What this frame itself is to be, if it is to be measured."""
        return self.coming if self.age == 0 else None

    @classmethod
    def of(cls, look: NDArray[np.float64]) -> Calm:
        """For the first frame that looks like the one before it."""
        return cls(None, Measured(look))

    def then(self, look: NDArray[np.float64]) -> Calm:
        """For the next frame of the shot."""
        held, coming, age = self.held, self.coming, self.age + 1
        if held is not None and held.distance(look) > 2 * ALIKE:
            held = None
        if coming is not None and age == DELAY:
            held, coming = (coming if coming.distance(look) <= ALIKE else held), None
        if coming is None and (held is None or held.distance(look) > ALIKE):
            coming, age = Measured(look), 0
        return Calm(held, coming, age)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, once its frames are painted; what cannot be held is left out."""
        arrays = {"age": np.array(self.age)}
        for name, one in (("held", self.held), ("coming", self.coming)):
            if one is not None and one.statistics is not None:
                arrays |= {f"{name}.look": one.look, f"{name}.statistics": np.stack([*one.statistics])}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Calm:
        """What ``arrays`` gave.

        Raises:
            KeyError, ValueError: they hold something else.
        """
        known = [
            Measured(arrays[f"{name}.look"], [*arrays[f"{name}.statistics"]]) if f"{name}.look" in arrays else None
            for name in ("held", "coming")
        ]
        return cls(known[0], known[1], int(arrays["age"]))


def look_of(small: NDArray[np.float32], seen: Pixels) -> NDArray[np.float64]:
    """What of a frame a norm would notice: the means and deviations of its colors, and its mean step across.

    Args:
        small: the frame, reduced, in levels: [3, h, w].
        seen: the frame, uint8 [H, W, 3], whose finest detail counts as well.

    Returns:
        [7], of a range of 0..1.
    """
    rows = seen[_ROWS // 2 :: _ROWS] if len(seen) > _ROWS // 2 else seen
    steps = np.abs(np.diff(rows.astype(np.float32) @ LUMINANCE.astype(np.float32), axis=1)).mean()
    flat = small.reshape(3, -1)
    return np.concatenate([flat.mean(1, np.float64), flat.std(1, np.float64), [steps]]) / 255
