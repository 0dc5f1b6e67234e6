"""One frame of a clip: pixels and a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a clip, upright.

    Attributes:
        pixels: sRGB, uint8 [H, W, 3], or [H, W, 4] with alpha.
        pts: when it is shown, in ticks of the clip's ``time_base``.
        duration: for how long, in ticks; None where the clip does not say.
    """

    pixels: NDArray[np.uint8]
    pts: int
    duration: int | None = None
