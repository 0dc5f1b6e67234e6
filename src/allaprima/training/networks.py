"""The image transformation networks f_W of Johnson et al. 2016: photograph in, painting out, one pass.

Two bodies, one conditioning. ``johnson`` is the paper's network; ours for a CPU comes in two sizes, ``fast`` and
``fine``. In all, every normalization layer holds one scale and one shift vector *per style of the bank* (Dumoulin,
Shlens & Kudlur 2017), and a *mixture*, one weight per style, blends them. Entry 0 of every bank is
``photo``, the identity; its share of the mixture decides how much of the photograph stays.

Shapes: pictures are float ``[N, 3, H, W]``, RGB in 0..1; mixtures are float ``[S]`` (one for the whole
batch) or ``[N, S]`` (one per picture), their weights sum to 1. Height and width must be multiples of
the network's ``stride``; the exported style model pads any other size (see ``export/graph.py``).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from allaprima.errors import TrainingError
from allaprima.style_model import PHOTO, STRENGTH_POWER
from allaprima.training.layers import (
    ConditionalInstanceNorm,
    ConvNorm,
    Foldable,
    ResidualBlock,
    ResizeConvNorm,
    TransposeConvNorm,
    UpsampleConv,
    reflect,
)
from allaprima.training.shade import Shade

TINY = 1e-6
"""What a mixture without any style is divided by, in place of 0."""


class StyleNetwork(nn.Module):
    """What all networks share: the scaled tanh and the way around the network that ``photo`` takes.

    The result is x + gain(m) · (painted − x): all of the photograph at strength 0 without any training, all of the
    painting at strength 1, and between them a network that is told the strength and was trained for it (compare
    Babaeizadeh & Ghiasi 2018).
    """

    name: str
    stride: int
    default_width: int

    def __init__(self, styles: int, width: int | None = None) -> None:
        super().__init__()
        self.styles, self.width = styles, width or self.default_width
        self.shade: Shade | None = None

    def body(self, image: Tensor, conditions: Tensor) -> Tensor:
        """Everything up to the last convolution."""
        raise NotImplementedError

    def head(self, features: Tensor) -> Tensor:
        """The last convolution, to [N, 3, H, W]."""
        raise NotImplementedError

    def squash(self, x: Tensor) -> Tensor:
        """What the head gives, any real numbers of any shape, into −1..1: half of the paper's "scaled tanh"."""
        return torch.tanh(x)

    def light(self, image: Tensor) -> Tensor:
        """What is left of the painting's light in the dark: image [N, 3, H, W] -> [N, 1, H/2, W/2]; or 1, [1, 1, 1, 1].

        The latter where ``shadows`` is 1, as in the paper.
        """
        return image.new_ones(1, 1, 1, 1) if self.shade is None else self.shade(image)

    def forward(self, image: Tensor, mixture: Tensor) -> Tensor:
        """image: [N, 3, H, W] in 0..1; mixture: [S] or [N, S] -> [N, 3, H, W] in 0..1."""
        features = self.body(image, conditions_of(mixture))
        with torch.autocast(image.device.type, enabled=False):  # pixels are not for half precision
            painted = self.painted(features.float(), image)
        return image + gain(mixture) * (painted - image)

    def painted(self, features: Tensor, image: Tensor) -> Tensor:
        """What the network paints at full strength: what ``body`` gives, and [N, 3, H, W] -> [N, 3, H, W] in 0..1."""
        painted = 0.5 * self.squash(self.head(features)) + 0.5
        if self.shade is not None:
            painted = painted * F.interpolate(self.light(image.float()), scale_factor=2.0, mode="nearest")
        return painted

    @property
    def epsilons(self) -> tuple[float, ...]:
        """What each norm adds to the variance, in the order in which the norms see a picture."""
        return tuple(norm.epsilon for norm in self._norms())

    @epsilons.setter
    def epsilons(self, values: Sequence[float]) -> None:
        for norm, value in zip(self._norms(), values, strict=True):
            norm.epsilon = value

    @property
    def shadows(self) -> float:
        """What is left of a painting's light where the photograph is black; 1 for all of it."""
        return 1.0 if self.shade is None else float(self.shade.darkest)

    @shadows.setter
    def shadows(self, value: float) -> None:
        self.shade = Shade(value).to(next(self.parameters()).device) if value < 1.0 else None

    @property
    def learning(self) -> list[nn.Parameter]:
        """The weights that training changes: all, but after ``train_only``."""
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    def adopt(self, other: StyleNetwork) -> None:
        """Take over what another network has besides its weights: the floors of its norms, and its shadows."""
        self.epsilons, self.shadows = other.epsilons, other.shadows

    @property
    def last_norm(self) -> ConditionalInstanceNorm:
        """The one whose result, through a ReLU, is what ``body`` gives."""
        return self._norms()[-1]

    def _norms(self) -> list[ConditionalInstanceNorm]:
        return [module for module in self.modules() if isinstance(module, ConditionalInstanceNorm)]

    def check_crops(self, side: int) -> None:
        """Raise a ``TrainingError`` for squares that the network cannot take."""
        if side % self.stride:
            raise TrainingError(f"the size of the crops must be a multiple of {self.stride} for {self.name}")

    def to_inference(self) -> StyleNetwork:
        """A copy that paints the same for less work; its weights have the same names and values.

        Its head may give the picture as phases, which ``interleaved`` puts together.
        """
        network = copy.deepcopy(self)
        for parent in list(network.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, Foldable):
                    setattr(parent, name, layer.to_inference())
        return network

    def train_only(self, entries: Sequence[int], *, lower: bool = False) -> None:
        """Let training change nothing but the scales and shifts of those entries of the bank.

        What Dumoulin et al. 2017, section 3.2, do to add a style to a trained network: the others paint as before.
        With ``lower`` those entries paint as before, too, at full strength: what lower ones change is all that trains.
        """
        self.requires_grad_(False)
        for norm in self._norms():
            norm.train_only(entries, lower=lower)


def conditions_of(mixture: Tensor) -> Tensor:
    """What the norms are told of a mixture: [S] -> [2, S], [N, S] -> [N, 2, S].

    Its styles as if at full strength, and the same times m[photo], for the change that a lower strength makes. So a
    network that was never trained for strength paints the full style at each. ``photo`` goes around the network.
    """
    photo = mixture[..., PHOTO : PHOTO + 1]
    full = F.pad(mixture[..., PHOTO + 1 :], [1, 0]) / (1.0 - photo).clamp_min(TINY)
    return torch.stack([full, photo * full], dim=-2)


def gain(mixture: Tensor) -> Tensor:
    """How much of the result the network paints: 1 − m[photo]^1.5; [S] -> [1, 1, 1], [N, S] -> [N, 1, 1, 1]."""
    return (1.0 - mixture[..., PHOTO].pow(STRENGTH_POWER))[..., None, None, None]


class Johnson(StyleNetwork):
    """The network of Johnson et al. 2016, supplement Table 1, with instance norm in place of batch norm.

    Reflection padding 40; 9×9 conv 32; 3×3 stride-2 convs 64 and 128; five residual blocks of 128 without
    padding (they eat the 40 pixels); two fractionally strided 3×3 convs 64 and 32; 9×9 conv 3; scaled tanh.
    """

    name, stride, default_width = "johnson", 4, 32
    BLOCKS, PADDING = 5, 40

    def __init__(self, styles: int, width: int | None = None) -> None:
        super().__init__(styles, width)
        width = self.width
        self.stem = ConvNorm(3, width, 9, styles)
        self.down1 = ConvNorm(width, 2 * width, 3, styles, stride=2)
        self.down2 = ConvNorm(2 * width, 4 * width, 3, styles, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(4 * width, styles, pad=False) for _ in range(self.BLOCKS))
        self.up1 = TransposeConvNorm(4 * width, 2 * width, styles)
        self.up2 = TransposeConvNorm(2 * width, width, styles)
        self.last = nn.Conv2d(width, 3, 9)

    def body(self, image: Tensor, conditions: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, width, H, W]."""
        x = reflect(reflect(image, self.PADDING, self.PADDING, dim=-2), self.PADDING, self.PADDING, dim=-1)
        x = self.stem(x, conditions)
        x = self.down2(self.down1(x, conditions), conditions)
        for block in self.blocks:
            x = block(x, conditions)
        return self.up2(self.up1(x, conditions), conditions)  # type: ignore[no-any-return]

    def head(self, features: Tensor) -> Tensor:
        """[N, width, H, W] -> [N, 3, H, W]."""
        z: Tensor = self.last(F.pad(features, [4, 4, 4, 4], mode="reflect"))
        return z


class Slim(StyleNetwork):
    """Ours: the same idea for a CPU; ``Fast`` and ``Fine`` are its two sizes.

    Two stride-2 convolutions (5×5, 3×3), residual blocks at a quarter of the size, a resize-convolution back to
    half the size, and a last one to the picture. As in the paper's network everything passes through the quarter-size
    features: a way around them for fine detail, which was tried, keeps a photograph with a pattern laid over it.
    Nothing runs at full size: the last convolution is folded to half size when the model ships.
    """

    stride = 4
    default_blocks: int

    def __init__(self, styles: int, width: int | None = None, blocks: int | None = None) -> None:
        super().__init__(styles, width)
        width, blocks = self.width, blocks or self.default_blocks
        self.down1 = ConvNorm(3, width, 5, styles, stride=2)
        self.down2 = ConvNorm(width, 2 * width, 3, styles, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(2 * width, styles) for _ in range(blocks))
        self.up = ResizeConvNorm(2 * width, width, styles)
        self.last = UpsampleConv(width, 3)

    def body(self, image: Tensor, conditions: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, width, H/2, W/2]."""
        x = self.down2(self.down1(image, conditions), conditions)
        for block in self.blocks:
            x = block(x, conditions)
        return self.up(x, conditions)  # type: ignore[no-any-return]

    def head(self, features: Tensor) -> Tensor:
        """[N, width, H/2, W/2] -> [N, 3, H, W]."""
        z: Tensor = self.last(features)
        return z


class Fast(Slim):
    """In real time: more than twenty times fewer operations than the paper's network."""

    name, default_width, default_blocks = "fast", 16, 3


class Fine(Slim):
    """Better pictures at more than six times the operations of ``Fast``, less than a quarter of the paper's network."""

    name, default_width, default_blocks = "fine", 32, 6


NETWORKS: dict[str, type[StyleNetwork]] = {"fast": Fast, "fine": Fine, "johnson": Johnson}
"""Every network by the name that options and cards use."""


def make_network(name: str, styles: int, width: int | None = None) -> StyleNetwork:
    """A network of random weights for a bank of that many entries, ``photo`` included; None is its own width.

    Raises:
        TrainingError: there is no network of that name.
    """
    if name not in NETWORKS:
        raise TrainingError(f"there is no network {name}; choose one of: {', '.join(NETWORKS)}")
    return NETWORKS[name](styles, width)
