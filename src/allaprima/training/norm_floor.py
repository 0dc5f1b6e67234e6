"""A floor under the variance of every norm, so that a dark or plain picture is not stretched to full contrast.

Instance norm, (x − μ) / √(σ² + ε) with next to no ε, gives every picture the same contrast: the noise of a dark wall
becomes a painting, a night sky a bright field. Here ε is a share of what σ² is in photographs. It is the ``epsilon`` of
ONNX's ``InstanceNormalization``, one number for each norm, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from allaprima.training.layers import EPSILON, ConditionalInstanceNorm, ConvNorm, TransposeConvNorm
from allaprima.training.networks import StyleNetwork

LARGEST_CHANGE = 8.0
"""At most so much a channel that hardly ever sees anything is made larger."""


def has_floor(network: StyleNetwork) -> bool:
    """Whether all of its norms have one."""
    return min(network.epsilons) > EPSILON


@torch.no_grad()
def adopt_floor(network: StyleNetwork, photos: Tensor, share: float, entries: Sequence[int]) -> None:
    """Give every norm a floor, and paint a photograph of ordinary contrast as before.

    The floor of a norm is that share of its median σ². One floor serves all of its channels, so each channel's
    convolution is first scaled to have that median itself. What the floor takes from ordinary pictures, the styles'
    scales give back.

    Args:
        network: is changed in place.
        photos: [N, 3, H, W] in 0..1, on the network's device.
        share: 0 takes the floors away.
        entries: the bank's entries by whose paintings is measured; with one, all entries are taken to be like it.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, (ConvNorm, TransposeConvNorm))]
    for layer, seen in zip(layers, _variances(network, photos, entries), strict=True):
        typical = seen.flatten(0, 1).median(0).values  # [C]
        level = typical.median()
        scale = (level / typical.clamp_min(1e-12)).sqrt().clamp(1.0 / LARGEST_CHANGE, LARGEST_CHANGE)
        epsilon = max(share * level.item(), EPSILON)
        layer.conv.weight.mul_(scale.view((1, -1, 1, 1) if isinstance(layer, TransposeConvNorm) else (-1, 1, 1, 1)))
        own = seen.median(1).values  # [entries, C]
        before = (own / (own + layer.norm.epsilon)).sqrt()
        after = (scale.square() * own / (scale.square() * own + epsilon)).sqrt()
        factor = (before / after.clamp_min(1e-12)).clamp(1.0 / LARGEST_CHANGE, LARGEST_CHANGE)
        if len(entries) == 1:
            layer.norm.scale.mul_(factor)
        else:
            layer.norm.scale[:, list(entries)] *= factor
        layer.norm.epsilon = epsilon


def _variances(network: StyleNetwork, photos: Tensor, entries: Sequence[int]) -> list[Tensor]:
    """What the norms see, in the order of ``network.modules()``: σ² as [entries, N, C] each."""
    seen: dict[nn.Module, list[Tensor]] = {}

    def look(norm: nn.Module, inputs: tuple[Tensor, Tensor]) -> None:
        seen.setdefault(norm, []).append(inputs[0].var((2, 3), correction=0))

    norms = [module for module in network.modules() if isinstance(module, ConditionalInstanceNorm)]
    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    for entry in entries:
        network(photos, torch.eye(network.styles, device=photos.device)[entry])
    for hook in hooks:
        hook.remove()
    return [torch.stack(seen[norm]) for norm in norms]
