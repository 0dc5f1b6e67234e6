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
        # + 0.5 rounds.
        return self.mixed(padded, mixture, 0.5).to(torch.uint8)[:, :height, :width]

    def mixed(self, photo: Tensor, mixture: Tensor, offset: float = 0.0) -> Tensor:
        """What the network makes of a photograph, with the photograph's own share of it.

        Args:
            photo: [N, H, W, 3] in 0..255, bytes or floats; both sides are multiples of the network's stride.
            mixture: [S]; its weights sum to 1.
            offset: is added.

        Returns:
            float [N, H, W, 3] in 0..255.
        """
        x = photo.permute(0, 3, 1, 2).float() / 255.0
        painted = self.network.squash(self.network.head(self.network.body(x, conditions_of(mixture))))
        share = gain(mixture)
        # photo + share · (light · 127.5 · (painted + 1) − photo), which is exact at strength 0.
        scale = 127.5 * share * self.network.light(x)
        return interleaved(painted * scale + (scale + offset)) + photo.float() * (1.0 - share)


class FloatModel(nn.Module):
    """The same painting without bytes at its ends, for programs that hold pictures as floats.

    Where the size of the picture is fixed, it may be any. Where it is free, both sides must be multiples of the
    network's stride.

    Args:
        network: the trained network; it is left as it is.
        mixture: the only one that the model is to paint, float [S]; None keeps it an input.
    """

    def __init__(self, network: StyleNetwork, mixture: Tensor | None = None) -> None:
        super().__init__()
        self.mixture: Tensor
        self.model = StyleModel(network)
        self.register_buffer("mixture", mixture)

    def forward(self, image: Tensor, style: Tensor | None = None) -> Tensor:
        """image: float [N, H, W, 3] in 0..255; style: float [S] -> float [N, H, W, 3] in 0..255."""
        style = self.mixture if style is None else style
        height, width = image.shape[1:3]
        stride = self.model.network.stride
        missing = [0, -width % stride, 0, -height % stride]
        if any(missing):
            image = F.pad(image.permute(0, 3, 1, 2), missing, mode="reflect").permute(0, 2, 3, 1)
        painted = self.model.mixed(image, style / style.sum())
        return painted[:, :height, :width] if any(missing) else painted
