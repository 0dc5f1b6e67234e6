"""Colors kept: the two methods' defining properties, on pictures of any kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from allaprima.color import keep_color, luminance_of, match_color, match_luminance, with_luminance
from support import checkered

pictures = st.tuples(st.integers(2, 9), st.integers(2, 9), st.just(3)).flatmap(lambda shape: arrays(np.uint8, shape))


def chroma_of(picture: np.ndarray) -> np.ndarray:
    """I and Q of YIQ (FCC 1953): [H, W, 3] -> [H, W, 2]."""
    return picture @ np.array([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]).T


@given(pictures, st.integers(0, 2**32 - 1))
def test_luminance_only_transfer_takes_one_pictures_luminance_and_the_others_chroma(photo, seed):
    painted = np.random.default_rng(seed).uniform(0, 255, photo.shape)
    kept = keep_color(painted, photo)
    np.testing.assert_allclose(luminance_of(kept), luminance_of(painted), atol=1e-9)
    np.testing.assert_allclose(chroma_of(kept), chroma_of(photo), atol=1e-9)


@given(pictures)
def test_its_own_luminance_changes_nothing(picture):
    np.testing.assert_allclose(with_luminance(picture, luminance_of(picture)), picture, atol=1e-9)


def test_luminance_is_pillows():
    picture = checkered(20, 30)
    gray = np.asarray(Image.fromarray(picture).convert("L"))
    np.testing.assert_allclose(luminance_of(picture), gray, atol=0.51)  # Pillow rounds


@given(pictures, pictures)
def test_a_matched_luminance_has_the_targets_mean_and_deviation(source, target):
    source, target = luminance_of(source), luminance_of(target)
    matched = match_luminance(source, target)
    assert matched.mean() == pytest.approx(target.mean(), abs=1e-6)
    if source.std() > 1e-6:
        assert matched.std() == pytest.approx(target.std(), abs=1e-6)


def test_rounding_is_no_contrast():
    source, target = np.full((9, 9), 0.1 + 0.2), np.linspace(0, 1, 81).reshape(9, 9)
    source[::2] = 0.3  # another number only in the last bit
    np.testing.assert_allclose(match_luminance(source, target), 0.5, atol=1e-9)


@given(pictures, st.integers(0, 2**32 - 1))
def test_matched_colors_have_the_targets_mean_and_covariance(target, seed):
    source = np.random.default_rng(seed).uniform(0, 255, (12, 7, 3))
    matched = match_color(source, target).reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(0), target.reshape(-1, 3).mean(0), atol=1e-6)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(target.reshape(-1, 3).T, bias=True) * 84 / 83, atol=1e-4)


def test_matching_a_picture_to_itself_changes_nothing():
    picture = checkered(20, 30) / 255.0
    np.testing.assert_allclose(match_color(picture, picture), picture, atol=1e-9)


@given(pictures, st.integers(0, 255))
def test_a_source_without_colors_is_no_trouble(target, level):
    ramp = np.linspace(0, level, 12).reshape(3, 4, 1) * np.ones(3)
    matched = match_color(ramp, target)
    assert np.isfinite(matched).all()
    np.testing.assert_allclose(matched.mean((0, 1)), target.mean((0, 1)), atol=1e-6)
