"""The perceptual losses of Johnson et al. 2016, section 3.2: distances measured by a network that sees.

φ_j(x) is the activation of VGG16's layer j for picture x, of shape C_j × H_j × W_j. Everything here is
*per picture*: each loss maps a batch to ``[N]``, so that a recipe can weigh every picture by itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input

VGG16_LAYERS = (
    ("conv1_1", 3, 64), ("conv1_2", 64, 64),
    ("conv2_1", 64, 128), ("conv2_2", 128, 128),
    ("conv3_1", 128, 256), ("conv3_2", 256, 256), ("conv3_3", 256, 256),
    ("conv4_1", 256, 512), ("conv4_2", 512, 512), ("conv4_3", 512, 512),
)  # fmt: skip
"""The convolutions up to relu4_3: (name, input channels, output channels); a new stage begins with a 2×2 max pool."""

RGB_MEAN = (123.68, 116.779, 103.939)
"""What the original VGG16 subtracts from RGB pixels in 0..255; it divides by nothing."""

GRAM_CHUNKS = 16
"""At most so many products in bfloat16 make a Gram matrix, summed in float32: the fewer, the coarser the rounding."""

SUMMED_ROWS = 1024
"""At most so many parts of a tensor in bfloat16 are summed apart, and then together."""

Features = Mapping[str, Tensor]


class LossNetwork(nn.Module):
    """VGG16 (Simonyan & Zisserman 2015) as a fixed measure: its weights never change.

    ``weights`` maps ``conv1_1.weight`` … ``conv4_3.bias`` to tensors (see ``vgg16.py``). With
    ``dtype=torch.bfloat16`` convolutions and Gram matrices are computed in half precision; the latter are summed in
    float32.
    """

    def __init__(self, weights: Mapping[str, Tensor], dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.convs = nn.ModuleDict({name: nn.Conv2d(c, k, 3, padding=1) for name, c, k in VGG16_LAYERS})
        self.convs.load_state_dict(dict(weights))
        self.dtype = dtype
        self.register_buffer("mean", torch.tensor(RGB_MEAN).view(1, 3, 1, 1))
        self.convs.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.requires_grad_(False)

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Activations by layer name (``relu2_2`` …) for image [N, 3, H, W], RGB in 0..1 (not clamped)."""
        return self.look(image, layers, ())[0]

    def look(
        self, image: Tensor, layers: Collection[str], gram_layers: Collection[str]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Activations of some layers, as ``forward``, and Gram matrices [N, C, C] of some, by layer name.

        A gradient comes back through both at once, for less than through a ``gram_matrix`` of activations.
        """
        assert isinstance(self.mean, Tensor)
        x = (255.0 * image - self.mean).to(self.dtype).contiguous(memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        grams: dict[str, Tensor] = {}
        wanted, stage = {*layers, *gram_layers}, "1"
        for name, conv in self.convs.items():
            if name[4] != stage:
                x, stage = F.max_pool2d(x, 2), name[4]
            layer = name.replace("conv", "relu")
            x, gram = _Layer.apply(x, conv.weight, conv.bias, layer in gram_layers)  # type: ignore[no-untyped-call]
            if layer in layers:
                features[layer] = x
            if gram is not None:
                grams[layer] = gram
            wanted.discard(layer)
            if not wanted:
                break
        return features, grams


class _Layer(torch.autograd.Function):
    """One layer of the loss network, 3×3 convolution and ReLU, and the Gram matrix there if it is wanted.

    The derivative is written out because passes over these activations cost as much as convolutions: what comes back
    from the next layer and from the Gram matrix, (Γ + Γᵀ) φ / (C·H·W) where Γ = ∂L/∂G, is added within one product, in
    the activations' own precision.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, wants_gram: bool) -> tuple[Tensor, Tensor | None]:
        y = _conv_relu(x, weight, bias)
        ctx.save_for_backward(y, weight)
        ctx.inputs = x.shape
        ctx.set_materialize_grads(False)
        return y, gram_matrix(y) if wants_gram else None

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        y, weight = ctx.saved_tensors
        gradient, of_gram = gradients
        if of_gram is not None:
            gradient = _through_gram(y, of_gram, gradient)
        if gradient is None:
            return None, None, None, None
        gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        back: Tensor = conv2d_input(ctx.inputs, weight, gradient, padding=1)  # type: ignore[no-untyped-call]
        return back, None, None, None


def gram_matrix(features: Tensor) -> Tensor:
    """G_j(x) = φφᵀ / (C·H·W) in float32: [N, C, H, W] -> [N, C, C] (eq. 3)."""
    gram: Tensor = _Gram.apply(features)  # type: ignore[no-untyped-call]
    return gram


def _conv_relu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A 3×3 convolution and a ReLU; on a CPU in one pass, by the operator that compiled graphs use (oneDNN's)."""
    fused = getattr(torch.ops.mkldnn, "_convolution_pointwise", None) if x.device.type == "cpu" else None
    if fused is None:
        return F.conv2d(x, weight, bias, padding=1).relu()
    y: Tensor = fused(x, weight, bias, [1, 1], [1, 1], [1, 1], 1, "relu", [], "")
    return y


class _Gram(torch.autograd.Function):
    """The Gram matrix with its derivative written out.

    Automatic differentiation would make two products and a sum of it, all in float32, which at relu1_2 costs
    more than the convolutions there. One product in the features' own precision is enough for a gradient.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        flat = _pixels_by_channels(features)
        if features.dtype is torch.bfloat16:  # ten times faster than in float32 at relu1_2, and within 1e-3 of it
            n, pixels, c = flat.shape
            flat = flat.reshape(n, math.gcd(pixels, GRAM_CHUNKS), -1, c)
            products = (flat.transpose(2, 3) @ flat).float().sum(1)
        else:
            products = flat.transpose(1, 2) @ flat
        gram: Tensor = products / features[0].numel()
        return gram

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        return _through_gram(features, gradients[0], None)


def _through_gram(features: Tensor, gradient: Tensor, others: Tensor | None) -> Tensor:
    """∂L/∂φ = (Γ + Γᵀ) φ / (C·H·W) + what else depends on φ, where Γ = ∂L/∂G is ``gradient``, [N, C, C]."""
    flat = _pixels_by_channels(features)
    matrix = ((gradient + gradient.transpose(1, 2)) / features[0].numel()).to(features.dtype)
    result = flat @ matrix if others is None else torch.baddbmm(_pixels_by_channels(others), flat, matrix)
    n, c, h, w = features.shape
    return result.view(n, h, w, c).permute(0, 3, 1, 2)


def _pixels_by_channels(features: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, H·W, C]; without a copy for features in channels-last order, as VGG16's are here."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """|a − b|² over everything but the batch, summed in float32: [N, ...] -> [N].

    ``b`` is a target: no gradient goes there.
    """
    distance: Tensor = _SquaredDistance.apply(a, b)  # type: ignore[no-untyped-call]
    return distance


class _SquaredDistance(torch.autograd.Function):
    """Differences and gradient in the features' own precision, since each pass over those of relu2_2 counts."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        difference = a - b
        ctx.save_for_backward(difference)
        return squared_norm(difference)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (difference,) = ctx.saved_tensors
        scale = (2.0 * gradients[0]).to(difference.dtype).view(-1, *[1] * (difference.dim() - 1))
        return difference * scale, None


def squared_norm(a: Tensor) -> Tensor:
    """|a|² over everything but the batch, summed in float32: [N, ...] -> [N]."""
    if a.dtype is not torch.bfloat16:
        return a.float().square().sum(dim=tuple(range(1, a.dim())))
    flat = _pixels_by_channels(a).flatten(1) if a.dim() == 4 else a.flatten(1)
    rows = flat.reshape(len(flat), math.gcd(flat.shape[1], SUMMED_ROWS), -1)  # long sums are coarse, a copy is dear
    norms: Tensor = torch.linalg.vector_norm(rows, dim=2, dtype=torch.float32)
    return norms.square().sum(1)


def weighted(terms: Features, weights: Mapping[str, float]) -> Tensor:
    """Σ_j w_j · t_j over the layers j: [N] each -> [N]."""
    return torch.stack([weight * terms[j] for j, weight in weights.items()]).sum(0)


def content_loss(features: Features, targets: Features, weights: Mapping[str, float], *, relative: bool) -> Tensor:
    """Feature reconstruction loss, eq. 2: |φ_j(ŷ) − φ_j(y)|² / (C·H·W), or, relative, / |φ_j(y)|².

    Weighted over the layers; [N, C, H, W] each -> [N].
    """

    def distance(j: str) -> Tensor:
        scale = squared_norm(targets[j]) if relative else targets[j][0].numel()
        return squared_distance(features[j], targets[j]) / scale

    return weighted({j: distance(j) for j in weights}, weights)


def style_distances(grams: Features, targets: Features, *, relative: bool) -> dict[str, Tensor]:
    """The terms of eq. 4 by layer: |G_j(ŷ) − G_j(y)|²_F, or, relative, |…|² / |G_j(y)|²; [N, C, C] each -> [N] each.

    Their ``weighted`` sum is the style reconstruction loss.
    """
    distances = {j: squared_distance(grams[j], target) for j, target in targets.items()}
    return {j: d / squared_norm(targets[j]) for j, d in distances.items()} if relative else distances


def total_variation(image: Tensor, *, relative: bool) -> Tensor:
    """Total variation regularisation (section 3.2), squared: [N, 3, H, W] in 0..1 -> [N].

    The paper's form sums the squared neighbor differences of 0..255 pixels; relative means their mean in 0..1.
    """
    dy, dx = image[..., 1:, :] - image[..., :-1, :], image[..., :, 1:] - image[..., :, :-1]
    if relative:
        return squared_norm(dy) / dy[0].numel() + squared_norm(dx) / dx[0].numel()
    return 255.0**2 * (squared_norm(dy) + squared_norm(dx))
