"""Color of more than 8 bits keeps its shades when its profile is applied."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from allaprima.picture.matrix_profile import matrix_conversion
from allaprima.picture.profiles import SRGB
from allaprima.picture.reading import read_picture
from odd import ADOBE_TO_XYZ, P3_TO_XYZ, SRGB_TO_XYZ, decode, encode, from_space, icc_profile

y, x = np.mgrid[:32, :256]
DARK = np.stack([x / 255 * 0.02, y / 31 * 0.02, 0.02 - x / 255 * 0.02], axis=2)
"""Light that 8 bits in linear light would hold in 5 steps."""


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.float32])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_linear_light_of_many_bits_has_all_its_shades(kind, compression):
    top = 1 if kind == np.float32 else np.iinfo(kind).max
    samples = (DARK * top).astype(kind)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, samples, photometric="rgb", compression=compression, iccprofile=icc_profile(SRGB_TO_XYZ, 1.0)
    )
    pixels = read_picture(io.BytesIO(buffer.getvalue())).pixels
    assert np.abs(pixels - encode(DARK)).max() <= 1
    assert len(np.unique(pixels[..., 0])) > 30


def test_alpha_stays_beside_it():
    samples = np.dstack([(DARK * 65535), np.full((32, 256), 20_000)]).astype(np.uint16)
    for extra in ("unassalpha", "assocalpha"):
        stored = samples.copy()
        if extra == "assocalpha":
            stored[..., :3] = np.rint(samples[..., :3] * (20_000 / 65535))
        buffer = io.BytesIO()
        tifffile.imwrite(
            buffer, stored, photometric="rgb", extrasamples=[extra], iccprofile=icc_profile(SRGB_TO_XYZ, 1.0)
        )
        picture = read_picture(io.BytesIO(buffer.getvalue()))
        assert (picture.alpha == round(20_000 / 257)).all()
        assert np.abs(picture.pixels - encode(DARK)).max() <= 1


@given(
    space=st.sampled_from([SRGB_TO_XYZ, ADOBE_TO_XYZ, P3_TO_XYZ]),
    curve=st.sampled_from([1.0, 1.8, 2.2, decode]),
    seed=st.integers(0, 9),
)
def test_it_is_what_littlecms_does(space, curve, seed):
    pixels = np.random.default_rng(seed).integers(60, 200, (9, 11, 3)).astype(np.uint8)
    profile = icc_profile(space, curve)
    convert = matrix_conversion(profile)
    assert convert is not None
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), "RGB", "RGB", flags=ImageCms.Flags.NOOPTIMIZE
    )
    expected = np.asarray(transform.apply(Image.fromarray(pixels))).astype(int)
    assert np.abs(convert(pixels / 255) - expected).max() <= 1.6
    light = decode(pixels) if callable(curve) else (pixels / 255) ** curve
    assert np.abs(convert(pixels / 255) - from_space(light, space)).max() <= 1


def parametric(kind: int, *values: float) -> bytes:
    """sRGB's profile with another curve."""
    curve = b"para" + struct.pack(">IHH", 0, kind, 0)
    curve += b"".join(struct.pack(">i", round(value * 65536)) for value in values)
    profile = icc_profile(SRGB_TO_XYZ, 1.0)
    count = struct.unpack_from(">I", profile, 128)[0]
    result = bytearray(profile + curve)
    for number in range(count):
        row = 132 + 12 * number
        if profile[row + 1 : row + 4] == b"TRC":
            struct.pack_into(">II", result, row + 4, len(profile), len(curve))
    struct.pack_into(">I", result, 0, len(result))
    return bytes(result)


@pytest.mark.parametrize(
    ("kind", "values", "light"),
    [
        (0, (2.2,), lambda v: v**2.2),
        (1, (2.0, 0.9, 0.1), lambda v: (0.9 * v + 0.1) ** 2),
        (2, (2.0, 0.8, 0.1, 0.05), lambda v: (0.8 * v + 0.1) ** 2 + 0.05),
        (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), lambda v: decode(255 * v)),
        (4, (2.0, 0.8, 0.0, 0.5, 0.2, 0.1, 0.0), lambda v: np.where(v >= 0.2, (0.8 * v) ** 2 + 0.1, 0.5 * v)),
    ],
)
def test_every_parametric_curve(kind, values, light):
    numbers = np.repeat(np.linspace(0, 1, 101)[:, None], 3, axis=1)
    convert = matrix_conversion(parametric(kind, *values))
    assert convert is not None
    assert np.abs(convert(numbers) - encode(light(numbers))).max() <= 1


def test_other_profiles_are_left_to_littlecms():
    assert matrix_conversion(None) is None
    assert matrix_conversion(b"nonsense") is None
    assert matrix_conversion(icc_profile(None, 2.2)) is None
    assert matrix_conversion(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()) is None
    for end in range(0, len(SRGB) - 1, 7):
        matrix_conversion(SRGB[:end])
