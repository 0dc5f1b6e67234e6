"""The image transformation networks f_W of Johnson et al. 2016: photograph in, painting out, one pass.

Two bodies, one conditioning. ``johnson`` is the paper's network; ours for a CPU comes in two sizes, ``fast`` and
``fine``. In all, every normalisation layer holds one scale and one shift vector *per style of the bank* (Dumoulin,
Shlens & Kudlur 2017), and a *mixture*, one weight per style, blends them. Entry 0 of every bank is
``photo``, the identity; its share of the mixture decides how much of the photograph stays.

Shapes: pictures are float ``[N, 3, H, W]``, RGB in 0..1; mixtures are float ``[S]`` (one for the whole
batch) or ``[N, S]`` (one per picture), their weights sum to 1. Height and width must be multiples of
the network's ``stride``; the exported style model pads any other size (see ``export.py``).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from allaprima.errors import TrainingError

PHOTO = 0
"""The bank's entry for the unchanged photograph."""

TINY = 1e-6
"""What a mixture without any style is divided by, in place of 0."""


def reflect(x: Tensor, before: int, after: int, dim: int) -> Tensor:
    """Mirror ``x`` beyond both ends of ``dim`` without repeating the edge, as often as it takes.

    ``F.pad(mode="reflect")`` needs more pixels than it adds; a 16-pixel picture has not got them.
    """
    size = x.shape[dim]
    position = torch.arange(-before, size + after, device=x.device)
    period = torch.full_like(position, 2 * (size - 1))  # a tensor, since only that exports with a size of its own
    return x.index_select(dim, (size - 1) - (position.remainder(period) - (size - 1)).abs())


def fold_taps(weight: Tensor, dim: int, phase: int) -> Tensor:
    """A convolution of 3 taps along ``dim`` that follows nearest ×2, as one of 2 taps on the small picture.

    At output 2·i + phase, two of the three fall on copies of one small pixel, and so add up: phase 0 sees the small
    pixels i − 1 and i, phase 1 sees i and i + 1. One mirrored pixel outside the large picture is one repeated pixel of
    the small.
    """
    first, middle, last = weight.unbind(dim)
    return torch.stack([first + middle, last] if phase else [first, middle + last], dim)


class ConditionalInstanceNorm(nn.Module):
    """Instance norm whose scale and shift belong to the style: z = γ_s · (x − μ) / σ + β_s.

    Dumoulin et al. 2017, eq. 5; μ and σ are taken over height and width of each picture and channel
    (Ulyanov et al. 2016). A style has two of each: those of full strength, and the change that a lower strength makes
    to them, at first none. Conditions c (``conditions_of``) give γ = Σ c_ks γ_ks and β = Σ c_ks β_ks.
    """

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.stack([torch.ones(styles, channels), torch.zeros(styles, channels)]))
        self.shift = nn.Parameter(torch.zeros(2, styles, channels))

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """x: [N, C, H, W]; conditions: [2, S] or [N, 2, S] -> [N, C, H, W]."""
        scale, shift = (conditions.flatten(-2) @ weight.flatten(0, 1) for weight in (self.scale, self.shift))
        if scale.dim() == 1:
            return F.instance_norm(x, weight=scale, bias=shift)
        return torch.addcmul(shift[..., None, None], F.instance_norm(x), scale[..., None, None])

    def train_only(self, entry: int, *, lower: bool) -> None:
        """Keep the scales and shifts of the entries before that one as they are: their gradients become 0.

        With ``lower`` those of full strength are kept as well, and only the changes for lower ones train.
        """
        trained = torch.zeros_like(self.scale)
        trained[int(lower) :, entry:] = 1.0
        for parameter in (self.scale, self.shift):
            parameter.requires_grad_(True)
            parameter.register_hook(lambda gradient: gradient * trained)  # type: ignore[no-untyped-call]


class ConvNorm(nn.Module):
    """Convolution, conditional instance norm and, unless ``relu=False``, a ReLU.

    The picture is mirrored beyond its border (``pad=True``), so that no dark frame grows there. The
    convolution has no bias: the norm that follows would take it away again.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        styles: int,
        *,
        stride: int = 1,
        relu: bool = True,
        pad: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, bias=False)
        self.norm = ConditionalInstanceNorm(outputs, styles)
        self.pad = kernel // 2 if pad else 0
        self.relu = relu

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H / stride, W / stride]."""
        if self.pad:
            x = F.pad(x, [self.pad] * 4, mode="reflect")
        z: Tensor = self.norm(self.conv(x), conditions)
        return F.relu(z) if self.relu else z


class ResidualBlock(nn.Module):
    """y = x + norm(conv(relu(norm(conv(x))))): He et al. 2016 without the last ReLU (Johnson et al., supplement).

    With ``pad=False`` each convolution eats one pixel at every side, as in the paper, and the
    shortcut is cropped to match.
    """

    def __init__(self, channels: int, styles: int, *, pad: bool = True) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 3, styles, pad=pad)
        self.second = ConvNorm(channels, channels, 3, styles, relu=False, pad=pad)
        self.pad = pad

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, H, W], or [N, C, H − 4, W − 4] without padding."""
        shortcut = x if self.pad else x[..., 2:-2, 2:-2]
        z: Tensor = self.second(self.first(x, conditions), conditions)
        return shortcut + z


class TransposeConvNorm(nn.Module):
    """Fractionally strided 3×3 convolution (stride ½), conditional instance norm, ReLU: twice the size."""

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.norm = ConditionalInstanceNorm(outputs, styles)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, 2H, 2W]."""
        return F.relu(self.norm(self.conv(x), conditions))


class ResizeConvNorm(nn.Module):
    """Twice the size: 1×1 convolution, nearest ×2, 3×3 convolution, conditional instance norm, ReLU.

    A resize before the convolution leaves no checkerboard (Odena et al. 2016). The 1×1 convolution runs first, at
    the small size, which halves the cost of growing and then narrowing.

    What trains is written as above. With ``folded``, which is what ships, exactly the same is had at two thirds of the
    cost: the 3×3 convolution becomes one of 2×3 at the small size for even rows and one for odd (see ``fold_taps``).
    """

    folded = False

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1)
        self.mix = ConvNorm(outputs, outputs, 3, styles)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W]."""
        x = self.narrow(x)
        if self.folded:
            return F.relu(self.mix.norm(self._folded_mix(x), conditions))
        z: Tensor = self.mix(F.interpolate(x, scale_factor=2.0, mode="nearest"), conditions)
        return z

    def _folded_mix(self, x: Tensor) -> Tensor:
        """Nearest ×2, one mirrored pixel and ``mix.conv``: [N, C, H/2, W/2] -> [N, outputs, H, W]."""
        rows = []
        for dy in (0, 1):
            half = fold_taps(self.mix.conv.weight, -2, dy)
            weight = torch.cat([F.pad(fold_taps(half, -1, dx), [dx, 1 - dx]) for dx in (0, 1)])
            padded = F.pad(x, [1, 1, 1 - dy, dy], mode="replicate")
            rows.append(F.conv2d(padded, weight).permute(0, 2, 3, 1))  # [N, H/2, W/2, dx · outputs]
        z = torch.stack(rows, dim=2)  # with channels last, two pixels side by side are one run of memory
        n, h, _, w, c = z.shape
        return z.reshape(n, 2 * h, 2 * w, c // 2).permute(0, 3, 1, 2)


class UpsampleConv(nn.Module):
    """Nearest ×2, one mirrored pixel, 3×3 convolution: the last step from half size to the picture.

    ``forward`` is what trains. ``folded`` gives exactly the same picture at a quarter of the cost, and is
    what ships: each of the four output phases is a convolution at half size (see ``fold_taps``).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W]."""
        up = F.interpolate(x, scale_factor=2.0, mode="nearest")
        z: Tensor = self.conv(F.pad(up, [1, 1, 1, 1], mode="reflect"))
        return z

    def folded(self, x: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, 4 · outputs, H/2, W/2], channel (2·dy + dx) · outputs + c for phase (dy, dx)."""
        phases = [(dy, dx) for dy in (0, 1) for dx in (0, 1)]
        folded = (fold_taps(fold_taps(self.conv.weight, -2, dy), -1, dx) for dy, dx in phases)
        weight = torch.cat(
            [F.pad(taps, [dx, 1 - dx, dy, 1 - dy]) for taps, (dy, dx) in zip(folded, phases, strict=True)]
        )
        return F.conv2d(F.pad(x, [1, 1, 1, 1], mode="replicate"), weight, self.conv.bias.repeat(4))  # type: ignore[union-attr]


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

    def body(self, image: Tensor, conditions: Tensor) -> Tensor:
        """Everything up to the last convolution."""
        raise NotImplementedError

    def head(self, features: Tensor) -> Tensor:
        """The last convolution, to [N, 3, H, W]."""
        raise NotImplementedError

    def squash(self, x: Tensor) -> Tensor:
        """What the head gives, any real numbers of any shape, into −1..1: half of the paper's "scaled tanh"."""
        return torch.tanh(x)

    def forward(self, image: Tensor, mixture: Tensor) -> Tensor:
        """image: [N, 3, H, W] in 0..1; mixture: [S] or [N, S] -> [N, 3, H, W] in 0..1."""
        painted = 0.5 * self.squash(self.head(self.body(image, conditions_of(mixture)))) + 0.5
        return image + gain(mixture) * (painted - image)

    def train_only(self, entry: int, *, lower: bool = False) -> None:
        """Let training change nothing but the scales and shifts of that entry of the bank and of those after it.

        What Dumoulin et al. 2017, section 3.2, do to add a style to a trained network: the others paint as before.
        With ``lower`` those entries paint as before, too, at full strength: what lower ones change is all that trains.
        """
        self.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, ConditionalInstanceNorm):
                module.train_only(entry, lower=lower)


def conditions_of(mixture: Tensor) -> Tensor:
    """What the norms are told of a mixture: [S] -> [2, S], [N, S] -> [N, 2, S].

    Its styles as if at full strength, and the same times m[photo], for the change that a lower strength makes. So a
    network that was never trained for strength paints the full style at each. ``photo`` goes around the network.
    """
    photo = mixture[..., PHOTO : PHOTO + 1]
    full = F.pad(mixture[..., PHOTO + 1 :], [1, 0]) / (1.0 - photo).clamp_min(TINY)
    return torch.stack([full, photo * full], dim=-2)


def gain(mixture: Tensor) -> Tensor:
    """How much of the result the network paints: 1 − m[photo]^1.5; [S] -> [1, 1, 1], [N, S] -> [N, 1, 1, 1].

    The content distance grows faster than this share. With the power, half a strength is about half the distance.
    """
    photo = mixture[..., PHOTO]
    return (1.0 - photo * photo.sqrt())[..., None, None, None]


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
