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
    rows, columns = (_wide_means(n // PERIOD, pictures.device) for n in pictures.shape[2:])
    for rises, runs in LATTICE:
        angle = 2.0 * math.pi / PERIOD * (rises * down[:, None] + runs * across)
        for wave in (angle.cos(), angle.sin()):
            strength = rows @ F.avg_pool2d(pictures * wave, PERIOD) @ columns.T
            found = found + 2.0 * wave * F.interpolate(strength, scale_factor=PERIOD, mode="nearest")
    return found


def _wide_means(cells: int, device: torch.device) -> Tensor:
    """What takes the means in a Gaussian window along a side, over the part of it that is within: [cells, cells].

    A cell is a period. As a product with a matrix, since so wide a window is no work for a convolution.
    """
    place = torch.arange(cells, device=device)
    window = torch.exp(-0.5 * ((place[:, None] - place) * PERIOD / WIDE) ** 2)
    return window / window.sum(1, keepdim=True)
