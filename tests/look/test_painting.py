"""A look made ready for pictures of one size: nothing is done twice, and nothing takes the memory of many pictures."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.color import LUMINANCE, Moments, color_map, luminance_map, luminance_of
from allaprima.look import painting
from allaprima.look.look import Look
from allaprima.look.painting import Prepared
from support import checkered

ALL, NONE = np.float32([0, 1]), np.float32([1, 0])
"""Mixtures of the full style, and of the photograph alone."""


def negative(seen: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Stands in for a network."""
    return 255 - seen


def test_the_mask_is_fitted_once_for_all_frames(monkeypatch):
    fitted = []
    monkeypatch.setattr(painting, "fitted", lambda *args, **options: fitted.append(args) or FITTED(*args, **options))
    prepared = Prepared(Look(mask=np.eye(7, dtype=bool)), [ALL], (60, 40))
    frames = [painted(prepared, checkered(60, 40, seed), negative) for seed in range(3)]
    assert len(fitted) == 1
    assert len({frame.tobytes() for frame in frames}) == 3


FITTED = painting.fitted


@pytest.mark.parametrize("look", [Look(), Look(stroke=30), Look(stroke="own", color="photo"), Look(mask=np.eye(9) > 0)])
def test_the_photograph_alone_needs_no_network(look):
    photo = checkered(80, 50)
    assert np.array_equal(painted(Prepared(look, [NONE], (80, 50)), photo, no_network), photo)


def no_network(*_: object) -> np.ndarray:
    raise AssertionError


def painted(prepared: Prepared, photo, network):
    return prepared.paint(photo, network)


def test_only_a_second_style_needs_it_where_the_first_is_the_photograph():
    photo, mask = checkered(80, 50), np.zeros((50, 80), np.uint8)
    prepared = Prepared(Look(mask=mask, mask_style="b", stroke="own"), [NONE, ALL], (80, 50))
    assert np.array_equal(painted(prepared, photo, negative), 255 - photo)


@pytest.mark.parametrize("threads", [2, 3])
def test_bands_by_many_threads_are_the_same_picture(monkeypatch, threads):
    photo, look = checkered(90, 70), Look(stroke=40, color="histogram")
    monkeypatch.setattr(painting, "_BAND", 90 * 8)
    alone = painted(Prepared(look, [ALL], (90, 70)), photo, negative)
    assert np.array_equal(painted(Prepared(look, [ALL], (90, 70), threads), photo, negative), alone)


@pytest.mark.parametrize("color", ["style", "photo", "luminance", "histogram"])
@pytest.mark.parametrize("stroke", ["own", 1024])
def test_colors_and_strokes_take_no_memory_beyond_what_is_told(color, stroke):
    photo = np.zeros((2000, 3000, 3), np.uint8)
    photo[::3, ::7] = 200
    prepared = Prepared(Look(stroke=stroke, color=color), [ALL], (3000, 2000))
    tracemalloc.start()
    painted(prepared, photo, negative)
    peak = tracemalloc.get_traced_memory()[1]  # numpy's; Pillow's is some bytes for each pixel seen
    tracemalloc.stop()
    assert peak + photo.nbytes <= prepared.bytes_beside < 16 * photo.shape[0] * photo.shape[1]


@given(st.integers(0, 9), st.integers(1, 40), st.integers(1, 40), st.integers(1, 300))
def test_moments_over_bands_are_those_of_the_whole(seed, height, width, band):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("allaprima.color._BAND", band)
        mean, covariance = Moments.of(picture)
    pixels = picture.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(mean, pixels.mean(0), atol=1e-9)
    np.testing.assert_allclose(covariance, np.cov(pixels, rowvar=False, bias=True), atol=1e-8)


@given(st.integers(0, 99), st.integers(0, 255))
def test_maps_give_the_moments_wanted_and_blow_up_no_rounding(seed, level):
    random = np.random.default_rng(seed)
    source, target = (random.integers(0, 256, (20, 30, 3), np.uint8) for _ in range(2))
    plain = np.full((20, 30, 3), level, np.uint8)
    scale, shift = luminance_map(Moments.of(source), Moments.of(target))
    mapped = scale * luminance_of(source) + shift
    assert mapped.mean() == pytest.approx(luminance_of(target).mean())
    assert mapped.std() == pytest.approx(luminance_of(target).std())
    assert luminance_map(Moments.of(plain), Moments.of(target))[0] == 0
    matrix, offset = color_map(Moments.of(plain), Moments.of(target))
    np.testing.assert_allclose(matrix @ plain[0, 0] + offset, target.mean((0, 1)), atol=1e-6)
    alike = plain + np.outer(random.normal(size=600), np.cross(LUMINANCE, [1, 0, 0])).reshape(20, 30, 3)
    assert luminance_map(Moments.of(alike), Moments.of(target))[0] == 0  # colors vary, their luminance does not
