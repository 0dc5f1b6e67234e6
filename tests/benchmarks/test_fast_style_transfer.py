"""The network of fast-style-transfer, rebuilt from raw tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from allaprima.errors import ModelError, StyleError
from peers.fast_style_transfer import Conv, TransposeConv, load_peer, peer_painter
from support import checkered

KERNELS = [(9, 3, 4), (3, 4, 6), (3, 6, 8), *[(3, 8, 8)] * 10, (3, 6, 8), (3, 4, 6), (9, 4, 3)]
"""(side, third axis, fourth axis); of the two before the last, transposed, the outputs come first."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The network in small, as its file has it."""
    generator = torch.Generator().manual_seed(0)
    values = []
    for layer, (side, third, fourth) in enumerate(KERNELS):
        outputs = third if layer in (13, 14) else fourth
        values.append(torch.randn(side, side, third, fourth, generator=generator))
        values += [torch.randn(outputs, generator=generator), torch.randn(outputs, generator=generator)]
    path = tmp_path_factory.mktemp("peer") / "small.safetensors"
    save_file({f"Variable_{i}" if i else "Variable": value.half() for i, value in enumerate(values)}, path)
    return path


def test_it_paints_pictures_of_any_size(weights):
    paint = load_peer(weights)
    for width, height in ((32, 32), (37, 29), (33, 34)):
        painted = paint(checkered(width, height))
        assert painted.shape == (height, width, 3)
        assert painted.dtype == np.uint8
        assert painted.std() > 10


def test_the_transpose_convolution_is_the_adjoint_of_the_convolution():
    """⟨conv(x), y⟩ = ⟨x, transposed(y)⟩, which fixes where TensorFlow's SAME padding puts its odd pixel."""
    generator = torch.Generator().manual_seed(1)
    kernel = torch.randn(3, 3, 2, 5, generator=generator)  # of the convolution: 2 inputs, 5 outputs
    conv = Conv(kernel, torch.zeros(5), torch.ones(5), stride=2)
    transposed = TransposeConv(kernel, torch.zeros(2), torch.ones(2))
    conv.norm = transposed.norm = nn.Identity()
    x, y = torch.randn(1, 2, 8, 6, generator=generator), torch.randn(1, 5, 4, 3, generator=generator)
    assert (conv(x) * y).sum().item() == pytest.approx((x * transposed(y)).sum().item(), rel=1e-4)
    alone = torch.zeros(1, 2, 8, 6)
    alone[0, :, 0, 0] = 1.0  # at stride 2 nothing is padded before, so the first window begins at the first pixel
    assert torch.allclose(conv(alone)[0, :, 0, 0], kernel[0, 0].sum(dim=0), atol=1e-5)


def test_it_is_measured_in_the_style_it_is_said_to_aim_at(weights):
    painter = peer_painter(f"theirs={weights}:waves", ["waves", "stars"])
    assert (painter.name, painter.style) == ("theirs", "waves")
    assert len(painter.fingerprint) == 64
    with pytest.raises(StyleError, match="must end in :STYLE"):
        peer_painter(f"theirs={weights}:cubism", ["waves"])
    with pytest.raises(ModelError, match="NAME=WEIGHTS:STYLE"):
        peer_painter(f"{weights}:waves", ["waves"])


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_peer(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        load_peer(tmp_path / "text.safetensors")
    save_file({"Variable": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="does not hold"):
        load_peer(tmp_path / "other.safetensors")
