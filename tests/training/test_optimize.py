"""Optimization: it goes down, it counts honestly, and it ends where it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from allaprima.color import luminance_of
from allaprima.errors import AllaPrimaError, DivergedError
from allaprima.training.objective import Objective
from allaprima.training.optimize import OptimizeOptions, minimize, optimize, spread
from allaprima.training.perceptual import LossNetwork
from allaprima.training.preparation import (
    from_pixels,
    make_start,
    pyramid,
    smallest_side,
    to_pixels,
    with_margin,
    without_margin,
)
from allaprima.training.recipes import RECIPES
from support import checkered

OPTIONS = OptimizeOptions(iterations=6)
ONE_STYLE = torch.tensor([[0.0, 1.0]])


class CountingNetwork(LossNetwork):
    """Counts its passes."""

    passes = 0

    def look(self, *args):
        self.passes += 1
        return super().look(*args)


@pytest.fixture(scope="module")
def network(vgg16_weights):
    return CountingNetwork(vgg16_weights)


@pytest.fixture(scope="module")
def photo():
    return from_pixels(checkered(48, 32))


@pytest.fixture(scope="module")
def styles():
    return [from_pixels(checkered(30, 28, seed=7)[..., ::-1].copy()), from_pixels(checkered(32, 24, seed=9))]


@pytest.mark.parametrize(("method", "recipe"), [("lbfgs", "default"), ("lbfgs", "paper"), ("adam", "default")])
def test_the_objective_falls_at_one_pass_an_iteration_and_is_that_of_the_picture(
    method, recipe, network, photo, styles
):
    objective = Objective(RECIPES[recipe], network, styles[:1])
    targets = objective.targets(photo, ONE_STYLE)
    before = network.passes
    steps = list(minimize(objective, targets, photo, replace(OPTIONS, method=method, preconditioner=0.0)))
    sizes = 2 if RECIPES[recipe].half_size else 1
    assert network.passes - before == sizes * (1 + OPTIONS.iterations)
    assert [step.iteration for step in steps] == list(range(1 + OPTIONS.iterations))
    assert steps[-1].total < 0.8 * steps[0].total
    assert torch.equal(steps[0].image, photo)
    for step in (steps[0], steps[-1]):
        assert step.image.min() >= 0
        assert step.image.max() <= 1
        losses = objective(step.image, photo, ONE_STYLE)  # the training's own call
        for name in ("content", "style", "tv", "total"):
            assert getattr(step, name) == pytest.approx(getattr(losses, name).item(), rel=1e-4, abs=1e-7)
        assert step.layers == pytest.approx({j: loss.item() for j, loss in losses.layers.items()}, rel=1e-4)


def test_the_first_iterations_of_lbfgs_already_count(network, photo, styles):
    """Without a scale of its own, torch's first step moves each pixel by a millionth and stores no curvature."""
    objective = Objective(RECIPES["default"], network, styles[:1])
    steps = list(minimize(objective, objective.targets(photo, ONE_STYLE), photo, replace(OPTIONS, iterations=3)))
    assert steps[3].total < 0.9 * steps[0].total


@given(arrays(np.float32, (1, 3, 6, 9), elements=st.floats(-1, 1, width=32)), st.floats(0.1, 1.0))
def test_spreading_is_linear_and_is_its_own_adjoint(values, exponent):
    """L-BFGS is told the gradient through it, so a transpose that differed would be a wrong gradient."""
    change = torch.from_numpy(values)
    impulse = torch.zeros_like(change)
    impulse[0, 1, 2, 3] = 1.0
    by_hand = (spread(impulse, exponent) * change).sum()
    assert spread(change, exponent)[0, 1, 2, 3].item() == pytest.approx(by_hand.item(), abs=1e-4)
    assert (
        spread(change + 2 * impulse, exponent)
        .sub(spread(change, exponent))
        .allclose(2 * spread(impulse, exponent), atol=1e-4)
    )
    assert spread(change, 0.0) is change


def test_spreading_moves_broad_strokes_further_than_single_pixels_and_noise_as_far():
    noise = torch.randn(1, 1, 64, 48, generator=torch.Generator().manual_seed(0))
    broad = torch.linspace(0, 2 * torch.pi, 49)[:48].sin().expand(1, 1, 64, 48)
    fine = torch.tensor([1.0, -1.0]).repeat(24).expand(1, 1, 64, 48)
    assert spread(noise, 0.5).std().item() == pytest.approx(1.0, abs=0.1)
    ratio = (spread(broad, 0.5).std() / broad.std()) / (spread(fine, 0.5).std() / fine.std())
    assert ratio.item() == pytest.approx(24**0.5, rel=0.05)  # 1 period against 24


def test_noise_is_a_function_of_the_seed(network, photo, styles):
    def last(seed):
        return list(optimize(network, photo, styles[:1], "noise", replace(OPTIONS, iterations=1, seed=seed)))[-1].image

    assert torch.equal(last(3), last(3))
    assert not torch.equal(last(3), last(4))


def test_a_pyramid_grows_to_the_full_size_and_carries_the_picture_up(network, photo, styles):
    options = replace(OPTIONS, coarsest=16, iterations=3)
    steps = list(optimize(network, photo, styles[:1], "noise", options))
    assert [(s.level, s.size) for s in steps if s.iteration == 0] == [(1, (24, 16)), (2, (34, 23)), (3, (48, 32))]
    assert {step.levels for step in steps} == {3}
    assert steps[-1].image.shape == photo.shape
    noise = next(optimize(network, photo, styles[:1], "noise", replace(options, coarsest=None)))
    assert steps[8].total < 0.8 * noise.total  # the third level's start is no noise any more
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize(
    ("size", "coarsest", "sizes"),
    [
        ((512, 512), 128, [128, 181, 256, 362, 512]),
        ((300, 400), 128, [150, 212, 300]),
        ((100, 100), 128, [100]),
        ((512, 512), None, [512]),
    ],
)
def test_levels_are_the_root_of_two_apart(size, coarsest, sizes):
    assert [min(level) for level in pyramid(*size, coarsest)] == sizes


def test_styles_are_mixed_by_weight(network, photo, styles):
    def start(weights):
        return next(optimize(network, photo, styles, "content", OPTIONS, weights))

    alone = next(optimize(network, photo, styles[1:], "content", OPTIONS))
    assert start([0, 5]).style == pytest.approx(alone.style, rel=1e-5)
    assert start(None).total == start([2, 2]).total
    assert start([1, 3]).style not in (start([0, 1]).style, start([1, 0]).style)


def test_it_ends_when_it_no_longer_pays(network, photo, styles):
    steps = list(optimize(network, photo, styles[:1], "content", replace(OPTIONS, iterations=40, tolerance=0.5)))
    assert 10 <= steps[-1].iteration < 40
    assert steps[-1].total > 0.5 * steps[-11].total


def test_a_start_may_be_any_picture(network, photo, styles):
    assert torch.equal(next(optimize(network, photo, styles, 1 - photo, OPTIONS)).image, 1 - photo)
    assert make_start("style", photo, styles, 0).shape == photo.shape


@pytest.mark.parametrize("color", ["luminance", "photo"])
def test_the_photographs_chroma_is_kept(network, photo, styles, color):
    *_, last = optimize(network, photo, styles[:1], "noise", replace(OPTIONS, color=color))
    painted, original = (image[0].permute(1, 2, 0).double().numpy() for image in (last.image, photo))
    inside = (painted > 0).all(-1) & (painted < 1).all(-1)  # a luminance that the chroma cannot have is clipped
    assert inside.mean() > 0.5
    difference = (painted - original)[inside]
    assert abs(difference - difference.mean(-1, keepdims=True)).max() < 1e-6
    assert abs(luminance_of(painted) - luminance_of(original)).mean() > 0.01


def test_a_dark_style_darkens_by_luminance_and_not_by_photo(network, photo, styles):
    """As when a network paints: only ``photo`` brings the style's luminance to the photograph's."""
    dark = [0.2 * styles[0]]
    start = {
        color: next(optimize(network, photo, dark, "style", replace(OPTIONS, color=color))).image.mean().item()
        for color in ("luminance", "photo")
    }
    assert start["luminance"] < 0.5 * photo.mean().item()
    assert start["photo"] == pytest.approx(photo.mean().item(), rel=0.1)


def test_histogram_matching_brings_the_style_near(network, photo, styles):
    options = replace(OPTIONS, recipe=RECIPES["four-layers"], iterations=1)
    gray_photo, vivid = photo.mean(1, keepdim=True).expand(-1, 3, -1, -1), styles[:1]
    *_, last = optimize(network, gray_photo, vivid, "style", replace(options, color="histogram"))
    assert (last.image.max(1).values - last.image.min(1).values).mean() < 0.05
    *_, last = optimize(network, gray_photo, vivid, "style", options)
    assert (last.image.max(1).values - last.image.min(1).values).mean() > 0.2


def test_what_is_no_number_is_said(vgg16_weights, network, photo, styles):
    broken = {name: value * 1e9 for name, value in vgg16_weights.items()}
    with pytest.raises(DivergedError, match="iteration 0 is not a number"):
        list(optimize(LossNetwork(broken), photo, styles, "content", OPTIONS))
    wild = replace(OPTIONS, method="adam", learning_rate=float("inf"))
    with pytest.raises(DivergedError, match="lower learning rate"):
        list(optimize(network, photo, styles, "content", wild))


def test_mistakes_are_sentences(network, photo, styles):

    def with_layers(**layers):
        return replace(OPTIONS, recipe=replace(RECIPES["default"], **layers))

    small = photo[..., :15]
    cases = [
        (photo, "content", replace(OPTIONS, method="newton"), None, "no method newton"),
        (photo, "content", replace(OPTIONS, color="sepia"), None, "no color sepia"),
        (photo, "nothing", OPTIONS, None, "no start nothing"),
        (
            photo,
            "content",
            with_layers(content_layers={"relu9_1": 1.0}),
            None,
            "no layer relu9_1",
        ),
        (
            photo,
            "content",
            with_layers(style_layers={"conv1_1": 1.0}),
            None,
            "no layer conv1",
        ),
        (small, "content", OPTIONS, None, "15×32 pixels is too small"),
        (photo, "content", OPTIONS, [1.0], "one number of at least 0 for each style"),
        (photo, "content", OPTIONS, [0.0, 0.0], "not all of them 0"),
        (photo, "content", OPTIONS, [1.0, float("nan")], "one number of at least 0 for each style"),
    ]
    for content, start, options, weights, sentence in cases:
        with pytest.raises(AllaPrimaError, match=sentence):
            next(optimize(network, content, styles, start, options, weights))


def test_the_smallest_picture_that_the_layers_allow_is_painted(network, styles):
    recipe = RECIPES["default"]
    assert smallest_side(recipe) == 16
    assert smallest_side(replace(recipe, style_layers={"relu3_1": 1.0})) == 8
    tiny = from_pixels(checkered(16, 16))
    *_, last = optimize(network, tiny, styles, "content", replace(OPTIONS, iterations=1))
    assert last.image.shape == tiny.shape


@pytest.mark.parametrize("size", [(16, 16), (48, 32), (5, 3)])
def test_the_margin_comes_off_again(size):
    picture = from_pixels(checkered(*size))
    wide = with_margin(picture)
    assert wide.shape[2] > picture.shape[2]
    assert torch.equal(without_margin(wide, size), picture)


def test_pixels_go_there_and_back():
    pixels = checkered(9, 5)
    assert (to_pixels(from_pixels(pixels)) == pixels).all()
