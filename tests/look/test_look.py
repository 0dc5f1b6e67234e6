"""What is chosen about a painting: the size of strokes, colors, masks."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

import allaprima
from allaprima import OptionError, PictureError
from allaprima.color import luminance_of
from allaprima.look.look import Look
from allaprima.look.stroke import Enlarger, reduce, reduced_size, slopes
from allaprima.picture.source import read_mask
from support import checkered

WAVE = "great_wave"


def scene(width: int, height: int) -> np.ndarray:
    """A sharp disc on a soft background."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x - width / 2, y - height / 2) < height / 3
    soft = np.stack([80 + 60 * x / width, 90 + 40 * y / height, 140 + 0 * x], axis=-1)
    return np.where(inside[..., None], (230, 200, 60), soft).astype(np.uint8)


def sharpness(image: np.ndarray) -> float:
    """The steepest step in luminance, of 255."""
    return float(np.abs(np.diff(luminance_of(image), axis=1)).max())


def test_strokes_have_the_small_pictures_size_and_edges_the_large_ones():
    photo = scene(1200, 800)
    small = np.asarray(Image.fromarray(photo).resize((300, 200), Image.Resampling.LANCZOS))
    expected = np.asarray(Image.fromarray(allaprima.stylize(small, WAVE)).resize((1200, 800), Image.Resampling.BICUBIC))
    painted = allaprima.stylize(photo, WAVE, stroke=300)
    own = allaprima.stylize(photo, WAVE)
    assert painted.shape == photo.shape
    assert np.abs(painted.astype(int) - expected).mean() < 6
    assert np.abs(painted.astype(int) - expected).mean() < 0.5 * np.abs(own.astype(int) - expected).mean()
    assert sharpness(painted) > 1.5 * sharpness(expected)


def test_bands_leave_no_seam(monkeypatch):
    """Pillow rounds a part of a picture otherwise than the whole, by 1; but nowhere more than beside a border."""
    photo = scene(900, 700)
    whole = allaprima.stylize(photo, WAVE, stroke=200, color="photo")
    monkeypatch.setattr("allaprima.look.painting._BAND", 900 * 37)
    difference = np.abs(allaprima.stylize(photo, WAVE, stroke=200, color="photo").astype(int) - whole)
    assert np.percentile(difference, 99.9) <= 1
    assert max(difference[row::37].mean() for row in (0, 36)) < 1.2 * difference.mean() + 1e-3


def test_a_photograph_that_is_not_painted_comes_back_sharp():
    photo = checkered(640, 480)
    assert np.array_equal(allaprima.stylize(photo, WAVE, 0.0, stroke=100), photo)
    small = reduce(photo, 120, 160)
    back = Enlarger(small, small, (480, 640), 1.0).rows(photo, 0)
    assert np.abs(luminance_of(back) - luminance_of(photo)).mean() < 1


def test_a_negative_painting_gets_negative_detail_and_a_plain_one_none():
    luminance = np.random.default_rng(0).uniform(0, 255, (48, 64)).astype(np.float32)
    negative = np.repeat((255 - luminance)[..., None], 3, axis=-1).astype(np.uint8)
    assert all(-1.01 < np.median(slope) < -0.95 for slope in slopes(luminance, negative, 0.0))
    plain = np.full_like(negative, 90)
    assert all(np.abs(slope).max() < 1e-3 for slope in slopes(luminance, plain, 0.0))


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4001), (500, 4000), (2100, 30)])
def test_reducing(size):
    photo = checkered(*size)
    height, width = reduced_size(size[1], size[0], 1024)
    assert max(height, width) == 1024
    assert min(height, width) >= 16
    wanted = Image.fromarray(photo).resize((width, height), Image.Resampling.LANCZOS)
    assert np.abs(reduce(photo, height, width).astype(int) - np.asarray(wanted)).mean() < 2


def test_pictures_near_the_stroke_stay_as_they_are():
    assert reduced_size(1024, 768, 1024) is None
    assert reduced_size(1280, 300, 1024) is None
    assert reduced_size(300, 1300, 1024) == (236, 1024)
    assert reduced_size(3000, 4000, 1024) == (768, 1024)


def test_auto_is_the_same_stroke_for_paths_and_arrays(tmp_path):
    photo = scene(1600, 400)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    from_path = np.asarray(allaprima.stylize(tmp_path / "photo.png", WAVE))
    assert np.array_equal(from_path, allaprima.stylize(photo, WAVE, stroke=1024))
    assert np.array_equal(from_path, allaprima.stylize(photo, WAVE))
    assert not np.array_equal(from_path, allaprima.stylize(photo, WAVE, stroke="own"))


def chroma(image: np.ndarray) -> np.ndarray:
    return image - luminance_of(image)[..., None]


@pytest.mark.parametrize("stroke", ["own", 100])
def test_colors(stroke):
    photo = scene(240, 180)
    looks = {color: allaprima.stylize(photo, WAVE, color=color, stroke=stroke) for color in allaprima.COLORS}
    style = looks["style"]
    assert np.abs(luminance_of(looks["luminance"]) - luminance_of(style)).mean() < 3  # but for what clips
    for color in ("luminance", "photo"):
        assert np.abs(chroma(looks[color]) - chroma(photo)).mean() < 0.3 * np.abs(chroma(style) - chroma(photo)).mean()
    assert luminance_of(looks["photo"]).mean() == pytest.approx(luminance_of(photo).mean(), abs=4)
    found, wanted = (np.cov(image.reshape(-1, 3).T) for image in (looks["histogram"], photo))
    assert np.abs(found - wanted).max() < 0.25 * wanted.max()
    assert looks["histogram"].mean((0, 1)) == pytest.approx(photo.mean((0, 1)), abs=5)


def test_white_is_the_style_and_black_the_photograph():
    photo = checkered(120, 80)
    mask = np.zeros((80, 120), np.uint8)
    mask[:, :60] = 255
    painted = allaprima.stylize(photo, WAVE)
    part = allaprima.stylize(photo, WAVE, mask=mask, feather=4)
    assert np.array_equal(part[:, :50], painted[:, :50])
    assert np.array_equal(part[:, 70:], photo[:, 70:])
    other = allaprima.stylize(photo, WAVE, mask=mask, feather=4, invert_mask=True)
    assert np.array_equal(other[:, 70:], painted[:, 70:])
    assert np.abs(part.astype(int) + other - photo - painted).max() <= 1  # between them too


def test_two_styles_divided_by_a_mask():
    photo = checkered(120, 80)
    mask = Image.new("L", (12, 8))  # scaled to the picture
    mask.paste(255, (0, 0, 6, 8))
    both = allaprima.stylize(photo, WAVE, mask=mask, mask_style="the_scream", feather=0)
    assert np.array_equal(both[:, :50], allaprima.stylize(photo, WAVE)[:, :50])
    assert np.array_equal(both[:, 70:], allaprima.stylize(photo, "the_scream")[:, 70:])


def test_transparency_of_a_mask_is_black(tmp_path):
    Image.new("RGBA", (4, 4), (255, 255, 255, 0)).save(tmp_path / "mask.png")
    assert not read_mask(tmp_path / "mask.png").any()
    with pytest.raises(PictureError, match=r"the mask .*none\.png: there is no such file"):
        read_mask(tmp_path / "none.png")


@pytest.mark.parametrize("kind", [bool, np.float32, np.float64])
def test_masks_of_other_types_are_the_same(kind):
    photo = checkered(120, 80)
    mask = np.zeros((80, 120), np.uint8)
    mask[:, :60] = 255
    assert np.array_equal(
        allaprima.stylize(photo, WAVE, mask=(mask / 255).astype(kind)), allaprima.stylize(photo, WAVE, mask=mask)
    )


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((0, 4), np.uint8), r"not uint8 \[0, 4\]"),
        (np.zeros(4, bool), r"not bool \[4\]"),
        (np.zeros((4, 4), np.int32), "not int32"),
        (np.full((4, 4), 1.5), "between 0 and 1"),
        (np.full((4, 4), np.nan), "between 0 and 1"),
        ([[1]], "not list"),
    ],
)
def test_what_is_no_mask(mask, words):
    with pytest.raises(OptionError, match=words):
        Look(WAVE, mask=mask)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"color": "sepia"}, "color must be one of: style, photo, luminance, histogram, not 'sepia'"),
        ({"stroke": 5}, "stroke must be a whole number of at least 16, or one of: auto, own, not 5"),
        ({"stroke": None}, "auto, own, not None"),
        ({"stroke": "big"}, "not 'big'"),
        ({"stroke": True}, "not True"),
        ({"strength": "0.5"}, "strength must be a number between 0 and 1, not '0.5'"),
        ({"strength": 1.5}, "between 0 and 1"),
        ({"strength": float("nan")}, "between 0 and 1"),
        ({"feather": 3}, "feather needs a mask"),
        ({"invert_mask": True}, "invert_mask needs a mask"),
        ({"mask_style": "the_scream"}, "mask_style needs a mask"),
        ({"mask": np.zeros((3, 3), np.uint8), "feather": -1}, "feather must be a number of at least 0, not -1"),
        ({"style": ["a", "b"]}, "not list"),
    ],
)
def test_choices_that_cannot_be(options, words):
    with pytest.raises(OptionError, match=re.escape(words)):
        Look(**{"style": WAVE, **options})


@pytest.mark.parametrize(("kind", "expected"), [("JPEG", "JPEG"), ("WEBP", "WEBP"), ("GIF", "GIF"), ("TGA", "PNG")])
def test_bytes_in_bytes_out(kind, expected):
    buffer = io.BytesIO()
    Image.fromarray(checkered(40, 30)).save(buffer, kind)
    painted = Image.open(io.BytesIO(allaprima.stylize(buffer.getvalue(), WAVE)))
    assert (painted.format, painted.size) == (expected, (40, 30))
