"""What the page paints on the device is what Python paints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.stylizer import Stylizer
from devices import Device
from studios import assert_alike, visited

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def photo(width: int, height: int) -> np.ndarray:
    return np.asarray(Image.open(PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC))


def oval(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    inside = ((x / width - 0.45) / 0.3) ** 2 + ((y / height - 0.5) / 0.35) ** 2 < 1
    return np.where(inside, 255, 30).astype(np.uint8)


@pytest.fixture(scope="module")
def device(browser, address):
    with visited(browser, address) as page:
        yield Device(page, address)


def test_every_style_at_every_strength_and_at_odd_sizes(device):
    stylizer = Stylizer()
    for size in ((131, 97), (16, 43)):
        pixels = photo(*size)
        device.open(pixels)
        for number, style in enumerate(style.name for style in stylizer.styles):
            strength = (1.0, 0.55, 0.2)[number % 3]
            assert_alike(device.paint(style, strength), stylizer.stylize(pixels, style, strength))


MASK = oval(60, 45)
MIXED = {"great_wave": 0.5, "irises": 0.3, "udnie": 0.2}


@pytest.mark.parametrize(
    "look",
    [
        {"style": MIXED, "stroke": 160},
        {"style": "starry_night", "stroke": 96, "strength": 0.6},
        {"style": "udnie", "strength": 0.0},
        {"style": "udnie", "color": "photo", "stroke": 200},
        {"style": "the_scream", "color": "luminance"},
        {"style": "irises", "color": "histogram", "stroke": 128},
        {"style": "great_wave", "mask": MASK, "stroke": 200},
        {"style": "great_wave", "mask": MASK, "mask_style": "udnie", "feather": 37.5, "invert_mask": True},
        {"style": "the_kiss", "mask": MASK, "feather": 0, "color": "photo"},
    ],
    ids=str,
)
def test_every_choice(device, look):
    pixels = photo(433, 307)
    device.open(pixels)
    of_page = {key: {value: 1} if key == "mask_style" else value for key, value in look.items()}
    assert_alike(device.paint(**of_page), Stylizer().stylize(pixels, **look))


@pytest.mark.parametrize("size", [(1733, 1201), (960, 640)])
def test_a_picture_larger_than_the_strokes(device, size):
    """Reduced by whole multiples first or altogether, and brought back."""
    pixels = photo(*size)
    device.open(pixels)
    assert_alike(device.paint("irises", stroke=192), Stylizer().stylize(pixels, "irises", stroke=192))


def test_the_finer_bank(page, address):
    device = Device(page, address, "fine")
    pixels = photo(150, 121)
    device.open(pixels)
    assert_alike(device.paint("great_wave", 0.8), Stylizer("fine").stylize(pixels, "great_wave", 0.8))


def test_a_gray_picture_matches_no_colors(device):
    """In directions in which the source does not vary, nothing is scaled."""
    gray = np.repeat(photo(90, 70)[..., 1:2], 3, axis=2)
    device.open(gray)
    for color in ("histogram", "photo"):
        theirs = Stylizer().stylize(gray, "udnie", color=color)
        assert_alike(device.paint("udnie", color=color), theirs)
