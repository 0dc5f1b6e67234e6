"""The contract of ``style_model.py`` around a network, in PyTorch: what every exporter turns into a file.

Everything between bytes and bytes is in it: scaling, layout, padding to the network's stride, clamp and rounding.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from allaprima.training.layers import interleaved
from allaprima.training.networks import StyleNetwork, conditions_of, gain


class StyleModel(nn.Module):
    """The graph that ships.

    Passes over the picture cost more here than arithmetic, and what cannot stay in the layout of ONNX Runtime's
    convolutions costs most (docs/speed.md).

    Args:
        network: the trained network; it is left as it is.
    """

    def __init__(self, network: StyleNetwork) -> None:
        super().__init__()
        self.network = network.to_inference()

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """image: uint8 [N, H, W, 3]; style: float [S] -> uint8 [N, H, W, 3]."""
        height, width = image.shape[1:3]
        mixture = style / style.sum()
        stride = self.network.stride
        # As [1, N, H, W, 3], since only the last three of five dimensions can be mirrored with colors last.
        padded = F.pad(image[None], [0, 0, 0, -width % stride, 0, -height % stride], mode="reflect")[0]
        x = padded.permute(0, 3, 1, 2).float() / 255.0
        painted = self.network.squash(self.network.head(self.network.body(x, conditions_of(mixture))))
        share = gain(mixture)
        # photo + share · (light · 127.5 · (painted + 1) − photo), which is exact at strength 0; + 0.5 rounds.
        scale = 127.5 * share * self.network.light(x)
        mixed = interleaved(painted * scale + (scale + 0.5)) + padded.float() * (1.0 - share)
        return mixed.to(torch.uint8)[:, :height, :width]
