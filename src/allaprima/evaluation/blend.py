"""The plain alpha blend of photograph and painting: what a strength inside the network has to beat."""

from __future__ import annotations

import numpy as np

from allaprima.evaluation.judge import Judge, Terms
from allaprima.evaluation.painters import Pixels
from allaprima.training.objective import Targets

HALVINGS = 8
"""Of the interval 0..1, to find a blend's share of the painting: to 1/256, as fine as 8 bits show it."""


def blend(photo: Pixels, painted: Pixels, share: float) -> Pixels:
    """Photograph and painting laid over each other, pixel by pixel, by the painting's share in 0..1."""
    mixed = (1.0 - share) * photo + share * painted.astype(np.float64)
    return mixed.round().astype(np.uint8)


def blend_of_equal_content(judge: Judge, photo: Pixels, painted: Pixels, targets: Targets, content: float) -> Terms:
    """The terms of the blend whose content distance is the one given, so that only the styles are left to compare.

    Args:
        judge: measures.
        photo: [H, W, 3].
        painted: at full strength, of the same size.
        targets: of this photograph and style.
        content: at most that of ``painted``; what lies above gives ``painted`` itself.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if judge.terms(blend(photo, painted, middle), targets)["content"] < content:
            low = middle
        else:
            high = middle
    below, above = (judge.terms(blend(photo, painted, share), targets) for share in (low, high))
    gap = above["content"] - below["content"]
    part = min(1.0, (content - below["content"]) / gap) if gap > 0 else 1.0  # between two steps, on a straight line
    return {name: below[name] + part * (above[name] - below[name]) for name in above}
