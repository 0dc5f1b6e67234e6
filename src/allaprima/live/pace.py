"""How large to paint so that a frame rate holds: smaller at once when it does not, larger when it surely would."""

from __future__ import annotations

SCALES = (1.0, 0.85, 0.72, 0.61, 0.52, 0.44, 0.37, 0.32, 0.27, 0.23, 0.2)
"""Parts of the full size, each 0.72 of the pixels of the one before."""
_FULL, _SPARE = 0.9, 0.75
"""Parts of a frame's time: more is too much for a size, and less than this is promised by a larger one."""
_FRAMES = 8
"""Painted at one size before it is judged; the first two are not, since an engine makes itself ready in them."""
_SETTLING = 2
_STRIDE = 3
"""Sizes at a time, at most: a machine that is busy for a moment is no reason for a blur."""
_PATIENCE, _LONGEST_PATIENCE = 3.0, 60.0
"""Seconds before a larger size is tried: twice as long after each that did not hold."""


class Pace:
    """Chooses the size of what is painted, by how long the frames before took.

    Args:
        fps: the rate that is to hold.
        smallest: no scale below this is chosen.
    """

    def __init__(self, fps: float, smallest: float = SCALES[-1]) -> None:
        self._budget = 1 / fps
        self._scales = [one for one in SCALES if one >= smallest] or [SCALES[0]]
        self._step = 0
        self._took: list[float] = []
        self._seen = 0
        self._patience = _PATIENCE
        self._since = 0.0
        self._rose = False

    @property
    def scale(self) -> float:
        """The part of the full size, of each side, to paint the next frame at."""
        return self._scales[self._step]

    def after(self, seconds: float, now: float) -> None:
        """A frame of the chosen size took so long.

        Args:
            seconds: from its conversion until it could be shown.
            now: seconds of a monotonic clock.
        """
        self._seen += 1
        if self._seen <= _SETTLING:
            self._since = now
            return
        self._took = [*self._took[1 - _FRAMES :], seconds]
        if len(self._took) < _FRAMES:
            return
        typical = sorted(self._took)[_FRAMES // 2]  # one frame that waited for the system is no reason
        if typical > _FULL * self._budget:
            if self._rose:
                self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
            self._rose = False
            self._go(self._fitting(typical, range(self._step + 1, self._step + _STRIDE + 1)), now)
        elif self._step and now - self._since >= self._patience:
            larger = self._fitting(typical, range(max(0, self._step - _STRIDE), self._step))
            if self._promises(typical, larger):
                self._go(larger, now)
                self._rose = True

    def _fitting(self, typical: float, steps: range) -> int:
        """The largest size of some that promises to hold, or the smallest of them."""
        last = min(steps[-1], len(self._scales) - 1)
        return next((step for step in steps if step < last and self._promises(typical, step)), last)

    def _promises(self, typical: float, step: int) -> bool:
        return typical * (self._scales[step] / self.scale) ** 2 < _SPARE * self._budget

    def _go(self, step: int, now: float) -> None:
        if step == self._step:
            return
        self._step, self._took, self._seen, self._since = step, [], 0, now


def fitted(size: tuple[int, int], longest: float) -> tuple[int, int]:
    """(width, height) with at most ``longest`` pixels on the longer side, of the same shape; both are even."""
    scale = min(1.0, longest / max(size))
    width, height = (max(16, 2 * round(side * scale / 2)) for side in size)
    return width, height
