"""The layers of the image transformation networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

EPSILON = 1e-5
"""What a norm adds to the variance if it has no floor."""


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

    Attributes:
        epsilon: is added to the variance; see ``norm_floor.py``.
    """

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.stack([torch.ones(styles, channels), torch.zeros(styles, channels)]))
        self.shift = nn.Parameter(torch.zeros(2, styles, channels))
        self.epsilon = EPSILON

    def forward(self, x: Tensor, conditions: Tensor, *, relu: bool = False) -> Tensor:
        """x: [N, C, H, W]; conditions: [2, S] or [N, 2, S] -> [N, C, H, W], through a ReLU if it is to be."""
        if conditions.dim() == 2:
            scale, shift = (conditions.flatten() @ weight.flatten(0, 1) for weight in (self.scale, self.shift))
            z = F.instance_norm(x, weight=scale, bias=shift, eps=self.epsilon)
            return F.relu(z) if relu else z
        shares = conditions.flatten(1)[..., None]  # a sum of products, since a matrix product may be in half precision
        scale, shift = ((shares * weight.flatten(0, 1)).sum(1) for weight in (self.scale, self.shift))
        if x.device.type == "cpu":
            y: Tensor = _Normalized.apply(x, scale, shift, self.epsilon, relu)  # type: ignore[no-untyped-call]
            return y
        z = torch.addcmul(shift[..., None, None], F.instance_norm(x, eps=self.epsilon), scale[..., None, None])
        return F.relu(z) if relu else z

    def train_only(self, entries: Sequence[int], *, lower: bool) -> None:
        """Keep the scales and shifts of all other entries as they are: their gradients become 0.

        With ``lower`` those of full strength are kept as well, and only the changes for lower ones train.
        """
        trained = torch.zeros_like(self.scale)
        trained[int(lower) :, list(entries)] = 1.0
        for parameter in (self.scale, self.shift):
            parameter.requires_grad_(True)
            parameter.register_hook(lambda gradient: gradient * trained)  # type: ignore[no-untyped-call]


class _Normalized(torch.autograd.Function):
    """Instance norm with scales and shifts [N, C] of each picture, and a ReLU, with the derivative written out.

    On a CPU, PyTorch's own norm copies features in channels-last order, as they are in training, and takes three times
    as many passes over them. With a = γ / √(σ² + ε), x̂ = (x − μ) / √(σ² + ε) and means over height and width,
    ∂L/∂x = a · (g − mean(g) − x̂ · mean(g · x̂)).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, epsilon: float, relu: bool) -> Tensor:
        n, c, h, w = x.shape
        flat = x.permute(0, 2, 3, 1).reshape(n, h * w, c)
        exact = flat.float()
        mean = exact.mean(1, keepdim=True)
        deviation = ((exact - mean).square().mean(1, keepdim=True) + epsilon).rsqrt()
        factor = deviation * scale[:, None]
        y = torch.addcmul(shift[:, None] - mean * factor, exact, factor).to(x.dtype)
        y = y.relu() if relu else y
        ctx.save_for_backward(flat, y if relu else None, mean, deviation, factor)
        return y.view(n, h, w, c).permute(0, 3, 1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        flat, y, mean, deviation, factor = ctx.saved_tensors
        n, c, h, w = gradients[0].shape
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(n, h * w, c)
        if y is not None:
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        of_shift = gradient.sum(1, keepdim=True, dtype=torch.float32)
        products = (gradient * flat).sum(1, keepdim=True, dtype=torch.float32)
        of_scale = deviation * (products - mean * of_shift)
        slope = -factor * deviation * of_scale / (h * w)
        offset = -factor * of_shift / (h * w) - slope * mean
        back = torch.addcmul(torch.addcmul(offset, flat.float(), slope), gradient.float(), factor).to(flat.dtype)
        return back.view(n, h, w, c).permute(0, 3, 1, 2), of_scale[:, 0], of_shift[:, 0], None, None


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
        z: Tensor = self.norm(self.conv(x), conditions, relu=self.relu)
        return z


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
        z: Tensor = self.norm(self.conv(x), conditions, relu=True)
        return z


class Foldable(nn.Module):
    """A layer that trains as one thing and ships as another, which computes the same for less."""

    def to_inference(self) -> nn.Module:
        """What ships: it shares this layer's weights, under the same names."""
        raise NotImplementedError


class ResizeConvNorm(Foldable):
    """Twice the size: 1×1 convolution, nearest ×2, 3×3 convolution, conditional instance norm, ReLU.

    A resize before the convolution leaves no checkerboard (Odena et al. 2016). The 1×1 convolution runs first, at
    the small size, which halves the cost of growing and then narrowing.
    """

    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1)
        self.mix = ConvNorm(outputs, outputs, 3, styles)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W]."""
        z: Tensor = self.mix(F.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest"), conditions)
        return z

    def to_inference(self) -> FoldedResizeConvNorm:
        """The same result for a third less work."""
        return FoldedResizeConvNorm(self.narrow, self.mix)


class FoldedResizeConvNorm(nn.Module):
    """``ResizeConvNorm`` with a 2×3 convolution at the small size for even rows and one for odd (see ``fold_taps``)."""

    def __init__(self, narrow: nn.Conv2d, mix: ConvNorm) -> None:
        super().__init__()
        self.narrow, self.mix = narrow, mix

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W]."""
        z: Tensor = self.mix.norm(self._grown(self.narrow(x)), conditions, relu=True)
        return z

    def _grown(self, x: Tensor) -> Tensor:
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


class UpsampleConv(Foldable):
    """Nearest ×2, one mirrored pixel, 3×3 convolution: the last step from half size to the picture."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, outputs, H, W], by way of the phases, in training as well."""
        phases: Tensor = self.to_inference()(x)
        n, _, h, w = phases.shape
        return F.pixel_shuffle(phases.view(n, 4, -1, h, w).transpose(1, 2).flatten(1, 2), 2)

    def to_inference(self) -> nn.Module:
        """The same picture, as four phases, at a quarter of the cost."""
        return FoldedUpsampleConv(self.conv)


class FoldedUpsampleConv(nn.Module):
    """``UpsampleConv`` with one convolution at half size for each of the four output phases (see ``fold_taps``)."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H/2, W/2] -> [N, 4 · outputs, H/2, W/2], channel (2·dy + dx) · outputs + c for phase (dy, dx)."""
        phases = [(dy, dx) for dy in (0, 1) for dx in (0, 1)]
        folded = (fold_taps(fold_taps(self.conv.weight, -2, dy), -1, dx) for dy, dx in phases)
        weight = torch.cat(
            [F.pad(taps, [dx, 1 - dx, dy, 1 - dy]) for taps, (dy, dx) in zip(folded, phases, strict=True)]
        )
        return F.conv2d(F.pad(x, [1, 1, 1, 1], mode="replicate"), weight, self.conv.bias.repeat(4))  # type: ignore[union-attr]


def interleaved(phases: Tensor) -> Tensor:
    """Put phases together, colors last: [N, k · k · 3, H/k, W/k] -> [N, H, W, 3].

    Channel (k · dy + dx) · 3 + c holds the pixels at (k·i + dy, k·j + dx); a picture as it is has k = 1.
    """
    k = math.isqrt(phases.shape[1] // 3)
    z = phases.permute(0, 2, 3, 1)
    if k == 1:
        return z
    n, h, w, _ = z.shape
    return z.reshape(n, h, w, k, k * 3).transpose(2, 3).reshape(n, k * h, k * w, 3)
