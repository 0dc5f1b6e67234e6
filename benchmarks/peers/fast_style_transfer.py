"""Networks of ``lengstrom/fast-style-transfer``, rebuilt in PyTorch to be measured under the same loss network.

    allaprima evaluate … --painter benchmarks.peers.fast_style_transfer:painters:lengstrom=wave.safetensors:great_wave

``lengstrom/fast-style-transfer`` (TensorFlow, MIT): Johnson et al. 2016 with instance norm after every convolution,
also before the final tanh. Its weights come as a safetensors file that keeps TensorFlow's own variable names:
``Variable``, ``Variable_1``, … are kernel, shift and scale of the first layer, then of the next, in order of creation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from allaprima.errors import ModelError
from allaprima.evaluation.painters import Paint, Painter, Pixels, file_sha256, parse_aim

STRIDE = 4
EPSILON = 1e-3


class InstanceNorm(nn.Module):
    """(x − μ) / √(σ² + ε) · scale + shift over each picture's channels."""

    def __init__(self, shift: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.shift, self.scale = nn.Buffer(shift), nn.Buffer(scale)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> the same."""
        return F.instance_norm(x, weight=self.scale, bias=self.shift, eps=EPSILON)


class Conv(nn.Module):
    """Convolution with TensorFlow's SAME padding, then instance norm; ``kernel`` is [k, k, inputs, outputs]."""

    def __init__(self, kernel: Tensor, shift: Tensor, scale: Tensor, stride: int = 1) -> None:
        super().__init__()
        self.kernel, self.norm = nn.Buffer(kernel.permute(3, 2, 0, 1).contiguous()), InstanceNorm(shift, scale)
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, H / stride, W / stride]; H and W are multiples of the stride."""
        total = self.kernel.shape[-1] - self.stride
        before, after = total // 2, total - total // 2  # at stride 2 the odd pixel goes to the right and the bottom
        z: Tensor = self.norm(F.conv2d(F.pad(x, [before, after, before, after]), self.kernel, stride=self.stride))
        return z


class TransposeConv(nn.Module):
    """The transpose of a stride-2 ``Conv``, then instance norm; ``kernel`` is [3, 3, outputs, inputs]."""

    def __init__(self, kernel: Tensor, shift: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.kernel, self.norm = nn.Buffer(kernel.permute(3, 2, 0, 1).contiguous()), InstanceNorm(shift, scale)

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, outputs, 2H, 2W]."""
        z: Tensor = self.norm(F.conv_transpose2d(x, self.kernel, stride=2)[..., :-1, :-1])
        return z


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, first: Conv, second: Conv) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> the same."""
        z: Tensor = x + self.second(F.relu(self.first(x)))
        return z


class FastStyleTransfer(nn.Sequential):
    """The whole network: RGB in 0..255 [N, 3, H, W] -> the same, not clamped; H and W are multiples of 4."""

    BLOCKS = 5

    def __init__(self, variables: dict[str, Tensor]) -> None:
        values = [variables[f"Variable_{i}" if i else "Variable"] for i in range(len(variables))]
        layers = iter([values[i : i + 3] for i in range(0, len(values), 3)])

        def conv(stride: int = 1) -> Conv:
            kernel, shift, scale = next(layers)
            return Conv(kernel, shift, scale, stride)

        def transpose_conv() -> TransposeConv:
            kernel, shift, scale = next(layers)
            return TransposeConv(kernel, shift, scale)

        super().__init__(
            conv(), nn.ReLU(), conv(stride=2), nn.ReLU(), conv(stride=2), nn.ReLU(),
            *(ResidualBlock(conv(), conv()) for _ in range(self.BLOCKS)),
            transpose_conv(), nn.ReLU(), transpose_conv(), nn.ReLU(), conv(), nn.Tanh(),
        )  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        """[N, 3, H, W] -> [N, 3, H, W]."""
        painted: Tensor = super().forward(image)  # type: ignore[no-untyped-call]
        return painted * 150.0 + 127.5


def load_peer(path: Path, device: str | torch.device = "cpu") -> Paint:
    """A peer's network as a function from pixels, uint8 [H, W, 3], to pixels of the same size.

    Raises:
        ModelError: the file is missing or does not hold such a network.
    """
    try:
        variables = {name: value.float() for name, value in load_file(path).items()}
        network = FastStyleTransfer(variables).eval().to(device)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"the peer's weights at {path} cannot be read: {error}") from error
    except (KeyError, ValueError, StopIteration, RuntimeError) as error:
        raise ModelError(f"{path} does not hold a network of fast-style-transfer with TensorFlow's names") from error

    @torch.inference_mode()
    def paint(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        padded = np.pad(pixels, [(0, -height % STRIDE), (0, -width % STRIDE), (0, 0)], mode="reflect")
        painted = network(torch.from_numpy(padded).to(device).permute(2, 0, 1)[None].float())[0]
        result: Pixels = painted.clamp(0.0, 255.0).round().byte().permute(1, 2, 0).cpu().numpy()
        return result[:height, :width]

    return paint


def peer_painter(spec: str, styles: Iterable[str], device: str | torch.device = "cpu") -> Painter:
    """``NAME=WEIGHTS:STYLE`` -> a peer's network, measured in that style of ours.

    Raises:
        ModelError: the weights cannot be read.
        StyleError: the style is not measured.
    """
    what, style = parse_aim(spec, styles)
    name, equals, file = what.partition("=")
    if not equals:
        raise ModelError(f"a network of fast-style-transfer is written NAME=WEIGHTS:STYLE, not {spec}")
    path = Path(file)
    return Painter(name, style, load_peer(path, device), fingerprint=file_sha256(path))


def painters(paintings: Mapping[str, Path], spec: str) -> list[Painter]:
    """What ``--painter`` calls; the spec is ``NAME=WEIGHTS:STYLE``, see ``peer_painter``."""
    return [peer_painter(spec, paintings)]
