"""Every variant of the architecture study builds, learns and exports, and is what its row says."""

import numpy as np
import pytest
import torch

from allaprima.engine.engine import Engine
from allaprima.export.graph import StyleModel
from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.layers import reflect
from architecture_study import multiply_adds
from architecture_variants import (
    VARIANTS,
    Base,
    ConditionalFilterResponseNorm,
    SubpixelConv,
    SubpixelConvNorm,
    dilated,
    patches,
    pointwise,
)
from support import checkered

CHANGED = ["patches", "half", "eighth-skip", "subpixel", "transpose", "linear", "frn", "pointwise", "dilated"]
"""Those whose graph is another, not only its numbers."""
EXPORTED = ["subpixel", "frn"]
"""Those with kinds of nodes that no other model has; an export takes seconds."""


@pytest.mark.parametrize("name", VARIANTS)
def test_each_gives_a_picture_and_every_weight_a_gradient(name):
    torch.manual_seed(0)
    network = VARIANTS[name].build(2)
    image = torch.rand(1, 3, 32, 48)
    result = network(image, torch.tensor([0.0, 1.0]))
    assert result.shape == image.shape
    result.square().sum().backward()
    without = [key for key, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not [key for key in without if not key.endswith("threshold")]  # a threshold may lie below all it sees
    painted = network.eval()(image, torch.tensor([0.0, 1.0]))
    assert 0 <= painted.min() <= painted.max() <= 1


def painted_by_the_network(network, image) -> np.ndarray:
    """[1, H, W, 3] in 0..255, not rounded; the picture is mirrored to a multiple of the stride by hand."""
    height, width = image.shape[1:3]
    x = torch.from_numpy(image).permute(0, 3, 1, 2) / 255.0
    x = reflect(reflect(x, 0, -height % network.stride, dim=2), 0, -width % network.stride, dim=3)
    with torch.no_grad():
        painted = network(x, torch.tensor([0.0, 1.0]))[..., :height, :width]
    return 255.0 * painted.permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("name", CHANGED)
def test_what_ships_paints_what_the_network_does(name):
    torch.manual_seed(0)
    network = VARIANTS[name].build(2).eval()
    image = checkered(37, 42)[None]
    with torch.no_grad():
        found = StyleModel(network)(torch.from_numpy(image), torch.tensor([0.0, 1.0])).numpy()
    assert found.shape == image.shape
    assert np.abs(found - painted_by_the_network(network, image).round()).max() <= 1


@pytest.mark.parametrize("name", EXPORTED)
def test_the_exported_model_paints_what_the_network_does(name, tmp_path):
    torch.manual_seed(0)
    network = VARIANTS[name].build(2).eval()
    card = Card((Style("photo"), Style("a")), name, network.width, {}, 0, "", "cpu", {}, "", "0")
    export_model(network, card, tmp_path / "model.onnx")
    image = checkered(37, 42)[None]
    found = Engine(tmp_path / "model.onnx", 1).paint(image, np.float32([0, 1]))
    assert np.abs(found - painted_by_the_network(network, image).round()).max() <= 1


def test_pixel_shuffles_begin_as_a_repetition_of_pixels():
    x = torch.rand(1, 8, 6, 5)
    grown = SubpixelConvNorm(8, 4, styles=2)(x, torch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    last = SubpixelConv(8, 3)(x)
    for picture, channels in ((grown, 4), (last, 3)):
        assert picture.shape == (1, channels, 12, 10)
        small = picture[..., ::2, ::2]
        torch.testing.assert_close(picture, small.repeat_interleave(2, -1).repeat_interleave(2, -2))


def test_a_patch_convolution_is_a_pixel_unshuffle_and_a_pointwise_one():
    conv, x = patches(2).down1.conv, torch.rand(1, 3, 16, 24)
    unshuffled = torch.nn.functional.pixel_unshuffle(x, 4)
    torch.testing.assert_close(
        conv(x), torch.nn.functional.conv2d(unshuffled, conv.weight.reshape(-1, 48, 1, 1)), atol=1e-5, rtol=1e-5
    )


def test_filter_response_norm_is_the_papers():
    """Singh & Krishnan 2020, eq. 1 to 3 and the TLU."""
    norm = ConditionalFilterResponseNorm(4, styles=2, threshold=True)
    for weight in norm.parameters():
        torch.nn.init.normal_(weight)
    scale, shift, threshold = (weight.detach().numpy() for weight in (norm.scale, norm.shift, norm.threshold))
    x, m = np.random.default_rng(0).normal(3, 2, (2, 4, 6, 5)).astype(np.float32), np.float32([0.25, 0.75])
    y = x / np.sqrt((x**2).mean((2, 3), keepdims=True) + 1e-6)
    expected = np.maximum((m @ scale)[:, None, None] * y + (m @ shift)[:, None, None], (m @ threshold)[:, None, None])
    conditions = torch.stack([torch.from_numpy(m), torch.zeros(2)])
    for told in (conditions, conditions.expand(2, 2, 2)):
        np.testing.assert_allclose(norm(torch.from_numpy(x), told).detach().numpy(), expected, atol=1e-5)


def test_blocks_are_compared_at_equal_operations():
    base, *others = (multiply_adds(build(2), 64) for build in (Base, pointwise, dilated))
    assert all(abs(other / base - 1) < 0.03 for other in others)


def test_operations_are_those_of_the_folded_model():
    """By hand: 5×5 and 3×3 down, eight 3×3 of 32; up, 1×1 and two 2×3 to 32; 3×3 to four phases of three colors."""
    half, quarter = 32 * 32, 16 * 16
    by_hand = half * 25 * 3 * 16 + quarter * 9 * 16 * 32 + quarter * 8 * 9 * 32 * 32
    by_hand += quarter * 32 * 16 + quarter * 2 * 6 * 16 * 32 + half * 9 * 16 * 12
    assert multiply_adds(Base(2), 64) == by_hand
