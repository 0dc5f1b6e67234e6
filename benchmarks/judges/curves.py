"""Style at equal content: what is left to compare when one model simply keeps more of the photograph than another.

A model at several strengths draws a curve: the means over the photographs of content and of style distance. Two
curves are compared where both reach, at the larger end: at the content of the one that keeps more at full strength.
Nothing is extrapolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """One painter's figures on the same photographs in the same order: [strengths, photographs] each."""

    content: Floats
    style: Floats

    def curve(self, weights: Floats) -> Curve:
        """The means with a weight for each photograph [photographs]."""
        return Curve(self.content @ weights, self.style @ weights)


@dataclass(frozen=True)
class Curve:
    """Content and style distance by strength, from weak to full: [strengths] each."""

    content: Floats
    style: Floats

    def style_at(self, content: float) -> float | None:
        """The style distance where the curve has that content; None where it never comes there."""
        for k in range(len(self.content) - 1, 0, -1):  # from full strength down: a curve may turn
            low, high = self.content[k - 1], self.content[k]
            if min(low, high) <= content <= max(low, high) and low != high:
                part = (content - low) / (high - low)
                return float(self.style[k - 1] + part * (self.style[k] - self.style[k - 1]))
        return float(self.style[-1]) if content == self.content[-1] else None


@dataclass(frozen=True)
class Meeting:
    """Two curves at equal content."""

    content: float
    style: float
    reference: float
    """The reference's style distance there."""

    @property
    def ratio(self) -> float:
        """Below 1, the model comes nearer to the painting than its reference."""
        return self.style / self.reference


def meet(model: Curve, reference: Curve) -> Meeting | None:
    """Where two curves are compared; None where they do not overlap."""
    content = float(min(model.content[-1], reference.content[-1]))
    ours, theirs = model.style_at(content), reference.style_at(content)
    return None if ours is None or theirs is None else Meeting(content, ours, theirs)
