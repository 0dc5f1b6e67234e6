"""SqueezeNet 1.0 (Iandola et al. 2016) with its authors' Caffe weights: a judge that training does not use.

The file has torchvision's names (``features.0.weight`` …); its input is RGB in 0..255 less a mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from allaprima.errors import ModelError
from judges.grams import GramJudge, Layers

MEAN = (123.0, 117.0, 104.0)
LAYERS = Layers(content=["fire5"], style=["conv1", "fire3", "fire5", "fire8"], also_content=["fire3", "fire8"])
FIRES = {2: 3, 3: 4, 4: 5, 5: 7, 6: 8, 7: 9, 8: 10}
"""Fire module -> its number in the file."""
POOLS = (2, 5)
"""Fire modules that a 3×3 max pool precedes."""


class SqueezeNet:
    """The network up to fire8, after each module's ReLU."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """RGB in 0..1 [N, 3, H, W] -> ``conv1`` at half the size, ``fire2`` … ``fire8``."""
        x = 255.0 * image - torch.tensor(MEAN).view(1, 3, 1, 1)
        x = F.relu(self._conv(x, "features.0", stride=2))
        seen = {"conv1": x}
        for fire, number in FIRES.items():
            if fire in POOLS:
                x = F.max_pool2d(x, 3, stride=2, ceil_mode=True)
            squeezed = F.relu(self._conv(x, f"features.{number}.squeeze"))
            x = torch.cat(
                [
                    self._conv(squeezed, f"features.{number}.expand1x1"),
                    self._conv(squeezed, f"features.{number}.expand3x3", padding=1),
                ],
                dim=1,
            )
            seen[f"fire{fire}"] = x = F.relu(x)
        return seen

    def _conv(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        weights = self.weights
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, padding)


def squeezenet(weights: Path, paintings: Mapping[str, Path]) -> GramJudge:
    """The judge by its file of weights, ``.safetensors``.

    Raises:
        ModelError: the weights cannot be read.
        TrainingError: a painting cannot be read.
    """
    try:
        network = SqueezeNet({name: value.float() for name, value in load_file(weights).items()})
        network(torch.zeros(1, 3, 64, 64))
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelError(f"{weights} does not hold SqueezeNet 1.0 ({error})") from error
    return GramJudge("squeezenet", network, weights, LAYERS, paintings)
