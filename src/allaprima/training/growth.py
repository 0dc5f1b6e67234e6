"""A larger network that begins as a trained smaller one: Net2Net (Chen, Goodfellow & Shlens 2016), for banks of styles.

It paints the smaller one's pictures, to rounding, and training goes on from there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from allaprima.errors import TrainingError
from allaprima.training.layers import EPSILON, ConditionalInstanceNorm
from allaprima.training.networks import Slim, StyleNetwork, make_network

LEAST_SHARE = 0.25
"""Of what two copies of a channel bring, what the lesser of them brings at least."""


def grown(small: StyleNetwork, name: str, width: int | None = None) -> StyleNetwork:
    """A network of that name that paints as ``small`` does.

    Args:
        small: the trained network; it is left as it is.
        name: what to grow into, one of ``networks.NETWORKS``.
        width: channels of the first convolution; None is that network's own.

    Raises:
        TrainingError: there is no such network, or it is smaller or of another family: growing is for ``Slim`` ones.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        large = make_network(name, small.styles, width)
        if not (isinstance(small, Slim) and isinstance(large, Slim) and is_larger(large, small)):
            raise TrainingError(
                f"a {small.name} network of width {small.width} cannot grow into {name} of width {large.width}; "
                "start from random weights"
            )
        weights, state = small.state_dict(), large.state_dict()
        for key, value in state.items():
            if key in weights:
                state[key] = widened(weights[key], value)
            elif key.endswith("second.norm.scale"):
                state[key] = torch.zeros_like(value)  # Net2DeeperNet: a residual block that adds nothing yet
    large.load_state_dict(state)
    floors = {path: norm.epsilon for path, norm in small.named_modules() if isinstance(norm, ConditionalInstanceNorm)}
    for path, norm in large.named_modules():
        if isinstance(norm, ConditionalInstanceNorm):
            norm.epsilon = floors.get(path, EPSILON)
    large.shadows = small.shadows
    return large


def is_larger(large: Slim, small: Slim) -> bool:
    """Whether no side of it is smaller."""
    return large.width >= small.width and len(large.blocks) >= len(small.blocks)


def widened(small: Tensor, large: Tensor) -> Tensor:
    """Net2WiderNet: a weight of the small network in the shape of the large one's.

    Channels are repeated in turn, in every layer alike. A convolution [out, in, k, k] divides what a channel brought
    among its copies, in another ratio for each output, so that training can tell them apart; scales and shifts
    [styles, C] and biases [C] are the same for all of them.
    """
    if small.dim() < 4:
        return small[..., repeated(small.shape[-1], large.shape[-1])]
    inputs = repeated(small.shape[1], large.shape[1])
    shares = LEAST_SHARE + (1.0 - 2.0 * LEAST_SHARE) * torch.rand(large.shape[:2])
    together = torch.zeros(large.shape[0], small.shape[1]).index_add_(1, inputs, shares)
    shares = shares / together[:, inputs]
    return small[repeated(small.shape[0], large.shape[0])][:, inputs] * shares[..., None, None]


def repeated(old: int, new: int) -> Tensor:
    """Which of ``old`` channels each of ``new`` ones repeats: 0, 1, …, old − 1, 0, 1, …."""
    return torch.arange(new) % old
