"""As much contrast as the painting has, for a network that has learned less.

Where a network's strokes do not fit the painting's, the Gram matrices are nearest to each other with less of them: the
distance is least where the painting is paler than the style image. Histogram losses (Risser, Wilmot & Barnes 2017,
*Stable and Controllable Neural Texture Synthesis and Style Transfer Using Histogram Losses*) are against the same
fault; they belong to optimization. A network has it in the same measure in all of its pictures, so it is mended once,
when the network is finished: the last norm's scales and shifts of a style are multiplied by one number, which the ReLU
and the last convolution let through to the scaled tanh. Painting takes no longer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from allaprima.training.networks import StyleNetwork, conditions_of
from allaprima.training.shade import LUMA
from allaprima.training.validation import one_style

MOST = 1.4
"""The largest number: more would raise noise and weave too much."""
DARK, LIGHT = 0.03, 0.97
"""Luminance beyond which nothing is to be made out."""
BURNT = 0.03
"""Share of the pixels that may lie there beside those that did before, or do in the painting."""
_EXACT = 0.01
"""How near that number is found to what it should be."""


def luminance(pictures: Tensor) -> Tensor:
    """[N, 3, H, W] in 0..1 -> [N, 1, H, W] in 0..1."""
    weights = torch.tensor(LUMA, device=pictures.device).view(1, 3, 1, 1)
    return (pictures * weights).sum(1, keepdim=True)


def contrast(pictures: Tensor) -> float:
    """The standard deviation of luminance in a picture, the mean over all: [N, 3, H, W] in 0..1 -> 0..0.5."""
    return float(luminance(pictures).flatten(1).std(1, correction=0).mean())


def burnt(pictures: Tensor) -> float:
    """The share of pixels that are all but black or white: [N, 3, H, W] in 0..1 -> 0..1."""
    light = luminance(pictures)
    return float(((light < DARK) | (light > LIGHT)).float().mean())


@torch.no_grad()
def give_contrast(
    network: StyleNetwork, photos: Tensor, paintings: Sequence[Tensor], share: float, first: int
) -> list[float]:
    """Raise the contrast of what a network paints to that share of its paintings' own, as far as little is burnt out.

    No contrast is lowered.

    Args:
        network: is changed in place.
        photos: [N, 3, H, W] in 0..1, on the network's device.
        paintings: the style images, [1, 3, H, W] in 0..1, of the bank's entries from ``first`` on.
        share: of a painting's contrast, 0 or more.
        first: the first style's entry in the bank.

    Returns:
        By how much each style's scales and shifts were multiplied: 1..``MOST``.
    """
    gains = []
    for entry, painting in enumerate(paintings, first):
        mixture = one_style(network.styles, entry, photos.device)
        features = network.body(photos, conditions_of(mixture))
        plain = network.painted(features, photos)
        wanted, allowed = share * contrast(painting), BURNT + max(burnt(painting), burnt(plain))
        least, most = 1.0, MOST if contrast(plain) < wanted else 1.0
        while most - least > _EXACT:
            middle = (least + most) / 2
            stronger = network.painted(middle * features, photos)
            if contrast(stronger) < wanted and burnt(stronger) <= allowed:
                least = middle
            else:
                most = middle
        for weight in (network.last_norm.scale, network.last_norm.shift):
            weight[:, entry] *= least
        gains.append(least)
    return gains
