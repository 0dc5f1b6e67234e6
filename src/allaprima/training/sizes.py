"""The size of a convolution's weights before a norm, which the norm takes away again.

Steps are relative to that size all the same. Weights that grow, as they do by every step at a right angle to them,
learn ever more slowly (van Laarhoven 2017, *L2 regularization versus batch and weight normalization*), and outgrow a
floor under the norm's variance (``norm_floor.py``). So they are given a size once, and it is given back after each
step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn

from allaprima.training.layers import (
    EPSILON,
    ConditionalInstanceNorm,
    ConvNorm,
    ResizeConvNorm,
    TransposeConvNorm,
)
from allaprima.training.networks import StyleNetwork
from allaprima.training.options import TrainingOptions

ROUNDING = 1e-5
"""A size that is off by so little is adopted already."""

Convolution = nn.Conv2d | nn.ConvTranspose2d


def holds_sizes(options: TrainingOptions) -> bool:
    """Whether a training gives sizes back: where steps are orthogonal or norms have floors, and nothing is kept."""
    recipe = options.recipe
    return (recipe.optimizer == "muon" or recipe.norm_floor > 0) and not options.keeps


@torch.no_grad()
def adopt_sizes(network: StyleNetwork) -> None:
    """Give each convolution before a norm its size, and its norm's floor with it: the network paints as before."""
    for conv, norm in _normed(network):
        factor = _factor(conv)
        if abs(factor.item() - 1.0) < ROUNDING:
            continue
        conv.weight.mul_(factor)
        if norm.epsilon > EPSILON:
            norm.epsilon = max(norm.epsilon * factor.item() ** 2, EPSILON)


@torch.no_grad()
def hold_sizes(network: StyleNetwork) -> None:
    """Give each convolution before a norm its size back, after a step."""
    for conv, _ in _normed(network):
        conv.weight.mul_(_factor(conv))


def _factor(conv: Convolution) -> torch.Tensor:
    """What makes the root mean square of its outputs' norms 1."""
    size: torch.Tensor = conv.weight.norm()
    return math.sqrt(conv.out_channels) / size


def _normed(network: StyleNetwork) -> Iterator[tuple[Convolution, ConditionalInstanceNorm]]:
    """The convolutions between which and a norm nothing but other convolutions lies."""
    for layer in network.modules():
        if isinstance(layer, (ConvNorm, TransposeConvNorm)):
            yield layer.conv, layer.norm
        elif isinstance(layer, ResizeConvNorm):
            yield layer.narrow, layer.mix.norm
