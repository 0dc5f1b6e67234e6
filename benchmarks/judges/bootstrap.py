"""95 % intervals by drawing the photographs again (Efron 1979), the same photographs for both of a pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 2000
FEWEST = 5
"""Photographs that an interval needs: of one or two, draws say nothing."""
ENOUGH = 0.95
"""An interval is given if at least this share of the draws had a value."""


@dataclass(frozen=True)
class Interval:
    """A figure and where 95 % of the draws lie; None for too few photographs or too many draws without a value."""

    value: float
    low: float | None
    high: float | None


@lru_cache
def draws(photos: int, seed: int = 0) -> Floats:
    """How much each photograph weighs in each draw: [DRAWS, photographs], every row of sum 1."""
    chosen = np.random.default_rng(seed).integers(photos, size=(DRAWS, photos))
    counts = np.apply_along_axis(np.bincount, 1, chosen, minlength=photos)
    return counts / photos


def interval(measure: Callable[[Floats], float | None], photos: int) -> Interval | None:
    """The figure over all photographs and its interval.

    Args:
        measure: the weights of the photographs -> the figure, or None where there is none.
        photos: how many there are.

    Returns:
        None if there is no figure for all of them together.
    """
    value = measure(np.full(photos, 1.0 / photos))
    if value is None:
        return None
    if photos < FEWEST:
        return Interval(value, None, None)
    drawn = [figure for weights in draws(photos) if (figure := measure(weights)) is not None]
    if len(drawn) < ENOUGH * DRAWS:
        return Interval(value, None, None)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(value, float(low), float(high))
