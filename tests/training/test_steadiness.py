"""Steadiness: the second picture is the first one moved, and only what does not move along counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from allaprima.training import steadiness
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.steadiness import moved, next_frame, unsteadiness
from allaprima.training.style_images import StyleImage
from support import make_trainer, stopped_after


def smooth(seed: int = 0, side: int = 96) -> torch.Tensor:
    """Two pictures without sharp edges, which survive being resampled."""
    coarse = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)


def test_the_same_step_has_the_same_next_frame_and_another_has_another():
    image = smooth()
    first, again, other = (next_frame(image, 3, step) for step in (5, 5, 6))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert (first[0] - other[0]).abs().mean() > 0.01
    assert first[0].shape == image.shape
    assert 0 <= first[0].min() <= first[0].max() <= 1


def test_a_picture_moves_by_a_few_pixels():
    grid = next_frame(smooth(side=200), 0, 0)[1]
    rest = F.affine_grid(torch.eye(2, 3).expand(2, -1, -1), (2, 3, 200, 200), align_corners=False)
    pixels = (grid - rest) * 100
    assert 0.5 < pixels.abs().mean() < steadiness.SHIFT
    assert pixels.abs().max() < steadiness.SHIFT + 1.5 * steadiness.WARP  # a cubic overshoots
    assert pixels.diff(dim=1).abs().max() < 0.5  # no pixel is folded over another


def test_a_painting_that_follows_the_motion_is_steady(monkeypatch):
    monkeypatch.setattr(steadiness, "NOISE", 0.0)
    monkeypatch.setattr(steadiness, "EXPOSURE", 0.0)
    image = smooth()
    for step in range(4):
        second, grid = next_frame(image, 0, step)
        paintings = [1.0 - picture.square() for picture in (image, second)]  # each pixel by itself: it moves along
        assert unsteadiness(*paintings, grid).max() < 1e-4
        assert unsteadiness(paintings[0], paintings[0], grid).min() > 1e-2  # stuck to the screen


def test_paintings_with_nothing_in_common_are_two_away_and_the_border_does_not_count():
    first, second = torch.randn(2, 2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    rest = F.affine_grid(torch.eye(2, 3).expand(2, -1, -1), first.shape, align_corners=False)
    torch.testing.assert_close(unsteadiness(first, second, rest), torch.full((2,), 2.0), rtol=0.1, atol=0)
    framed = first.clone()
    framed[..., : steadiness.FRAME] = 9.0
    assert unsteadiness(first, framed, rest).max() < 1e-6
    torch.testing.assert_close(moved(first, rest), first, atol=1e-4, rtol=0)


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(RECIPES["default"], steps=4, batch=2, size=64, style_size=64, steady_weight=2.0)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


def test_a_training_counts_it_and_resumes_bit_for_bit(options, vgg16_weights, tmp_path):
    unbroken = list(make_trainer(options, vgg16_weights).run())
    without = next(
        make_trainer(replace(options, recipe=replace(options.recipe, steady_weight=0.0)), vgg16_weights).run()
    )
    assert without.unsteady == 0
    assert unbroken[0].total == pytest.approx(without.total + 2.0 * unbroken[0].unsteady, rel=1e-5)
    state = stopped_after(make_trainer(options, vgg16_weights), 2, tmp_path / "a.checkpoint")
    second = make_trainer(options, vgg16_weights)
    second.load(state)
    assert [step.total for step in second.run()] == [step.total for step in unbroken[2:]]


def test_it_learns_to_be_steady(options, vgg16_weights):
    recipe = replace(options.recipe, steps=30, steady_weight=30.0, learning_rate=1e-2, mixed=0.0, lower=0.0)
    unsteady = [step.unsteady for step in make_trainer(replace(options, recipe=recipe), vgg16_weights).run()]
    assert np.mean(unsteady[-6:]) < 0.7 * np.mean(unsteady[:6])
