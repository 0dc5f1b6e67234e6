"""Pictures through the shipped gallery: sizes, types, strength, mixtures."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import allaprima
from allaprima import ModelError, PictureError, StyleError, Stylizer
from allaprima.gallery import BANKS, gallery_model
from support import checkered

STYLES = ("great_wave", "starry_night", "the_scream")


@pytest.fixture(scope="module", params=BANKS)
def stylizer(request) -> Stylizer:
    """Both banks of the gallery."""
    return Stylizer(request.param)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def test_the_gallery_names_its_paintings():
    found = {style.name: style for style in allaprima.styles()}
    assert set(STYLES) <= set(found)
    assert all(found[name].artist and found[name].title and found[name].year for name in STYLES)


def test_both_banks_know_the_same_styles_and_stay_small():
    fast, fine = (Stylizer(name).card for name in BANKS)
    assert (fast.network, fine.network) == BANKS
    assert fast.styles == fine.styles
    assert fast.parameters < fine.parameters
    assert sum(gallery_model(name).stat().st_size for name in BANKS) < 6 * 2**20  # of the wheel's 12 MB
    assert Stylizer().card == fast


@settings(max_examples=30, deadline=None)
@given(st.integers(16, 400), st.integers(16, 400), st.sampled_from(STYLES))
def test_exact_size_whatever_the_size(width, height, style):
    result = allaprima.stylize(checkered(width, height), style)
    assert result.shape == (height, width, 3)
    assert result.dtype == np.uint8


@pytest.mark.parametrize("size", [(16, 16), (1999, 1333), (17, 1200)])
def test_extreme_sizes(stylizer, size):
    """Painted to the last pixel, and not like the photograph in any part."""
    photo = checkered(*size)
    painted = stylizer.stylize(photo, "great_wave")
    assert painted.shape == photo.shape
    for part in (np.s_[:8], np.s_[-8:], np.s_[:, :8], np.s_[:, -8:]):
        assert np.abs(painted[part].astype(int) - photo[part]).mean() > 10
        assert painted[part].std() > 5


def test_same_type_out_as_in(photo):
    assert isinstance(allaprima.stylize(photo, "great_wave"), Image.Image)
    assert isinstance(allaprima.stylize(str(photo), "great_wave"), Image.Image)
    with Image.open(photo) as image:
        assert isinstance(allaprima.stylize(image, "great_wave"), Image.Image)
        pixels = np.asarray(image)
    array = allaprima.stylize(pixels, "great_wave")
    assert np.array_equal(array, np.asarray(allaprima.stylize(photo, "great_wave")))


def test_alpha_of_an_array_is_kept():
    rgba = np.dstack([checkered(40, 30), np.arange(1200, dtype=np.uint8).reshape(30, 40)])
    result = allaprima.stylize(rgba, "great_wave")
    assert np.array_equal(result[..., 3], rgba[..., 3])


def test_a_batch_is_its_pictures(stylizer):
    batch = np.stack([checkered(64, 48, seed) for seed in range(3)])
    together = stylizer.stylize(batch, "starry_night")
    alone = np.stack([stylizer.stylize(picture, "starry_night") for picture in batch])
    assert np.abs(together.astype(int) - alone).max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_strength_zero_is_the_photograph(stylizer, style):
    picture = checkered(203, 151)
    assert psnr(stylizer.stylize(picture, style, 0.0), picture) >= 35
    assert psnr(stylizer.stylize(picture, "photo"), picture) >= 35


@pytest.mark.parametrize("style", STYLES)
def test_strength_is_continuous_and_grows(stylizer, style):
    picture = checkered(160, 120)
    results = [stylizer.stylize(picture, style, s).astype(float) for s in np.linspace(0, 1, 21)]
    whole = np.abs(results[-1] - results[0]).mean()
    assert whole > 5  # the style does something
    steps = [np.abs(b - a).mean() for a, b in pairwise(results)]
    assert max(steps) < 0.25 * whole
    distances = [np.abs(r - results[0]).mean() for r in results]
    assert distances[5] < distances[10] < distances[20]


def test_styles_differ_and_a_mixture_lies_between(stylizer):
    picture = checkered(160, 120)
    wave, scream = (stylizer.stylize(picture, name).astype(float) for name in ("great_wave", "the_scream"))
    mixed = stylizer.stylize(picture, "great_wave:0.5,the_scream:0.5").astype(float)
    apart = np.abs(wave - scream).mean()
    assert apart > 5
    assert np.abs(mixed - wave).mean() < apart
    assert np.abs(mixed - scream).mean() < apart
    almost = stylizer.stylize(picture, {"great_wave": 0.999, "the_scream": 0.001}).astype(float)
    assert np.abs(almost - wave).mean() < 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32), bool),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.uint16),
        np.zeros((32, 32, 2), np.uint8),
        np.zeros((3,), np.uint8),
    ],
)
def test_arrays_of_other_kinds_are_refused(array):
    with pytest.raises(PictureError, match="must be uint8"):
        allaprima.stylize(array, "great_wave")


def test_too_small_a_picture_says_so():
    with pytest.raises(PictureError, match="at least 16"):
        allaprima.stylize(np.zeros((15, 40, 3), np.uint8), "great_wave")


def test_a_style_must_be_chosen_where_there_are_several():
    with pytest.raises(StyleError, match="great_wave, starry_night"):
        allaprima.stylize(checkered(32, 32))


def test_models_that_are_none(tmp_path):
    with pytest.raises(ModelError, match="there is no style model"):
        Stylizer(tmp_path / "missing.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a readable ONNX model"):
        Stylizer(broken)


def test_painting_never_imports_torch():
    code = "import sys, allaprima; allaprima.styles(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
