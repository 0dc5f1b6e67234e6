"""A small bank of styles for the tests of training: ``photo`` and three that differ, of random weights."""

from __future__ import annotations

import torch

from allaprima.training.layers import ConditionalInstanceNorm
from allaprima.training.networks import Fast
from allaprima.training.photos import to_tensor
from support import checkered

NAMES = ("photo", "a", "b", "c")


def bank(seed: int = 0) -> Fast:
    """The network, in evaluation mode."""
    torch.manual_seed(seed)
    network = Fast(styles=len(NAMES), width=4)
    for module in network.modules():
        if isinstance(module, ConditionalInstanceNorm):
            torch.nn.init.uniform_(module.scale, 0.2, 2.0)
            torch.nn.init.normal_(module.shift, std=0.5)
    return network.eval()


def picture(seed: int) -> torch.Tensor:
    """A picture for it: [1, 3, 64, 64] in 0..1."""
    return to_tensor(checkered(64, 64, seed))[None] / 255.0
