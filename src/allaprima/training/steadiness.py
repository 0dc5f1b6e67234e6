"""Steadiness: two nearly equal photographs must give nearly equal paintings.

A film's frames differ by small motions, by exposure and by the sensor's noise. Training sees a photograph twice, the
second time as the next frame might be, and the painting of the first, moved in the same way, must be the painting of
the second: the compound regularization of Wang et al. 2020 (*Consistent Video Style Transfer via Compound
Regularization*).
No film is needed, and nothing but the network sees the second picture.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 8.0
"""Pixels that the whole picture moves at most, along each axis."""
WARP, KNOTS = 4.0, 4
"""Pixels that a part moves at most on its own, and how many motions are drawn along a side; smooth between them."""
NOISE = 0.04
"""Largest standard deviation of the noise, of 1."""
EXPOSURE = 0.1
"""The second picture is brighter or darker by at most that share."""
FRAME = 8
"""Pixels at the border that do not count: what the network sees there is mirrored."""


def next_frame(
    image: Tensor, seed: int, step: int, batch: int | None = None, places: slice = slice(None)
) -> tuple[Tensor, Tensor]:
    """A photograph as the next frame might be, as the step decides.

    Args:
        image: [N, 3, H, W] in 0..1.
        seed: the training's.
        step: the number of the step.
        batch: how many photographs the whole batch has; None is N.
        places: those of this image in it.

    Returns:
        The second picture, of the same shape and range; and where each of its pixels was in the first: a grid
        [N, H, W, 2] for ``moved``.
    """
    n, (height, width) = batch or len(image), image.shape[2:]
    rng = np.random.default_rng((seed, step, 6))
    shift = rng.uniform(-SHIFT, SHIFT, (n, 2, 1, 1))[places]
    knots = torch.from_numpy(rng.uniform(-WARP, WARP, (n, 2, KNOTS, KNOTS))[places]).to(image)
    motion = F.interpolate(knots, (height, width), mode="bicubic", align_corners=True) + torch.from_numpy(shift).to(
        image
    )
    across = torch.arange(width, device=image.device) + motion[:, 0]
    down = torch.arange(height, device=image.device)[:, None] + motion[:, 1]
    grid = torch.stack([(2 * across + 1) / width - 1, (2 * down + 1) / height - 1], dim=-1)
    deviation, gain = rng.uniform(0, NOISE, (n, 1, 1, 1)), rng.uniform(1 - EXPOSURE, 1 + EXPOSURE, (n, 1, 1, 1))
    seeds = rng.integers(2**63, size=n)[places]
    noise = torch.stack([_noise(image[0], int(own)) for own in seeds]) * torch.from_numpy(deviation[places]).to(image)
    second = moved(image, grid) * torch.from_numpy(gain[places]).to(image) + noise
    return second.clamp(0.0, 1.0).contiguous(memory_format=torch.channels_last), grid


def _noise(like: Tensor, seed: int) -> Tensor:
    """Normal noise of that shape, drawn on its device: drawing it elsewhere takes a GPU longer than the rest."""
    generator = torch.Generator(like.device).manual_seed(seed)
    return torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)


def moved(picture: Tensor, grid: Tensor) -> Tensor:
    """[N, 3, H, W] -> the same with each pixel taken from where the grid says; mirrored where that is outside."""
    return F.grid_sample(picture, grid, mode="bicubic", padding_mode="reflection", align_corners=False)


def unsteadiness(first: Tensor, second: Tensor, grid: Tensor) -> Tensor:
    """How far the painting of the second picture is from that of the first, moved: [N].

    The mean squared difference where both are defined, over the variance of the first painting: 0 for a steady pair, 2
    for two paintings that have nothing in common but their colors.

    Args:
        first: the painting of the photograph, [N, 3, H, W].
        second: the painting of ``next_frame``'s picture.
        grid: what ``next_frame`` gave with it.
    """
    inside = (grid.abs() < 1.0 - 2.0 * FRAME / grid.new_tensor([grid.shape[2], grid.shape[1]])).all(-1)
    inside[:, :FRAME], inside[:, -FRAME:] = False, False
    inside[..., :FRAME], inside[..., -FRAME:] = False, False
    difference = (moved(first, grid) - second).square().mean(1) * inside
    return difference.sum((1, 2)) / inside.sum((1, 2)).clamp_min(1) / first.detach().var((2, 3)).mean(1).clamp_min(1e-4)
