"""The objective, equation 5 of Johnson et al. 2016: λ_c · content + λ_s · style + λ_TV · total variation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.style_model import PHOTO, STRENGTH_POWER
from allaprima.training.perceptual import (
    LossNetwork,
    content_loss,
    style_distances,
    total_variation,
    weighted,
)
from allaprima.training.recipes import HALF, Recipe


@dataclass(frozen=True)
class Targets:
    """What a stylized picture is to come near: the photograph's content and the style asked for."""

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
    """The objective (eq. 5): how far a stylized picture is from photograph and style.

    Training and optimization minimize it, the evaluation measures by it.

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
            grams = [self.look(style, recipe.style_terms, content=False)[1] for style in styles]
        self.style_grams = {j: torch.cat([g[j] for g in grams]) for j in recipe.style_terms}  # [S - 1, C, C]

    def look(
        self, image: Tensor, terms: Collection[str], *, content: bool = True
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What the objective sees of image [N, 3, H, W] in 0..1.

        Returns:
            Activations by content layer, [N, C, H, W] each (none unless ``content``), and Gram matrices by term of the
            style loss, [N, C, C] each.
        """
        layers = self.recipe.content_layers if content else ()
        features, grams = self.network.look(image, layers, [j for j in terms if not j.endswith(HALF)])
        if small := [j.removesuffix(HALF) for j in terms if j.endswith(HALF)]:
            _, halves = self.network.look(F.avg_pool2d(image, 2), (), small)
            grams |= {name + HALF: value for name, value in halves.items()}
        return features, grams

    @torch.no_grad()
    def content(self, image: Tensor) -> dict[str, Tensor]:
        """φ(photograph) by content layer: [N, 3, H, W] in 0..1 -> [N, C, H, W] each."""
        features: dict[str, Tensor] = self.network(image, self.recipe.content_layers)
        return features

    def targets(self, image: Tensor, mixture: Tensor) -> Targets:
        """image: [N, 3, H, W] in 0..1; mixture: [N, S], which style each picture is to have."""
        return self.targets_of(self.content(image), mixture)

    def targets_of(self, content: dict[str, Tensor], mixture: Tensor) -> Targets:
        """As ``targets``, of photographs whose ``content`` is known."""
        strength, shares = split_mixture(mixture)
        grams = {j: torch.einsum("ns,scd->ncd", shares, gram) for j, gram in self.style_grams.items()}
        # A lower strength is the same style asked for less urgently (compare Babaeizadeh & Ghiasi 2018): the network is
        # to find the nearest picture to it at the content that it keeps, of which a blend of photograph and painting is
        # only one. The weight should make blends with more and with less painting about equally good, so that what is
        # learnt is what none of them has: the power is measured (docs/lab_book.md). The photograph's own variation is
        # no fault: with more weight on it, smoothing is learnt.
        style_weight = self.recipe.style_weight * strength**STRENGTH_POWER * (shares @ self.emphasis)
        return Targets(content, grams, style_weight, self.recipe.tv_weight * strength**4)

    def losses(self, stylized: Tensor, targets: Targets, terms: Mapping[str, float] | None = None) -> Losses:
        """How far ``stylized``, [N, 3, H, W] in 0..1, is from its targets: losses of shape [N].

        ``terms`` are those of the style to be measured, with their weights; None is the recipe's ``style_terms``.
        """
        recipe = self.recipe
        terms = recipe.style_terms if terms is None else terms
        features, grams = self.look(stylized, terms)
        content = content_loss(features, targets.content, recipe.content_layers, relative=recipe.relative)
        layers = style_distances(grams, {j: targets.grams[j] for j in terms}, relative=recipe.relative)
        style = weighted(layers, terms)
        tv = total_variation(stylized, relative=recipe.relative)
        total = recipe.content_weight * content + targets.style_weight * style + targets.tv_weight * tv
        return Losses(content, style, tv, total, layers)

    def __call__(
        self, stylized: Tensor, image: Tensor, mixture: Tensor, terms: Mapping[str, float] | None = None
    ) -> Losses:
        """As ``losses``, of stylized and image [N, 3, H, W] in 0..1 and mixture [N, S]."""
        return self.losses(stylized, self.targets(image, mixture), terms)
