"""The mesh of a painting, which is taken out of it before it is taught."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 4
"""Pixels between two lines of the mesh, the stride of the networks' deepest features."""
LATTICE = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Its waves: how often they rise in ``PERIOD`` pixels, down and across."""
WIDE = 24.0
"""Standard deviation, pixels, of the window in which a wave counts as one."""


def mesh(pictures: Tensor) -> Tensor:
    """What a picture has of the lattice, [N, 3, H, W] -> [N, 3, H, W]; sides must be multiples of ``PERIOD``.

    Each wave is moved to frequency 0, where the mean in a wide window is its amplitude and phase there, and back.
    """
    down, across = (torch.arange(n, device=pictures.device, dtype=torch.float32) for n in pictures.shape[2:])
    found = torch.zeros_like(pictures)
    for rises, runs in LATTICE:
        angle = 2.0 * math.pi / PERIOD * (rises * down[:, None] + runs * across)
        for wave in (angle.cos(), angle.sin()):
            strength = _wide_mean(F.avg_pool2d(pictures * wave, PERIOD))
            found = found + 2.0 * wave * F.interpolate(strength, scale_factor=PERIOD, mode="nearest")
    return found


def _wide_mean(cells: Tensor) -> Tensor:
    """The mean in a Gaussian window, over the part of it that is within the picture; a cell for each period."""
    bands = []
    for length in cells.shape[2:]:  # as a product with a matrix: so wide a window is no work for a convolution
        place = torch.arange(length, device=cells.device)
        band = torch.exp(-0.5 * ((place[:, None] - place) * PERIOD / WIDE) ** 2)
        bands.append(band / band.sum(1, keepdim=True))
    return bands[0] @ cells @ bands[1].T
