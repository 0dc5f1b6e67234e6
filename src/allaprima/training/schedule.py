"""What a step does besides the objective: its learning rate, its styles, and how its pictures are moved.

All of it is a function of seed and step, so that a training that is stopped and resumed goes on bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from allaprima.style_model import PHOTO
from allaprima.training.recipes import Recipe

WARM_UP = 0.1  # share of a one-cycle schedule in which the learning rate rises


def learning_rate(recipe: Recipe, step: int) -> float:
    """The rate of step 0, 1, …: constant, or one cycle of half a cosine up and half a cosine down (Smith 2018)."""
    if not recipe.one_cycle:
        return recipe.learning_rate
    peak = max(WARM_UP * recipe.steps, 1.0)
    if step < peak:
        low, progress = 0.04, 1.0 - step / peak
    else:
        low, progress = 0.0, (step - peak) / max(recipe.steps - peak, 1.0)
    return recipe.learning_rate * (low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))


def draw_mixtures(recipe: Recipe, styles: int, seed: int, step: int) -> Tensor:
    """The mixtures of one batch, float [batch, 1 + styles]: mostly one style each, all styles equally often.

    A share of ``recipe.mixed`` is mixed with another style, one of ``recipe.lower`` with the photograph.
    """
    rng = np.random.default_rng((seed, step, 2))
    mixtures = np.zeros((recipe.batch, 1 + styles), np.float32)
    for row in range(recipe.batch):
        turn, place = divmod(step * recipe.batch + row, styles)
        style = PHOTO + 1 + int(np.random.default_rng((seed, turn, 3)).permutation(styles)[place])
        weight, kind = rng.uniform(), rng.uniform()
        if kind >= recipe.mixed + recipe.lower:
            weight = 1.0
        other = PHOTO
        if kind < recipe.mixed and styles > 1:
            other = PHOTO + 1 + (style - PHOTO - 1 + int(rng.integers(1, styles))) % styles
        mixtures[row, other] = 1.0 - weight
        mixtures[row, style] = weight
    return torch.from_numpy(mixtures)


def shifted(pictures: Sequence[Tensor], shift: bool, seed: int, step: int) -> list[Tensor]:
    """All pictures [N, 3, H, W] moved alike, around the edge, and mirrored or not, as the step decides.

    What leaves at one side comes in at the other, by any number of pixels, so the pictures' edges lie in the middle as
    often as elsewhere. There VGG16 sees them as it sees the rest; at its own edges it sees the zeros that it adds, and
    a gray frame is learned. Averaging a loss over such transformations also makes it harder to fool (Kettunen et al.
    2019, *E-LPIPS*).
    """
    if not shift:
        return list(pictures)
    rng = np.random.default_rng((seed, step, 4))
    moves, mirror = rng.integers(0, pictures[0].shape[2:]).tolist(), rng.random() < 0.5
    moved = [picture.roll(moves, (2, 3)) for picture in pictures]
    return [picture.flip(-1) for picture in moved] if mirror else moved
