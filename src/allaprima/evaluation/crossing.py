"""Where a level meets a falling curve, and what to say of many such places."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def crossing(curve: Sequence[float], level: float) -> float:
    """How many iterations first bring ``curve``, its values at iterations 0, 1, …, down to ``level``.

    Between the last iteration above the level and the first that is not, the curve is taken as straight. 0 if it
    begins at or below the level, infinity if it never comes down to it.
    """
    for k, value in enumerate(curve):
        if value <= level:
            return 0.0 if k == 0 else k - 1 + (curve[k - 1] - level) / (curve[k - 1] - value)
    return math.inf


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """First quartile, median and third, each one of the values; some may be infinite.

    Between two values the lower one is taken: there is no mean of a number and "never".
    """
    low, middle, high = np.quantile(np.asarray(values, np.float64), (0.25, 0.5, 0.75), method="inverted_cdf").tolist()
    return low, middle, high
