"""Muon (Jordan et al. 2024, *Muon: An optimizer for hidden layers in neural networks*): momentum made orthogonal.

The momentum of a convolution, as a matrix [outputs, inputs · k · k], is replaced by the nearest one whose singular
values are all 1: every direction of it moves alike, also those that Adam's sizes, element by element, starve.
Everything else, norms, biases and the convolution to the picture, is stepped by Adam (Kingma & Ba 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration X ← aX + (bA + cA²)X with A = XXᵀ, which moves singular values towards 1."""
ITERATIONS = 5
SIZE = 0.4
"""A step's root mean square over the learning rate: near that of Adam's steps, so that one rate serves both."""
BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's."""


class Muon(torch.optim.Optimizer):
    """Steps convolutions by Muon and all else by Adam, with one learning rate.

    Args:
        parameters: what is trained.
        lr: the learning rate of Adam, and of Muon in Adam's terms.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__([{"params": list(parameters), "lr": lr}], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step against the gradients that are there."""
        assert closure is None, "the loss is not measured again"
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    stepped = _muon if is_matrix(parameter) else _adam
                    parameter.add_(stepped(parameter.grad, self.state[parameter]), alpha=-group["lr"])


def is_matrix(parameter: Tensor) -> bool:
    """Whether it is the weight of a convolution between features; what has three outputs paints the picture."""
    return parameter.dim() == 4 and len(parameter) > 3


def _muon(gradient: Tensor, state: dict[str, Any]) -> Tensor:
    """Nesterov's momentum, made orthogonal, at Adam's size."""
    momentum: Tensor = state.setdefault("momentum", torch.zeros_like(gradient))
    momentum.mul_(MOMENTUM).add_(gradient)
    update = orthogonal((gradient + MOMENTUM * momentum).flatten(1))
    return (SIZE * math.sqrt(max(update.shape)) * update).view_as(gradient)


def _adam(gradient: Tensor, state: dict[str, Any]) -> Tensor:
    mean: Tensor = state.setdefault("mean", torch.zeros_like(gradient))
    square: Tensor = state.setdefault("square", torch.zeros_like(gradient))
    steps = state.setdefault("steps", torch.zeros(()))
    steps += 1
    mean.lerp_(gradient, 1 - BETAS[0])
    square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    count = float(steps)
    first, second = (1 - math.pow(beta, count) for beta in BETAS)
    step: Tensor = mean / first / ((square / second).sqrt() + EPSILON)
    return step


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors whose singular values lie between about 0.7 and 1.2: [m, n] -> [m, n]."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + EPSILON)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x
