"""Calm paintings: strokes without what is woven between them.

A fine, regular weave satisfies Gram matrices as well as strokes do, and a network that is trained by them paints both.
A Kuwahara filter tells them apart: it keeps edges and strokes, and takes away texture that is finer than its windows.
In blind comparisons, paintings of the gallery's with about half of that taken away were preferred to the same paintings
as they were in 96.5 of 108 (docs/lab_book.md); with all of it taken away they lost, since they looked blurred.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.training.contrast import luminance

REACH, SECTORS, POWER = 2.0, 8, 4.0
"""Of the Kuwahara filter: how far its windows lie from the pixel, how many there are, and how much calm ones count."""
NARROW = 1.0
"""Standard deviation, pixels, of the window by which pictures are sharpened."""


def calmed(pictures: Tensor, share: float, crisp: float) -> Tensor:
    """A part of the way to what a Kuwahara filter makes of it, and sharpened: [N, 3, H, W] in 0..1 -> the same.

    Args:
        pictures: paintings.
        share: of what the filter changes.
        crisp: of what a narrow mean would take away, which is added once more.
    """
    return sharpened(pictures + share * (kuwahara(pictures) - pictures), crisp).clamp(0.0, 1.0)


def kuwahara(pictures: Tensor) -> Tensor:
    """Strokes without texture: [N, 3, H, W] in 0..1 -> the same.

    Each pixel becomes the mean of windows around it, which hardly count where there is an edge in them: edges stay,
    texture goes (Kuwahara et al. 1976; generalized by Papari, Petkov & Campisi 2007, *Artistic Edge and Corner
    Enhancing Smoothing*).
    """
    light = luminance(pictures)
    windows = gaussian(torch.cat([pictures, light, light.square()], 1), REACH / 2)
    colors, mean, square = windows[:, :3], windows[:, 3:4], windows[:, 4:]
    calm = (1e-4 + (square - mean.square()).clamp_min(0.0)) ** (-POWER / 2)
    edge, (height, width) = math.ceil(REACH), pictures.shape[2:]
    weighted = F.pad(torch.cat([colors * calm, calm], 1), [edge] * 4, mode="reflect")
    total = torch.zeros_like(weighted[..., :height, :width])
    for sector in range(SECTORS):
        angle = 2.0 * math.pi * sector / SECTORS
        top, left = edge + round(REACH * math.sin(angle)), edge + round(REACH * math.cos(angle))
        total = total + weighted[..., top : top + height, left : left + width]
    return total[:, :3] / total[:, 3:]


def sharpened(pictures: Tensor, amount: float) -> Tensor:
    """With what a narrow mean takes away added once more, times ``amount``: [N, 3, H, W] -> [N, 3, H, W]."""
    return pictures + amount * (pictures - gaussian(pictures, NARROW))


def gaussian(pictures: Tensor, deviation: float) -> Tensor:
    """The mean in a Gaussian window; beyond an edge a picture is mirrored. [N, C, H, W] -> [N, C, H, W]."""
    reach = math.ceil(3 * deviation)
    window = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=pictures.device) / deviation) ** 2)
    window = window / window.sum()
    planes = F.pad(pictures.flatten(0, 1)[:, None], [reach] * 4, mode="reflect")
    return F.conv2d(F.conv2d(planes, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1)).view(pictures.shape)
