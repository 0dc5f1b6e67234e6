"""Light as numbers of sRGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_signal(light: NDArray[np.floating]) -> NDArray[np.floating]:
    """Linear light of sRGB's primaries -> sRGB, 0..255 not rounded (IEC 61966-2-1); light outside 0..1 is cut off."""
    light = np.clip(light, 0, 1)
    signal: NDArray[np.floating] = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255 * signal
