"""The frames of one shot after another: what is remembered from each to the next.

How a frame belongs to the one before is seen from the two frames alone (``see``). So its painting can be computed
beside others, and only blending it into what is remembered (``blend``) has to wait for the painting before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.steady.blend import BYTES, BYTES_REMEMBERED, Kept, Pixels, reduced, remembered
from allaprima.steady.grid import Phase

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame as the shot sees it before it is painted."""

    small: NDArray[np.float32]
    """The frame, reduced: [3, h, w]."""
    size: tuple[int, int]
    """(H, W) of what the network sees."""
    mixtures: NDArray[np.float32]
    """Of its paintings, [n, S]."""
    phase: Phase = (0, 0)
    """How its content is to lie on the network's grid."""
    kept: Kept | None = None
    """What may stay of the paintings before; None at the beginning of a shot."""


class Shot:
    """Paintings that follow each other: for each frame ``see`` and ``follow``, and later ``blend``, each in order."""

    def __init__(self) -> None:
        self._last: Seen | None = None
        self._blended: Seen | None = None
        self._paintings: list[Pixels] = []

    def see(self, seen: Pixels, mixtures: NDArray[np.float32], steady: float, most: float) -> Seen:
        """How the next frame belongs to the one that was followed last.

        Args:
            seen: what the network is to see of it, uint8 [h, w, 3].
            mixtures: of its paintings, [n, S].
            steady: above 0, up to 1.
            most: how much a weight may have changed since the frame before for its paintings to be blended.
        """
        small, size, last = reduced(seen), (seen.shape[0], seen.shape[1]), self._last
        if last is None or last.size != size or last.mixtures.shape != mixtures.shape or not len(mixtures):
            return Seen(small, size, mixtures)
        if np.abs(last.mixtures - mixtures).max() > most:
            return Seen(small, size, mixtures)
        kept = Kept(last.small, last.phase, small, size, steady)
        return Seen(small, size, mixtures) if kept.is_cut else Seen(small, size, mixtures, kept.phase, kept)

    def follow(self, seen: Seen) -> None:
        """The frame will be the one before."""
        self._last = seen

    def blend(self, seen: Seen, paintings: Sequence[Pixels]) -> list[Callable[[], Pixels]]:
        """The paintings of a frame, [h, w, 3], with what stays of those of the frame that was blended before it.

        Returns:
            What gives what is shown of each; the frames after it do not depend on that, and another thread may call it.
        """
        self._blended, before = seen, self._paintings
        if seen.kept is None:
            self._paintings = [remembered(painted) for painted in paintings]
            return [lambda painted=painted: painted for painted in paintings]  # type: ignore[misc]
        pairs = [seen.kept.blended(old, painted) for old, painted in zip(before, paintings, strict=True)]
        self._paintings = [keep for keep, _ in pairs]
        return [shown for _, shown in pairs]

    @staticmethod
    def bytes_beside(height: int, width: int, paintings: int) -> int:
        """What is remembered of frames of this size with so many paintings, and what blending one takes."""
        return height * width * (2 * BYTES_REMEMBERED * paintings + BYTES)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is remembered, up to the frame that was blended last."""
        last = self._blended
        if last is None or not self._paintings:
            return {}
        paintings = np.stack([painting[..., :3] for painting in self._paintings])
        small, phase = last.small.astype(np.uint8), np.array(last.phase)
        return {"mixtures": last.mixtures, "small": small, "phase": phase, "paintings": paintings}

    @classmethod
    def of(cls, arrays: Arrays) -> Shot:
        """One that remembers what these ``arrays`` hold.

        Raises:
            KeyError, ValueError: they hold something else.
        """
        shot = cls()
        if "paintings" in arrays:
            paintings, mixtures = arrays["paintings"], arrays["mixtures"]
            if paintings.dtype != np.uint8 or paintings.ndim != 4 or paintings.shape[3] != 3:
                raise ValueError
            if not len(paintings) or mixtures.ndim != 2 or len(mixtures) != len(paintings):
                raise ValueError
            x, y = (int(one) for one in arrays["phase"])
            shot._paintings = [remembered(np.ascontiguousarray(one)) for one in paintings]
            size = (paintings.shape[1], paintings.shape[2])
            shot._last = shot._blended = Seen(arrays["small"].astype(np.float32), size, mixtures, (x, y))
        return shot
