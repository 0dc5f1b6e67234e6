"""Pictures that no camera takes, to see what a network makes of next to nothing.

Instance norm stretches whatever contrast there is, sensor noise included: what ought to stay a dark wall becomes a
painting of full contrast.
"""

from __future__ import annotations

import numpy as np

from allaprima.evaluation.painters import Paint, Pixels
from judges.indices import luminance
from judges.judge import Terms

GRAY, SIGMA = 60, 6.0
"""A nearly black wall with a sensor's noise, 0..255."""
RAMP = (20, 120)


def noisy_wall(side: int) -> Pixels:
    """Gray with noise, the same at every pixel's three channels: [side, side, 3]."""
    noise = np.random.default_rng(0).normal(0.0, SIGMA, (side, side, 1))
    return np.repeat((GRAY + noise).round().clip(0, 255).astype(np.uint8), 3, axis=2)


def ramp(side: int) -> Pixels:
    """From dark at the left to a middle gray at the right: [side, side, 3]."""
    row = np.linspace(*RAMP, side).round().astype(np.uint8)
    return np.repeat(np.tile(row, (side, 1))[..., None], 3, axis=2)


def flat(side: int) -> Pixels:
    """Nothing but gray: [side, side, 3]."""
    return np.full((side, side, 3), GRAY, np.uint8)


def probe(paint: Paint, side: int) -> Terms:
    """What becomes of the three.

    - ``noise gain``: deviation of the painted wall over that of the wall; 1 leaves it alone.
    - ``ramp gain``: the painted ramp's range (5th to 95th percentile of luminance) over the ramp's.
    - ``flat``: deviation of the painted flat gray, 0..255.
    """
    wall, slope = noisy_wall(side), ramp(side)

    def span(pixels: Pixels) -> float:
        low, high = np.quantile(luminance(pixels), (0.05, 0.95))
        return float(high - low)

    return {
        "noise gain": float(luminance(paint(wall)).std() / luminance(wall).std()),
        "ramp gain": span(paint(slope)) / span(slope),
        "flat": float(luminance(paint(flat(side))).std()),
    }
