"""Muon (Jordan et al. 2024, *Muon: An optimizer for hidden layers in neural networks*): momentum made orthogonal.

The momentum of a convolution, as a matrix [outputs, inputs · k · k], is replaced by the nearest one whose singular
values are all 1: every direction of it moves alike, also those that Adam's sizes, element by element, starve.
Everything else, norms, biases and the convolution to the picture, is stepped by Adam (Kingma & Ba 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

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
            stepped = [parameter for parameter in group["params"] if parameter.grad is not None]
            alike: dict[torch.Size, list[Tensor]] = {}  # those of one shape are made orthogonal together
            for parameter in filter(is_matrix, stepped):
                alike.setdefault(parameter.shape, []).append(parameter)
            for parameters in alike.values():
                self._step_muon(parameters, group["lr"])
            self._step_adam([parameter for parameter in stepped if not is_matrix(parameter)], group["lr"])

    def _step_muon(self, parameters: list[Tensor], rate: float) -> None:
        """Nesterov's momentum, made orthogonal, at Adam's size."""
        ahead = []
        for parameter in parameters:
            assert parameter.grad is not None
            momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
            momentum.mul_(MOMENTUM).add_(parameter.grad)
            ahead.append(parameter.grad + MOMENTUM * momentum)
        for parameter, update in zip(parameters, orthogonal(torch.stack(ahead).flatten(2)), strict=True):
            parameter.add_(update.view_as(parameter), alpha=-rate * SIZE * math.sqrt(max(update.shape)))

    def _step_adam(self, parameters: list[Tensor], rate: float) -> None:
        """PyTorch's own step, of all of them at once where that is faster."""
        gradients, means, squares, steps = [], [], [], []
        for parameter in parameters:
            assert parameter.grad is not None
            state = self.state[parameter]
            gradients.append(parameter.grad)
            means.append(state.setdefault("mean", torch.zeros_like(parameter)))
            squares.append(state.setdefault("square", torch.zeros_like(parameter)))
            steps.append(state.setdefault("step", torch.zeros(())))
        adam(
            parameters, gradients, means, squares, [], steps, amsgrad=False, beta1=BETAS[0], beta2=BETAS[1], lr=rate,
            weight_decay=0.0, eps=EPSILON, maximize=False,
        )  # fmt: skip


def is_matrix(parameter: Tensor) -> bool:
    """Whether it is the weight of a convolution between features; what has three outputs paints the picture."""
    return parameter.dim() == 4 and len(parameter) > 3


def orthogonal(matrix: Tensor) -> Tensor:
    """Matrices of the same singular vectors whose singular values lie between about 0.7 and 1.2: [..., m, n] each."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[-2] > matrix.shape[-1]
    x: Tensor = matrix.mT if tall else matrix
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + EPSILON)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
