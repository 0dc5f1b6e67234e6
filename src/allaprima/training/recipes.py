"""Recipes: what is minimised, with which weights, and how. One frozen dataclass, two entries, and the objective.

Equation 5 of Johnson et al. 2016 reads λ_c · content + λ_s · style + λ_TV · total variation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from allaprima.training.networks import PHOTO
from allaprima.training.perceptual import (
    LossNetwork,
    content_loss,
    gram_matrix,
    style_distances,
    style_loss,
    total_variation,
)

STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


@dataclass(frozen=True)
class Recipe:
    """Weights of the objective and settings of the optimiser; the words are the paper's."""

    name: str
    content_weight: float
    style_weight: float
    tv_weight: float
    relative: bool
    """Each term divided by its target's own squared norm, so that one set of weights fits every style."""
    learning_rate: float
    one_cycle: bool
    """Warm up for a tenth of the steps, then anneal to nothing (Smith 2018); otherwise constant."""
    clip: float
    """Largest norm of the gradient; 0 for no limit."""
    steps: int
    batch: int
    size: int
    """Side of the square crops, pixels."""
    style_size: int
    """Short side of the style image, pixels: the scale of its strokes."""
    content_layer: str = "relu2_2"
    style_layers: tuple[str, ...] = STYLE_LAYERS
    mixed: float = 0.2
    """Share of each batch that learns mixtures of two styles."""
    lower: float = 0.2
    """Share of each batch that learns strengths below 1."""


RECIPES: dict[str, Recipe] = {
    # Section 4.1: content relu2_2, λ 1 / 5 / 1e-6, Adam 1e-3, batch 4, 40,000 steps of 256×256. The paper's
    # networks know one style at one strength, hence nothing mixed.
    "paper": Recipe(
        "paper", content_weight=1.0, style_weight=5.0, tv_weight=1e-6, relative=False,
        learning_rate=1e-3, one_cycle=False, clip=0.0, steps=40_000, batch=4, size=256, style_size=256,
        mixed=0.0, lower=0.0,
    ),
    # Ours, found by measurement; see docs/training.md.
    "default": Recipe(
        "default", content_weight=1.0, style_weight=5.0, tv_weight=8.0, relative=True,
        learning_rate=3e-3, one_cycle=True, clip=5.0, steps=40_000, batch=4, size=256, style_size=384,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Targets:
    """What a stylised picture is to come near: the photograph's content and the style asked for."""

    content: Tensor
    """φ(photograph) at the content layer: [N, C, H, W]."""
    grams: dict[str, Tensor]
    """Gram matrices by style layer: [N, C, C]."""
    style_weight: Tensor
    """The recipe's, times emphasis and the strength to the power of 1.5 for each picture: [N]."""
    tv_weight: Tensor
    """The recipe's, times the strength's fourth power: [N]."""


@dataclass(frozen=True)
class Losses:
    """The terms of the objective before their weights, and the weighted total; each ``[N]``."""

    content: Tensor
    style: Tensor
    tv: Tensor
    total: Tensor
    layers: dict[str, Tensor]
    """The style's distance by layer, before sum or mean."""


def split_mixture(mixture: Tensor) -> tuple[Tensor, Tensor]:
    """[N, S] -> the strength, 1 − m[photo]: [N]; and each style's share of it: [N, S − 1], all alike at strength 0."""
    weights = mixture[:, PHOTO + 1 :]
    strength = weights.sum(1)
    return strength, torch.where(strength[:, None] > 0, weights / strength[:, None], 1.0 / weights.shape[1])


class Objective:
    """The objective (eq. 5): how far a stylised picture is from photograph and style.

    Training and optimisation minimise it, the evaluation measures by it.

    Args:
        recipe: the terms' weights.
        network: VGG16.
        styles: one style image per entry after ``photo``, [1, 3, H, W] in 0..1.
        emphasis: for each style, a factor on the recipe's style weight; None is 1 for all.
    """

    def __init__(
        self, recipe: Recipe, network: LossNetwork, styles: list[Tensor], emphasis: list[float] | None = None
    ) -> None:
        self.recipe, self.network = recipe, network
        self.emphasis = styles[0].new_tensor(emphasis or [1.0] * len(styles))  # [S - 1]
        with torch.no_grad():
            grams = [self.grams(network(style, recipe.style_layers)) for style in styles]
        self.style_grams = {j: torch.cat([g[j] for g in grams]) for j in recipe.style_layers}  # [S - 1, C, C]

    def grams(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gram matrices of the style layers: by layer, [N, C, C]."""
        return {j: gram_matrix(features[j]) for j in self.recipe.style_layers}

    @torch.no_grad()
    def targets(self, image: Tensor, mixture: Tensor) -> Targets:
        """image: [N, 3, H, W] in 0..1; mixture: [N, S], which style each picture is to have."""
        content = self.network(image, [self.recipe.content_layer])[self.recipe.content_layer]
        strength, shares = split_mixture(mixture)
        grams = {j: torch.einsum("ns,scd->ncd", shares, gram) for j, gram in self.style_grams.items()}
        # A lower strength is the same style asked for less urgently (compare Babaeizadeh & Ghiasi 2018): the network is
        # to find the nearest picture to it at the content that it keeps, of which a blend of photograph and painting is
        # only one. The weight should make blends with more and with less painting about equally good, so that what is
        # learnt is what none of them has: the power is measured (docs/training.md). The photograph's own variation is
        # no fault: with more weight on it, smoothing is learnt.
        style_weight = self.recipe.style_weight * strength**1.5 * (shares @ self.emphasis)
        return Targets(content, grams, style_weight, self.recipe.tv_weight * strength**4)

    def losses(self, stylized: Tensor, targets: Targets) -> Losses:
        """How far ``stylized``, [N, 3, H, W] in 0..1, is from its targets: losses of shape [N]."""
        recipe = self.recipe
        features = self.network(stylized, {*recipe.style_layers, recipe.content_layer})
        content = content_loss(features[recipe.content_layer], targets.content, relative=recipe.relative)
        layers = style_distances(self.grams(features), targets.grams, relative=recipe.relative)
        style = style_loss(layers, relative=recipe.relative)
        tv = total_variation(stylized, relative=recipe.relative)
        total = recipe.content_weight * content + targets.style_weight * style + targets.tv_weight * tv
        return Losses(content, style, tv, total, layers)

    def __call__(self, stylized: Tensor, image: Tensor, mixture: Tensor) -> Losses:
        """stylized, image: [N, 3, H, W] in 0..1; mixture: [N, S] -> losses of shape [N]."""
        return self.losses(stylized, self.targets(image, mixture))
