"""The image transformation networks: shapes, the identity, the folded last convolution, the norm."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from allaprima.style_model import PHOTO
from allaprima.training.layers import ConditionalInstanceNorm, ResizeConvNorm, UpsampleConv, interleaved, reflect
from allaprima.training.networks import NETWORKS, Fast, Johnson, conditions_of


@pytest.mark.parametrize("kind", NETWORKS.values())
@pytest.mark.parametrize("size", [(16, 16), (48, 64), (40, 24)])
def test_the_result_has_the_size_and_range_of_the_picture(kind, size):
    network = kind(styles=3, width=4)
    image = torch.rand(2, 3, *size)
    result = network(image, torch.tensor([0.0, 0.3, 0.7]))
    assert result.shape == image.shape
    assert 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize("kind", NETWORKS.values())
def test_photo_is_the_identity_without_any_training(kind):
    network, image = kind(styles=3, width=4), torch.rand(1, 3, 32, 32)
    assert torch.equal(network(image, torch.eye(3)[PHOTO]), image)


@pytest.mark.parametrize("kind", NETWORKS.values())
def test_a_mixture_for_all_is_the_same_mixture_for_each(kind):
    torch.manual_seed(0)
    network, image = kind(styles=3, width=4), torch.rand(2, 3, 32, 32)
    for module in network.modules():
        if isinstance(module, ConditionalInstanceNorm):
            torch.nn.init.normal_(module.scale)
            torch.nn.init.normal_(module.shift)
    mixture = torch.tensor([0.2, 0.5, 0.3])
    torch.testing.assert_close(network(image, mixture), network(image, mixture.expand(2, 3)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", NETWORKS.values())
def test_a_lower_strength_shows_less_of_the_same_painting_until_it_is_trained_for(kind):
    torch.manual_seed(0)
    network, image = kind(styles=3, width=4), torch.rand(1, 3, 32, 32)
    full, half = network(image, torch.tensor([0.0, 0.3, 0.7])), network(image, torch.tensor([0.5, 0.15, 0.35]))
    torch.testing.assert_close(half, image + (1 - 0.5**1.5) * (full - image), atol=1e-5, rtol=1e-4)
    for module in network.modules():
        if isinstance(module, ConditionalInstanceNorm):
            torch.nn.init.normal_(module.shift[1])
    assert torch.equal(network(image, torch.tensor([0.0, 0.3, 0.7])), full)
    assert (network(image, torch.tensor([0.5, 0.15, 0.35])) - half).abs().mean() > 1e-3


def test_every_style_of_a_bank_is_its_own():
    torch.manual_seed(0)
    network, image = Fast(styles=3, width=4), torch.rand(1, 3, 32, 32)
    torch.nn.init.normal_(network.up.mix.norm.scale)
    first, second = network(image, torch.eye(3)[1]), network(image, torch.eye(3)[2])
    assert (first - second).abs().mean() > 1e-3


@pytest.mark.parametrize("size", [(2, 2), (5, 3), (8, 16)])
def test_the_last_convolution_follows_nearest_growing_folded_or_not(size):
    torch.manual_seed(0)
    layer, x = UpsampleConv(7, 3), torch.randn(2, 7, *size)
    grown = F.pad(F.interpolate(x, scale_factor=2.0, mode="nearest"), [1, 1, 1, 1], mode="reflect")
    torch.testing.assert_close(layer(x), layer.conv(grown), atol=1e-5, rtol=1e-5)
    folded = layer.to_inference()
    assert folded(x).shape == (2, 12, *size)
    torch.testing.assert_close(interleaved(folded(x)), layer(x).permute(0, 2, 3, 1), atol=1e-5, rtol=1e-5)
    assert folded.state_dict().keys() == layer.state_dict().keys()


@pytest.mark.parametrize("size", [(2, 2), (5, 3), (8, 16)])
def test_the_folded_resize_convolution_is_the_trained_one(size):
    torch.manual_seed(0)
    layer, x, conditions = ResizeConvNorm(7, 5, styles=2), torch.randn(2, 7, *size), torch.rand(2, 2)
    torch.nn.init.normal_(layer.mix.norm.scale)
    folded = layer.to_inference()
    torch.testing.assert_close(folded(x, conditions), layer(x, conditions), atol=1e-5, rtol=1e-5)
    assert folded.state_dict().keys() == layer.state_dict().keys()


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("epsilon", [1e-5, 0.7])
def test_each_pictures_norm_has_the_gradient_of_automatic_differentiation(relu, epsilon):
    torch.manual_seed(0)
    norm = ConditionalInstanceNorm(5, 3)
    norm.epsilon = epsilon
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    inputs, conditions = 3.0 + torch.randn(2, 5, 7, 6), torch.rand(2, 2, 3)
    weights = torch.randn(2, 5, 7, 6)

    def gradients(picture_by_picture: bool) -> tuple[torch.Tensor, ...]:
        x = inputs.clone().requires_grad_()
        if picture_by_picture:  # PyTorch's norm, one mixture at a time
            y = torch.cat([norm(x[i : i + 1], conditions[i], relu=relu) for i in range(2)])
        else:
            y = norm(x, conditions, relu=relu)
        return y, *torch.autograd.grad((y * weights).sum(), (x, norm.scale, norm.shift))

    for found, expected in zip(gradients(False), gradients(True), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", NETWORKS.values())
def test_what_ships_has_the_weights_that_trained_and_leaves_them_alone(kind):
    network, image = kind(styles=3, width=4), torch.rand(1, 3, 32, 24)
    mixture, before = torch.tensor([0.0, 0.3, 0.7]), repr(network)
    ships = network.to_inference()
    assert {k: v.tolist() for k, v in ships.state_dict().items()} == {
        k: v.tolist() for k, v in network.state_dict().items()
    }
    assert repr(network) == before
    phases = ships.squash(ships.head(ships.body(image, conditions_of(mixture))))
    painted = (0.5 * interleaved(phases) + 0.5).permute(0, 3, 1, 2)
    torch.testing.assert_close(painted, network(image, mixture), atol=1e-5, rtol=1e-4)


def test_conditional_instance_norm_is_equation_5():
    """With a share of photo p, of each style's scale and shift γ + p·δγ and β + p·δβ."""
    norm = ConditionalInstanceNorm(channels=4, styles=3)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    x = np.random.default_rng(0).normal(3, 2, (2, 4, 6, 5)).astype(np.float32)
    photo, shares = 0.4, np.float32([0.25, 0.75])
    mu, var = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    full, change = norm.scale.detach().numpy()[:, 1:]
    scale = shares @ (full + photo * change)
    full, change = norm.shift.detach().numpy()[:, 1:]
    shift = shares @ (full + photo * change)
    expected = scale[:, None, None] * (x - mu) / np.sqrt(var + 1e-5) + shift[:, None, None]
    conditions = conditions_of(torch.tensor([photo, *(0.6 * shares)]))
    np.testing.assert_allclose(norm(torch.from_numpy(x), conditions).detach().numpy(), expected, atol=1e-4)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(0, 30), st.integers(0, 30))
def test_reflect_is_numpys_reflection_however_far(size, before, after):
    x = torch.arange(size).float().expand(3, size)
    expected = np.pad(x.numpy(), ((0, 0), (before, after)), mode="reflect")
    assert np.array_equal(reflect(x, before, after, dim=1).numpy(), expected)


def test_johnson_is_the_papers_network():
    """Supplement Table 1: kernels, channels, strides, and 1.68 M weights with one style."""
    network = Johnson(styles=1)
    convs = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    found = [(type(m).__name__, m.kernel_size[0], m.stride[0], m.out_channels) for m in convs]
    assert found == [
        ("Conv2d", 9, 1, 32),
        ("Conv2d", 3, 2, 64),
        ("Conv2d", 3, 2, 128),
        *[("Conv2d", 3, 1, 128)] * 10,
        ("ConvTranspose2d", 3, 2, 64),
        ("ConvTranspose2d", 3, 2, 32),
        ("Conv2d", 9, 1, 3),
    ]
    assert 1.67e6 < sum(p.numel() for p in network.parameters()) < 1.69e6


@pytest.mark.parametrize(("head", "color"), [(-50.0, 0.0), (0.0, 0.5), (1.0, 0.8808), (50.0, 1.0)])
def test_the_head_is_squashed_by_a_scaled_tanh(head, color):
    network = Fast(styles=2, width=4)
    network.head = lambda features: torch.full((1, 3, 16, 16), head)
    painted = network(torch.zeros(1, 3, 16, 16), torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(painted, torch.full((1, 3, 16, 16), color), rtol=0, atol=1e-4)
