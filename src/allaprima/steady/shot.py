"""The frames of one shot after another: what is remembered from each to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.steady.blend import BYTES, BYTES_REMEMBERED, Kept, Memory, Pixels, reduced, remembered
from allaprima.steady.grid import GRID, painted_at

Arrays = Mapping[str, NDArray[Any]]


class Shot:
    """Paintings that follow each other. A frame is ``begin``, ``painted`` for each of its paintings, and ``end``.

    A frame that was begun and not ended, because something failed, leaves no trace.
    """

    def __init__(self) -> None:
        self._before: Memory | None = None
        self._mixtures: NDArray[np.float32] | None = None
        self._begin(np.zeros((0, 0), np.float32), 0)

    def begin(self, mixtures: NDArray[np.float32], steady: float, most: float) -> None:
        """The next frame.

        Args:
            mixtures: of its paintings, [n, S].
            steady: above 0, up to 1.
            most: how much a weight may have changed since the frame before for its paintings to be blended.
        """
        old = self._mixtures
        if old is not None and not (old.shape == mixtures.shape and np.abs(old - mixtures).max() <= most):
            self._before = None
        self._begin(mixtures, steady)

    def _begin(self, mixtures: NDArray[np.float32], steady: float) -> None:
        self._next_mixtures, self._steady = mixtures, steady
        self._next: Memory | None = None
        self._kept: Kept | None = None

    @property
    def margin(self) -> int:
        """By how many pixels, in both directions, what the network paints may be larger than what is seen."""
        return GRID

    def bytes_beside(self, height: int, width: int) -> int:
        """What is remembered of frames of this size, and what blending one takes."""
        return height * width * (2 * BYTES_REMEMBERED * len(self._next_mixtures) + BYTES)

    def painted(self, seen: Pixels, paint: Callable[[Pixels], Pixels]) -> Callable[[], Pixels]:
        """What gives what is shown for ``seen``, uint8 [h, w, 3]; the frames after it do not depend on that.

        Args:
            seen: the frame, the same for each of its paintings.
            paint: paints it, or it within a margin.
        """
        if self._next is None:
            self._next = Memory(reduced(seen))
            self._kept = self._kept_of(self._next.small, seen.shape[:2])
            if self._kept is not None:
                self._next.phase = self._kept.phase
        painted = painted_at(self._next.phase, seen, paint)
        if self._kept is None:
            self._next.paintings.append(remembered(painted))
            return lambda: painted
        keep, shown = self._kept.blended(len(self._next.paintings), painted)
        self._next.paintings.append(keep)
        return shown

    def _kept_of(self, small: NDArray[np.float32], size: tuple[int, int]) -> Kept | None:
        if self._before is None or self._before.paintings[0].shape[:2] != size:
            return None
        kept = Kept(self._before, small, size, self._steady)
        return None if kept.is_cut else kept

    def end(self) -> None:
        """The frame is done, and will be the one before."""
        self._before, self._mixtures = self._next, self._next_mixtures
        self._next = self._kept = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is remembered."""
        if self._before is None or self._mixtures is None:
            return {}
        paintings = np.stack([painting[..., :3] for painting in self._before.paintings])
        small, phase = self._before.small.astype(np.uint8), np.array(self._before.phase)
        return {"mixtures": self._mixtures, "small": small, "phase": phase, "paintings": paintings}

    @classmethod
    def of(cls, arrays: Arrays) -> Shot:
        """One that remembers what these ``arrays`` hold.

        Raises:
            KeyError, ValueError: they hold something else.
        """
        shot = cls()
        if "paintings" in arrays:
            paintings = arrays["paintings"]
            if paintings.dtype != np.uint8 or paintings.ndim != 4 or paintings.shape[3] != 3 or not len(paintings):
                raise ValueError
            x, y = (int(one) for one in arrays["phase"])
            kept = [remembered(np.ascontiguousarray(one)) for one in paintings]
            shot._before = Memory(arrays["small"].astype(np.float32), (x, y), kept)
            shot._mixtures = arrays["mixtures"]
        return shot
