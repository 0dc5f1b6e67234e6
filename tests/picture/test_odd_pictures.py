"""Odd pictures look as they do elsewhere: at strength 0 the painting is the picture."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageCms

from allaprima.cli import app
from allaprima.errors import PictureError
from allaprima.picture.formats import WITH_PROFILE
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture, suffix_of
from odd import BRIGHT, PALE, WIDTH, odd_pictures, saved, tiff
from support import one_sentence

ODD = odd_pictures()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Every odd picture through the command, in one run, as PNG: path of the result by name, and what was said."""
    folder = tmp_path_factory.mktemp("odd")
    places = {}
    (folder / "in").mkdir()
    for number, (name, odd) in enumerate(ODD.items()):
        source = folder / "in" / f"{number}_{name}"
        source.write_bytes(odd.data)
        places[name] = folder / "out" / f"{source.stem}.png"
    words = ["stylize", f"{folder}/in", "-s", "great_wave", "--strength", "0", "-o", f"{folder}/out", "--format", "png"]
    return places, CliRunner().invoke(app, words).stderr


@pytest.mark.parametrize("name", ODD)
def test_it_looks_as_it_should(results, name):
    places, said = results
    odd = ODD[name]
    assert places[name].exists(), said
    with Image.open(places[name]) as image:
        found = np.asarray(image).astype(float)
    assert found.shape == odd.expected.shape
    difference = np.abs(found - odd.expected)
    if found.shape[2] == 4:
        difference[odd.expected[..., 3] == 0, :3] = 0  # whatever lies there, nobody sees it
    assert difference.max() <= odd.tolerance + 1e-9


def test_pages_that_are_not_painted_are_told(results):
    said = results[1]
    assert said.count("has 2 pages, of which the first is painted") == 1
    assert [line.split()[0] for line in said.splitlines()] == ["allaprima:", "painted"], said


def test_heic_is_turned_by_its_own_box_alone():
    """EXIF repeats there what has been done (ISO/IEC 23008-12); taken again, a telephone's pictures would lie."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    exif = Image.Exif()
    exif[274] = 6
    picture = read_picture(io.BytesIO(saved(Image.fromarray(BRIGHT), "HEIF", exif=exif, quality=95)))
    assert picture.size[0] == WIDTH
    assert np.abs(picture.pixels.astype(int) - BRIGHT).mean() < 6


def test_a_damaged_tiff_is_told_once(allaprima, tmp_path):
    """By the command, not by libtiff, which writes to stderr on its own."""
    data = bytearray(saved(Image.fromarray(BRIGHT), "TIFF", compression="tiff_lzw"))
    data[8:200] = bytes(b ^ 0x5A for b in data[8:200])
    (tmp_path / "bad.tif").write_bytes(data)
    assert "decoder error" in one_sentence(allaprima("stylize", "bad.tif", "-s", "great_wave"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_results_say_that_they_are_srgb(suffix):
    data = Picture(PALE).encode(suffix)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format in WITH_PROFILE
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB")
        shown = np.asarray(transform.apply(image.convert("RGB"))).astype(int)
        assert np.abs(shown - np.asarray(image.convert("RGB"))).max() <= 1
    assert data == Picture(PALE).encode(suffix)


def test_a_photograph_with_more_views_behind_it_is_a_jpeg():
    views = saved(Image.fromarray(PALE), "MPO", save_all=True, append_images=[Image.fromarray(BRIGHT)])
    assert suffix_of(views) in (".jpg", ".jpeg")


def test_a_tiff_of_numbers_that_are_no_colors_is_refused():
    with pytest.raises(PictureError, match="3 samples, photometric 9"):
        read_picture(io.BytesIO(tiff(np.zeros((24, 40, 3), np.uint16), photometric="icclab")))


def test_a_tiff_without_pixels_is_refused():
    data = tiff(np.zeros((1, 40, 3), np.float32), photometric="rgb")
    rows = data.index(struct.pack("<HHI", 257, 4, 1)) + 8
    with pytest.raises(PictureError, match="no pixels"):
        read_picture(io.BytesIO(data[:rows] + bytes(4) + data[rows + 4 :]))


def test_the_limit_holds_for_every_tiff():
    data = tiff(np.zeros((24, 40, 3), np.float32), photometric="rgb")
    with pytest.raises(PictureError, match=r"40×24 pixels, more than the limit of 900; .*raise the limit to 960"):
        read_picture(io.BytesIO(data), max_pixels=900)
