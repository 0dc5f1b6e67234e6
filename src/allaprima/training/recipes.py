"""Recipes: what is minimised, with which weights, and how. One frozen dataclass, two entries, and the objective.

Equation 5 of Johnson et al. 2016 reads λ_c · content + λ_s · style + λ_TV · total variation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.training.networks import PHOTO
from allaprima.training.perceptual import (
    LossNetwork,
    content_loss,
    gram_matrix,
    style_distances,
    total_variation,
    weighted,
)

PAPER_CONTENT = {"relu2_2": 1.0}
PAPER_STYLE = {"relu1_2": 1.0, "relu2_2": 1.0, "relu3_3": 1.0, "relu4_3": 1.0}
"""The paper's layers (section 4.1), each with weight 1."""

HALF = "/2"
"""Ends the name of a style layer's term that is measured at half the picture's size."""


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
    content_layers: Mapping[str, float] = field(default_factory=PAPER_CONTENT.copy)
    """The layers of the content loss and their weights."""
    style_layers: Mapping[str, float] = field(default_factory=PAPER_STYLE.copy)
    """The layers of the style loss and their weights."""
    half_size: bool = False
    """Whether half of the style loss is measured at half the size of picture and painting: strokes twice as large."""
    shift: int = 0
    """Picture and painting are moved by 0 to this many pixels less one, and half of them mirrored, before VGG16 sees
    them, so that its pooling grid does not always fall on the same pixels. Training only."""
    mixed: float = 0.2
    """Share of each batch that learns mixtures of two styles."""
    lower: float = 0.2
    """Share of each batch that learns strengths below 1."""

    @property
    def style_terms(self) -> dict[str, float]:
        """The terms of the style loss and their weights: the style layers, and those again at half size."""
        if not self.half_size:
            return dict(self.style_layers)
        halves = {name: weight / 2 for name, weight in self.style_layers.items()}
        return {**halves, **{name + HALF: weight for name, weight in halves.items()}}


RECIPES: dict[str, Recipe] = {
    # Section 4.1: content relu2_2, λ 1 / 5 / 1e-6, Adam 1e-3, batch 4, 40,000 steps of 256×256. The paper's
    # networks know one style at one strength, hence nothing mixed.
    "paper": Recipe(
        "paper", content_weight=1.0, style_weight=5.0, tv_weight=1e-6, relative=False,
        learning_rate=1e-3, one_cycle=False, clip=0.0, steps=40_000, batch=4, size=256, style_size=256,
        mixed=0.0, lower=0.0,
    ),
    # Ours, found by measurement; see docs/training.md. Eight style layers, weighted towards the middle ones, which see
    # strokes; content further up, where edges and grain of the photograph are no longer pinned.
    "default": Recipe(
        "default", content_weight=1.0, style_weight=10.0, tv_weight=4.0, relative=True,
        learning_rate=3e-3, one_cycle=True, clip=5.0, steps=40_000, batch=4, size=256, style_size=384,
        content_layers={"relu2_2": 0.3, "relu3_3": 0.7},
        style_layers={
            "relu1_1": 0.1, "relu1_2": 0.1, "relu2_1": 0.2, "relu2_2": 0.2,
            "relu3_1": 0.15, "relu3_3": 0.15, "relu4_1": 0.05, "relu4_3": 0.05,
        },
        half_size=True, shift=8,
    ),
    # The default up to version 0.1: the paper's layers, each divided by its own norm.
    "four-layers": Recipe(
        "four-layers", content_weight=1.0, style_weight=5.0, tv_weight=8.0, relative=True,
        learning_rate=3e-3, one_cycle=True, clip=5.0, steps=40_000, batch=4, size=256, style_size=384,
        style_layers={"relu1_2": 0.25, "relu2_2": 0.25, "relu3_3": 0.25, "relu4_3": 0.25},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Targets:
    """What a stylised picture is to come near: the photograph's content and the style asked for."""

    content: dict[str, Tensor]
    """φ(photograph) by content layer: [N, C, H, W]."""
    grams: dict[str, Tensor]
    """Gram matrices by term of the style loss: [N, C, C]."""
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
    """The style's distance by term (``Recipe.style_terms``), before their weights."""


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
            grams = [self.grams(self.features(style)) for style in styles]
        self.style_grams = {j: torch.cat([g[j] for g in grams]) for j in recipe.style_terms}  # [S - 1, C, C]

    def features(self, image: Tensor) -> dict[str, Tensor]:
        """All that the objective looks at, by content layer and by term of the style loss: [N, C, H, W] each."""
        recipe = self.recipe
        features: dict[str, Tensor] = self.network(image, {*recipe.content_layers, *recipe.style_layers})
        if recipe.half_size:
            small = self.network(F.avg_pool2d(image, 2), recipe.style_layers)
            features |= {name + HALF: value for name, value in small.items()}
        return features

    def grams(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gram matrices by term of the style loss: [N, C, C] each."""
        return {j: gram_matrix(features[j]) for j in self.recipe.style_terms}

    @torch.no_grad()
    def targets(self, image: Tensor, mixture: Tensor) -> Targets:
        """image: [N, 3, H, W] in 0..1; mixture: [N, S], which style each picture is to have."""
        content = self.network(image, self.recipe.content_layers)
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
        features = self.features(stylized)
        content = content_loss(features, targets.content, recipe.content_layers, relative=recipe.relative)
        layers = style_distances(self.grams(features), targets.grams, relative=recipe.relative)
        style = weighted(layers, recipe.style_terms)
        tv = total_variation(stylized, relative=recipe.relative)
        total = recipe.content_weight * content + targets.style_weight * style + targets.tv_weight * tv
        return Losses(content, style, tv, total, layers)

    def __call__(self, stylized: Tensor, image: Tensor, mixture: Tensor) -> Losses:
        """stylized, image: [N, 3, H, W] in 0..1; mixture: [N, S] -> losses of shape [N]."""
        return self.losses(stylized, self.targets(image, mixture))
