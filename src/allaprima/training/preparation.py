"""What an optimization's pictures go through before it: sizes, starts, and colors (``color.py``, for tensors).

Every picture here is a tensor [1, 3, H, W] in 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from allaprima.color import keep_color, luminance_of, match_color, match_luminance
from allaprima.errors import OptionError, TrainingError
from allaprima.training.recipes import Recipe

STARTS = ("content", "noise", "style")
MARGIN = 8
"""Pixels: more than the frame that VGG16's zero padding paints, about four, and one pixel after its three pools."""


def from_pixels(pixels: NDArray[np.uint8]) -> Tensor:
    """Uint8 [H, W, 3] -> float32 [1, 3, H, W] in 0..1."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().contiguous() / 255.0


def to_pixels(image: Tensor) -> NDArray[np.uint8]:
    """[1, 3, H, W] in 0..1 -> uint8 [H, W, 3]."""
    return (255.0 * image[0]).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def smallest_side(recipe: Recipe) -> int:
    """Pixels that both sides of a picture need for the recipe's deepest layer to be at least 2×2: 16 for relu4_3."""
    return int(2 ** max(int(layer[4]) for layer in (*recipe.content_layers, *recipe.style_layers)))


def check_sizes(recipe: Recipe, images: Sequence[Tensor]) -> None:
    """Raise a TrainingError for a picture that is too small for the recipe's layers."""
    needed = smallest_side(recipe)
    for image in images:
        height, width = image.shape[2:]
        if min(height, width) < needed:
            raise TrainingError(
                f"a picture of {width}×{height} pixels is too small for the layers: both sides need at least {needed}"
            )


def pyramid(width: int, height: int, coarsest: int | None) -> list[tuple[int, int]]:
    """The levels' (width, height), from coarse to full, √2 apart; no short side but a full one below ``coarsest``."""
    levels = 0
    if coarsest is not None:
        levels = max(0, math.floor(2 * math.log2(min(width, height) / coarsest) + 1e-9))
    scales = [2.0 ** (-level / 2) for level in range(levels, -1, -1)]
    return [(round(width * scale), round(height * scale)) for scale in scales]


def make_start(kind: str, content: Tensor, styles: Sequence[Tensor], seed: int) -> Tensor:
    """The picture to begin with, of the content's size; ``kind`` is one of ``STARTS``.

    Raises:
        OptionError: it is none of them.
    """
    height, width = content.shape[2:]
    if kind == "content":
        return content
    if kind == "noise":
        return torch.rand(content.shape, generator=torch.Generator().manual_seed(seed)).to(content)
    if kind == "style":
        scale = max(height / styles[0].shape[2], width / styles[0].shape[3])
        size = (max(width, round(styles[0].shape[3] * scale)), max(height, round(styles[0].shape[2] * scale)))
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        return resized(styles[0], size)[..., top : top + height, left : left + width]
    raise OptionError(f"there is no start {kind}; choose one of: {', '.join(STARTS)}")


def resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """The picture [1, 3, H, W] in 0..1 at another (width, height), without aliasing."""
    if (image.shape[3], image.shape[2]) == size:
        return image
    return F.interpolate(image, (size[1], size[0]), mode="bicubic", antialias=True).clamp(0.0, 1.0)


def with_margin(image: Tensor) -> Tensor:
    """The picture, reflected beyond its edges by ``MARGIN`` pixels (by fewer if it has no more)."""
    margin = min(MARGIN, min(image.shape[2:]) - 1)
    return F.pad(image, (margin,) * 4, mode="reflect")


def without_margin(image: Tensor, size: tuple[int, int]) -> Tensor:
    """The middle of that (width, height): the inverse of ``with_margin``."""
    top, left = (image.shape[2] - size[1]) // 2, (image.shape[3] - size[0]) // 2
    return image[..., top : top + size[1], left : left + size[0]]


def scaled_style(style: Tensor, scale: float, recipe: Recipe) -> Tensor:
    """A style image for one level: strokes keep their size relative to the picture as far as the layers allow."""
    scale = max(scale, smallest_side(recipe) / min(style.shape[2:]))
    return resized(style, (round(style.shape[3] * scale), round(style.shape[2] * scale)))


def gray(image: Tensor) -> Tensor:
    """The luminance in all three channels."""
    return _in_three_channels(luminance_of(_array(image)), image)


def gray_like(style: Tensor, photo: Tensor) -> Tensor:
    """The style's luminance, as bright and as rich in contrast as the photograph's, in all three channels."""
    return _in_three_channels(match_luminance(luminance_of(_array(style)), luminance_of(_array(photo))), style)


def with_chroma_of(image: Tensor, photo: Tensor) -> Tensor:
    """The luminance of ``image`` in the colors of ``photo``, of the same size."""
    return _tensor(keep_color(_array(image), _array(photo)), image)


def recolored(style: Tensor, photo: Tensor) -> Tensor:
    """The style image in the photograph's colors."""
    return _tensor(match_color(_array(style), _array(photo)), style)


def _in_three_channels(luminance: NDArray[np.float64], like: Tensor) -> Tensor:
    return _tensor(np.repeat(luminance[..., None], 3, axis=2), like)


def _array(image: Tensor) -> NDArray[np.float64]:
    """[1, 3, H, W] -> [H, W, 3]."""
    return image[0].permute(1, 2, 0).double().cpu().numpy()


def _tensor(picture: NDArray[np.float64], like: Tensor) -> Tensor:
    """[H, W, 3] -> [1, 3, H, W], clipped to 0..1, of the type and on the device of ``like``."""
    return torch.from_numpy(np.clip(picture, 0.0, 1.0)).permute(2, 0, 1)[None].to(like).contiguous()
