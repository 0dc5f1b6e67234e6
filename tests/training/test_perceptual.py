"""Each loss against an independent computation of a few lines in NumPy."""

import numpy as np
import pytest
import torch

from allaprima.training.perceptual import (
    RGB_MEAN,
    LossNetwork,
    content_loss,
    gram_matrix,
    squared_distance,
    style_distances,
    total_variation,
    weighted,
)

RNG = np.random.default_rng(0)


def features(*shape: int) -> np.ndarray:
    return RNG.normal(0, 3, shape).astype(np.float32)


def numpy_gram(f: np.ndarray) -> np.ndarray:
    n, c, h, w = f.shape
    return np.stack([m @ m.T for m in f.reshape(n, c, h * w).astype(np.float64)]) / (c * h * w)


def test_gram_matrix():
    f = features(2, 5, 7, 6)
    np.testing.assert_allclose(gram_matrix(torch.from_numpy(f)).numpy(), numpy_gram(f), rtol=1e-5, atol=1e-6)


def test_the_gram_matrixs_gradient_is_the_one_of_automatic_differentiation():
    f = torch.from_numpy(features(2, 5, 7, 6)).requires_grad_()
    weights = torch.from_numpy(features(2, 5, 5))
    (gram_matrix(f) * weights).sum().backward()
    g = f.detach().clone().requires_grad_()
    flat = g.flatten(2)
    (flat @ flat.transpose(1, 2) / g[0].numel() * weights).sum().backward()
    torch.testing.assert_close(f.grad, g.grad)


@pytest.mark.parametrize("pixels", [(64, 96), (31, 33)])
def test_the_gram_matrix_of_half_precision_is_near(pixels):
    f = torch.relu(torch.randn(2, 8, *pixels, generator=torch.Generator().manual_seed(0))).bfloat16()
    found, exact = gram_matrix(f), gram_matrix(f.float())
    assert found.dtype == torch.float32
    assert (found - exact).norm() / exact.norm() < 3e-3


@pytest.mark.parametrize("relative", [False, True])
def test_content_loss(relative):
    a, b = features(2, 4, 6, 5), features(2, 4, 6, 5)
    square = ((a.astype(np.float64) - b) ** 2).sum((1, 2, 3))
    expected = square / (b.astype(np.float64) ** 2).sum((1, 2, 3)) if relative else square / (4 * 6 * 5)
    one, other = ({"relu2_2": torch.from_numpy(x), "relu3_3": torch.from_numpy(-x)} for x in (a, b))
    found = content_loss(one, other, {"relu2_2": 0.5, "relu3_3": 0.5}, relative=relative)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("relative", [False, True])
def test_style_loss(relative):
    a = {"relu1_2": features(2, 4, 6, 5), "relu2_2": features(2, 8, 3, 3)}
    b = {"relu1_2": features(2, 4, 9, 4), "relu2_2": features(2, 8, 5, 2)}
    terms = []
    for j, features_a in a.items():
        ga, gb = numpy_gram(features_a), numpy_gram(b[j])
        distance = ((ga - gb) ** 2).sum((1, 2))
        terms.append(distance / (gb**2).sum((1, 2)) if relative else distance)
    weights = {"relu1_2": 0.3, "relu2_2": 2.0}
    expected = 0.3 * terms[0] + 2.0 * terms[1]
    grams = [{j: gram_matrix(torch.from_numpy(f)) for j, f in x.items()} for x in (a, b)]
    layers = style_distances(*grams, relative=relative)
    for found, term in zip(layers.values(), terms, strict=True):
        np.testing.assert_allclose(found.numpy(), term, rtol=1e-4)
    np.testing.assert_allclose(weighted(layers, weights).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("relative", [False, True])
def test_total_variation(relative):
    x = RNG.random((2, 3, 6, 5))
    dy, dx = np.diff(x, axis=2) ** 2, np.diff(x, axis=3) ** 2
    if relative:
        expected = dy.mean((1, 2, 3)) + dx.mean((1, 2, 3))
    else:
        expected = 255**2 * (dy.sum((1, 2, 3)) + dx.sum((1, 2, 3)))
    found = total_variation(torch.from_numpy(x), relative=relative)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def numpy_conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("chwij,ocij->ohw", windows, weight) + bias[:, None, None]


def test_vgg16_up_to_relu2_2(vgg16_weights):
    image = RNG.random((3, 12, 8)).astype(np.float32)
    x = 255.0 * image - np.array(RGB_MEAN, np.float32)[:, None, None]
    weights = {name: value.numpy() for name, value in vgg16_weights.items()}
    expected = {}
    for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2"):
        if name == "conv2_1":
            x = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))
        x = np.maximum(numpy_conv(x, weights[f"{name}.weight"], weights[f"{name}.bias"]), 0)
        expected[name.replace("conv", "relu")] = x
    found = LossNetwork(vgg16_weights)(torch.from_numpy(image)[None], ["relu1_2", "relu2_2"])
    assert list(found) == ["relu1_2", "relu2_2"]
    for layer, value in found.items():
        np.testing.assert_allclose(value[0].numpy(), expected[layer], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("fused", [True, False])
def test_what_the_loss_network_sees_has_the_gradient_of_automatic_differentiation(vgg16_weights, monkeypatch, fused):
    if not fused:
        monkeypatch.setattr(torch.ops.mkldnn, "_convolution_pointwise", None)
    network = LossNetwork(vgg16_weights)
    image = torch.rand(2, 3, 20, 16, generator=torch.Generator().manual_seed(0))
    layers, gram_layers = ("relu1_1", "relu2_2"), ("relu1_2", "relu2_2", "relu3_1")
    target = torch.rand(2, 128, 10, 8)

    one = image.clone().requires_grad_()
    features, grams = network.look(one, layers, gram_layers)
    found = [features["relu1_1"].square().sum(), squared_distance(features["relu2_2"], target).sum()]
    (sum(found) + sum((1e3 * gram).square().sum() for gram in grams.values())).backward()

    other = image.clone().requires_grad_()
    x, seen = 255.0 * other - network.mean, {}
    for name, conv in list(network.convs.items())[:5]:
        x = torch.relu(conv(torch.max_pool2d(x, 2) if name in ("conv2_1", "conv3_1") else x))
        seen[name.replace("conv", "relu")] = x
    for layer in layers:
        torch.testing.assert_close(features[layer], seen[layer])
    expected = [seen["relu1_1"].square().sum(), (seen["relu2_2"] - target).square().sum()]
    for layer in gram_layers:
        flat = seen[layer].flatten(2)
        expected.append((1e3 * flat @ flat.transpose(1, 2) / seen[layer][0].numel()).square().sum())
    sum(expected).backward()
    torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-3 * other.grad.abs().max().item())


@pytest.mark.parametrize("shape", [(2, 8, 31, 33), (3, 16, 16)])
def test_squared_distances_in_half_precision_are_near(shape):
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(shape, generator=generator).bfloat16() for _ in range(2))
    exact = (a.double() - b.double()).square().flatten(1).sum(1)
    torch.testing.assert_close(squared_distance(a, b).double(), exact, rtol=1e-3, atol=0)


def test_the_loss_network_never_learns_and_half_precision_is_near(vgg16_weights):
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    exact, half = LossNetwork(vgg16_weights), LossNetwork(vgg16_weights, torch.bfloat16)
    assert not any(p.requires_grad for p in exact.parameters())
    a, b = (gram_matrix(net(image, ["relu3_3"])["relu3_3"]) for net in (exact, half))
    assert (a - b).norm() / a.norm() < 0.05
    a.sum().backward()
    assert image.grad is not None
