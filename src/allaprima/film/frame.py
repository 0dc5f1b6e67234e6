"""One frame of a clip: pixels and a time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allaprima.picture.picture import Picture
from allaprima.steady.planes import Planes

USUAL_RATE = Fraction(25)
"""Frames a second of a clip that does not say."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a clip, upright.

    Attributes:
        pixels: sRGB, uint8 [H, W, 3], or [H, W, 4] with alpha.
        pts: when it is shown, in ticks of the clip's ``time_base``.
        duration: for how long, in ticks; None where the clip does not say.
        planes: of a frame that stays in YUV (``planes.py``), Y, U and V of 4:2:0 at full size, BT.709 in the limited
            range, while ``pixels`` may be a reduced copy.
    """

    pixels: NDArray[np.uint8]
    pts: int
    duration: int | None = None
    planes: Planes | None = None

    @property
    def picture(self) -> Picture:
        """The frame alone."""
        alpha = self.pixels[..., 3].copy() if self.pixels.shape[2] == 4 else None
        return Picture(np.ascontiguousarray(self.pixels[..., :3]), alpha)
