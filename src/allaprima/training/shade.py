"""A way around the norms for darkness, so that a night stays a night.

Instance norm takes each picture's mean and contrast away: whatever comes after it cannot tell a dark picture from a
light one, and paints both as bright. Here the painting's light follows the photograph's where that is dark. The factor
is ``darkest`` where the photograph is black, 1 where its luminance is ``KNEE`` and more, and a straight line between.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""

KNEE = 0.3
"""Luminance, of 0..1, from which on nothing is made darker."""

CELL, CELLS = 4, 5
"""Luminance is the mean of cells of 4×4 pixels, and then of 5×5 cells, so that a shadow has no hard edge."""


class Shade(nn.Module):
    """What the painting's light is multiplied by, for a photograph.

    Args:
        darkest: the factor where the photograph is black, 0..1.
    """

    darkest: Tensor
    luma: Tensor

    def __init__(self, darkest: float) -> None:
        super().__init__()
        luma = torch.tensor(LUMA).view(1, 3, 1, 1).expand(1, 3, CELL, CELL) / CELL**2
        # Not of the weights that are trained, but in the file, where training finds them again.
        self.register_buffer("darkest", torch.tensor(darkest), persistent=False)
        self.register_buffer("luma", luma.contiguous(), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """image: [N, 3, H, W] in 0..1, H and W multiples of 4 -> [N, 1, H/2, W/2], from ``darkest`` to 1."""
        light = F.conv2d(image, self.luma, stride=CELL)
        edge = CELLS // 2
        light = F.avg_pool2d(F.pad(light, [edge] * 4, mode="replicate"), CELLS, 1)
        factor = self.darkest + (1.0 - self.darkest) * (light / KNEE).clamp(max=1.0)
        return F.interpolate(factor, scale_factor=2.0, mode="bilinear")
