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

from allaprima.steady.blend import BYTES, BYTES_REMEMBERED, Kept, reduced
from allaprima.steady.calm import Calm, look_of
from allaprima.steady.grid import Phase
from allaprima.steady.planes import Pixels, Planes, carried

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
    calm: Calm | None = None
    """Whose statistics its paintings may have; None: their own."""


class Shot:
    """Paintings that follow each other: for each frame ``see`` and ``follow``, and later ``blend``, each in order."""

    def __init__(self) -> None:
        self._last: Seen | None = None
        self._blended: Seen | None = None
        self._paintings: list[Planes] = []

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
        change = np.abs(last.mixtures - mixtures).max()
        if change > most:
            return Seen(small, size, mixtures)
        kept = Kept(last.small, last.phase, small, size, steady)
        if kept.is_cut:
            return Seen(small, size, mixtures)
        calm = None
        if not change:
            look = look_of(small, seen)
            calm = Calm.of(look) if last.calm is None else last.calm.then(look)
        return Seen(small, size, mixtures, kept.phase, kept, calm)

    def follow(self, seen: Seen) -> None:
        """The frame will be the one before."""
        self._last = seen

    def blend(self, seen: Seen, paintings: Sequence[Planes]) -> list[Callable[[], Planes]]:
        """The paintings of a frame with what stays of those of the frame that was blended before it.

        Args:
            seen: the frame.
            paintings: of its size; in other planes than those before it they begin a new shot.

        Returns:
            What gives what is shown of each; the frames after it do not depend on that, and another thread may call it.
        """
        before, kept = self._paintings, seen.kept
        self._blended = seen
        new = [carried(painting) for painting in paintings]
        if kept is None or _shapes(before) != _shapes(new):
            self._paintings = new
            return [lambda painting=painting: painting for painting in paintings]  # type: ignore[misc]
        pairs = [kept.blended(old, painting) for old, painting in zip(before, new, strict=True)]
        self._paintings = [keep for keep, _ in pairs]
        return [show for _, show in pairs]

    @staticmethod
    def bytes_beside(height: int, width: int, paintings: int) -> int:
        """What is remembered of frames of this size with so many paintings, and what blending one takes."""
        return height * width * (2 * BYTES_REMEMBERED * paintings + BYTES)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is remembered, up to the frame that was blended last."""
        last = self._blended
        if last is None or not self._paintings:
            return {}
        small, phase = last.small.astype(np.uint8), np.array(last.phase)
        planes: dict[str, NDArray[Any]] = {
            f"plane{k}": np.stack(same) for k, same in enumerate(zip(*self._paintings, strict=True))
        }
        planes |= {"mixtures": last.mixtures, "small": small, "phase": phase, "size": np.array(last.size)}
        return planes | ({} if last.calm is None else last.calm.arrays())

    @classmethod
    def of(cls, arrays: Arrays) -> Shot:
        """One that remembers what these ``arrays`` hold.

        Raises:
            KeyError, ValueError: they hold something else.
        """
        shot = cls()
        if "plane0" in arrays:
            planes, mixtures = [arrays[f"plane{k}"] for k in range(3) if f"plane{k}" in arrays], arrays["mixtures"]
            if any(plane.dtype != np.uint8 or plane.ndim not in (3, 4) for plane in planes):
                raise ValueError
            if mixtures.ndim != 2 or not len(mixtures) or len(mixtures) != len(planes[0]):
                raise ValueError
            (x, y), (height, width) = ((int(one) for one in arrays[name]) for name in ("phase", "size"))
            shot._paintings = list(zip(*planes, strict=True))
            small, calm = arrays["small"].astype(np.float32), Calm.from_arrays(arrays) if "age" in arrays else None
            shot._last = shot._blended = Seen(small, (height, width), mixtures, (x, y), calm=calm)
        return shot


def _shapes(paintings: Sequence[Planes]) -> list[list[tuple[int, ...]]]:
    return [[plane.shape for plane in painting] for painting in paintings]
