"""What a step does besides the objective: its learning rate, its styles, and how its pictures are moved.

All of it is a function of seed and step, so that a training that is stopped and resumed goes on bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.style_model import PHOTO
from allaprima.training.recipes import Recipe

WARM_UP = 0.1  # share of a one-cycle schedule in which the learning rate rises
FARTHEST = 32
"""Pixels by which pictures are moved at most, along each axis, before VGG16 sees them."""


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
    """All pictures [N, 3, H, W] moved alike, by up to ``FARTHEST`` pixels, and mirrored or not, as the step decides.

    What is beyond a picture's edge is its mirror image, as it is for the network that paints. So VGG16's pooling grid
    and its own edges, where it sees zeros and a gray frame is learned, do not always fall on the same pixels; and no
    two edges meet, as they would if pictures were moved around: there the objective rewards a frame of one color.
    Averaging a loss over such transformations also makes it harder to fool (Kettunen et al. 2019, *E-LPIPS*).
    """
    if not shift:
        return list(pictures)
    rng = np.random.default_rng((seed, step, 4))
    height, width = pictures[0].shape[2:]
    farthest = min(FARTHEST, height // 2, width // 2)
    top, left = rng.integers(0, 2 * farthest + 1, 2).tolist()
    mirror = rng.random() < 0.5
    moved = [F.pad(picture, [farthest] * 4, mode="reflect") for picture in pictures]
    moved = [picture[..., top : top + height, left : left + width] for picture in moved]
    return [picture.flip(-1) for picture in moved] if mirror else moved
