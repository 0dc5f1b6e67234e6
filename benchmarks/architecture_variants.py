"""The networks of the architecture study: each is ``Base`` with one thing changed; then, candidates for ``Fine``.

They are made of the package's own modules. What has not won a place in ``networks.py`` stays here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from allaprima.training.layers import (
    ConditionalInstanceNorm,
    ConvNorm,
    ResidualBlock,
    ResizeConvNorm,
    TransposeConvNorm,
    UpsampleConv,
)
from allaprima.training.networks import Fast, Fine, Johnson, StyleNetwork


class Base(Fast):
    """``Fast`` as it was when it was studied: with one block more than it has now."""

    default_blocks = 4


def first_kernel(styles: int, kernel: int) -> Base:
    """Another kernel of the first convolution."""
    network = Base(styles)
    network.down1 = ConvNorm(3, network.width, kernel, styles, stride=2)
    return network


def patches(styles: int) -> Base:
    """A photograph cut into squares of 4×4 pixels: a pixel unshuffle and a 1×1 convolution (as one), then a 3×3."""
    network = Base(styles)
    channels = 2 * network.width
    network.down1 = ConvNorm(3, channels, 4, styles, stride=4, pad=False)
    network.down2 = ConvNorm(channels, channels, 3, styles)
    return network


class Same(nn.Module):
    """A step that is left out."""

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """The features as they are, whatever the conditions."""
        return x


class Half(Base):
    """The blocks, of half the channels, at half the size instead of a quarter."""

    stride = 2

    def __init__(self, styles: int) -> None:
        super().__init__(styles)
        self.down2 = self.up = Same()
        self.blocks = nn.ModuleList(ResidualBlock(self.width, styles) for _ in range(self.default_blocks))


class Eighth(Base):
    """Two blocks of twice the channels at an eighth of the size."""

    stride = 8

    def __init__(self, styles: int) -> None:
        super().__init__(styles)
        quarter, eighth = 2 * self.width, 4 * self.width
        self.blocks = nn.ModuleList(
            [
                ConvNorm(quarter, eighth, 3, styles, stride=2),
                ResidualBlock(eighth, styles),
                ResidualBlock(eighth, styles),
                ResizeConvNorm(eighth, quarter, styles),
            ]
        )


class Skip(Base):
    """The features at half and at a quarter of the size are added again on the way up (Ronneberger et al. 2015)."""

    def body(self, image: Tensor, conditions: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, width, H/2, W/2]."""
        half = self.down1(image, conditions)
        quarter = x = self.down2(half, conditions)
        for block in self.blocks:
            x = block(x, conditions)
        return half + self.up(quarter + x, conditions)


class EighthSkip(Skip, Eighth):
    """``Eighth`` with the ways around of ``Skip``."""


class SubpixelConvNorm(nn.Module):
    """Twice the size by a 3×3 convolution and a pixel shuffle (ESPCN: Shi et al. 2016), instance norm, ReLU.

    The four phases begin alike (ICNR: Aitken et al. 2017), so that the first steps draw no checkerboard.
    """

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 3, bias=False)
        self.norm = ConditionalInstanceNorm(outputs, styles)
        with torch.no_grad():
            self.conv.weight.copy_(self.conv.weight[::4].repeat_interleave(4, dim=0))

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, 2H, 2W]."""
        x = F.pixel_shuffle(self.conv(F.pad(x, [1, 1, 1, 1], mode="reflect")), 2)
        return F.relu(self.norm(x, conditions))


class SubpixelConv(UpsampleConv):
    """The last step as a pixel shuffle: what ``UpsampleConv`` is when folded, with four phases that learn freely."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        alike = self.conv
        self.conv = nn.Conv2d(inputs, 4 * outputs, 3)
        with torch.no_grad():  # ICNR, as above
            self.conv.weight.copy_(alike.weight.repeat(4, 1, 1, 1))
            self.conv.bias.copy_(alike.bias.repeat(4))

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W]."""
        phases = Phases(self.conv)(x).unflatten(1, (4, -1))  # [N, phase, outputs, H/2, W/2]
        return F.pixel_shuffle(phases.transpose(1, 2).flatten(1, 2), 2)

    def to_inference(self) -> nn.Module:
        """The phases as they are."""
        return Phases(self.conv)


class Phases(nn.Module):
    """[N, inputs, H/2, W/2] -> [N, 4 · outputs, H/2, W/2], the channels in the order of ``FoldedUpsampleConv``."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.conv(F.pad(x, [1, 1, 1, 1], mode="replicate"))


def subpixel(styles: int) -> Base:
    """Pixel shuffles instead of resize-convolutions."""
    network = Base(styles)
    network.up = SubpixelConvNorm(2 * network.width, network.width, styles)
    network.last = SubpixelConv(network.width, 3)
    return network


def transpose(styles: int) -> Base:
    """Transpose convolutions, as in the paper, instead of resize-convolutions."""
    network = Base(styles)
    network.up = TransposeConvNorm(2 * network.width, network.width, styles)
    network.last = nn.ConvTranspose2d(network.width, 3, 3, stride=2, padding=1, output_padding=1)
    return network


class Linear(Base):
    """No tanh: the range is kept by the losses alone in training, by a clamp in what ships."""

    def squash(self, x: Tensor) -> Tensor:
        """The slope of tanh at 0, everywhere."""
        return x if self.training else x.clamp(-1.0, 1.0)


class ConditionalFilterResponseNorm(nn.Module):
    """z = max(γ_s · x / √(ν² + ε) + β_s, τ_s), ν² the mean square over height and width (Singh & Krishnan 2020).

    No mean is taken away, which is why the threshold τ (their TLU) is learned; here it belongs to the style, too.
    """

    EPSILON = 1e-6

    def __init__(self, channels: int, styles: int, *, threshold: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))
        self.threshold = nn.Parameter(torch.zeros(styles, channels)) if threshold else None

    def forward(self, x: Tensor, conditions: Tensor, *, relu: bool = False) -> Tensor:
        """x: [N, C, H, W]; conditions: [2, S] or [N, 2, S] -> [N, C, H, W], through a ReLU if it is to be."""
        shares = conditions[..., 0, :]  # the study knows full strength only
        scale, shift = ((shares @ p)[..., None, None] for p in (self.scale, self.shift))
        z = scale * (x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + self.EPSILON)) + shift
        if self.threshold is not None:
            z = torch.maximum(z, (shares @ self.threshold)[..., None, None])
        return F.relu(z) if relu else z


def filter_response(styles: int) -> Base:
    """Filter response norm and TLU in the place of every instance norm and ReLU."""
    network = Base(styles)
    for layer in list(network.modules()):
        if isinstance(layer, ConvNorm):
            channels = layer.conv.out_channels
            layer.norm = ConditionalFilterResponseNorm(channels, styles, threshold=layer.relu)
            layer.relu = False
    return network


def pointwise(styles: int) -> Base:
    """Blocks of a 3×3 and a 1×1 convolution, as many as have the operations of four blocks of two 3×3."""
    network = Base(styles, blocks=7)
    channels = 2 * network.width
    for block in network.blocks:
        block.second = ConvNorm(channels, channels, 1, styles, relu=False)
    return network


def dilated(styles: int) -> Base:
    """Every block's first convolution sees twice as far (Yu & Koltun 2016); its second closes the gaps."""
    network = Base(styles)
    channels = 2 * network.width
    for block in network.blocks:
        block.first.conv = nn.Conv2d(channels, channels, 3, dilation=2, bias=False)
        block.first.pad = 2
    return network


@dataclass(frozen=True)
class Variant:
    """One row of the study."""

    about: str
    """What differs from ``Base``."""
    build: Callable[[int], StyleNetwork]
    """A fresh network for a bank of that many entries, ``photo`` included."""
    seed: int = 0


DISTILLED = "distilled"
"""The row of ``Base`` trained with a teacher as well."""

VARIANTS = {
    "fast": Variant("5×5 s2 16, 3×3 s2 32, 4 residual blocks of 32 at 1/4, resize-convs, scaled tanh", Base),
    "fast-again": Variant("another seed: how much chance there is in all rows", Base, seed=1),
    "width-12": Variant("width 12", lambda styles: Base(styles, 12)),
    "width-24": Variant("width 24", lambda styles: Base(styles, 24)),
    "width-32": Variant("width 32", lambda styles: Base(styles, 32)),
    "blocks-2": Variant("2 blocks", lambda styles: Base(styles, blocks=2)),
    "blocks-3": Variant("3 blocks, which is what ships", Fast),
    "blocks-6": Variant("6 blocks", lambda styles: Base(styles, blocks=6)),
    "kernel-3": Variant("first kernel 3×3", lambda styles: first_kernel(styles, 3)),
    "kernel-9": Variant("first kernel 9×9", lambda styles: first_kernel(styles, 9)),
    "patches": Variant("pixel unshuffle by 4, 1×1 and 3×3 convolution", patches),
    "half": Variant("4 blocks of 16 at 1/2", Half),
    "eighth": Variant("2 blocks of 64 at 1/8", Eighth),
    "skip": Variant("features at 1/2 and 1/4 added again on the way up", Skip),
    "eighth-skip": Variant("2 blocks of 64 at 1/8, features at 1/2 and 1/4 added again", EighthSkip),
    "subpixel": Variant("convolution and pixel shuffle (ICNR) for resize-convs", subpixel),
    "transpose": Variant("transpose convolutions for resize-convs", transpose),
    "linear": Variant("linear head, clamped in what ships", Linear),
    "frn": Variant("filter response norm and TLU for instance norm and ReLU", filter_response),
    "pointwise": Variant("7 blocks of a 3×3 and a 1×1 convolution", pointwise),
    "dilated": Variant("first convolution of each block dilated by 2", dilated),
    "johnson-16": Variant("the paper's network at half its width", lambda styles: Johnson(styles, 16)),
    "fine-24x6": Variant("width 24, 6 blocks of 48", lambda styles: Fine(styles, 24, blocks=6)),
    "fine-32x5": Variant("width 32, 5 blocks of 64", lambda styles: Fine(styles, 32, blocks=5)),
    "fine-32x6": Variant("width 32, 6 blocks of 64", lambda styles: Fine(styles, 32, blocks=6)),
    "fine-32x8": Variant("width 32, 8 blocks of 64", lambda styles: Fine(styles, 32, blocks=8)),
}
