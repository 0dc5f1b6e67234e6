"""Samples of unusual width and order outside TIFF: PFM, BMP, PNM, JPEG 2000."""

from __future__ import annotations

import base64
import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import PictureError
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture

HEIGHT, WIDTH = 19, 21
y, x = np.mgrid[:HEIGHT, :WIDTH] / 1.0
LIGHT = np.stack([x / 20, y / 18, 1 - x / 20], axis=2)


def read(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pfm(order, channels):
    light = LIGHT[..., :channels].astype(f"{order}f4")
    head = f"P{'F' if channels == 3 else 'f'}\n{WIDTH} {HEIGHT}\n{'-' if order == '<' else ''}1.0\n".encode()
    picture = read(head + light[::-1].tobytes())
    assert np.abs(picture.pixels - 255 * light).max() <= 1
    for damaged in (head, head + light.tobytes()[:-9], head[:6], head.replace(b"1.0", b"0.0") + light.tobytes()):
        with pytest.raises(PictureError):
            read(damaged)


def fields(masks: tuple[int, ...], depth: int, top_down: bool, header: int) -> tuple[bytes, np.ndarray]:
    """A BMP of those fields, and the numbers in them."""
    tops = [mask >> ((mask & -mask).bit_length() - 1) for mask in masks]
    channels = [*np.moveaxis(LIGHT, 2, 0), (x + y + 1) / 40][: len(masks)]
    numbers = [np.rint(top * channel).astype(np.uint32) for top, channel in zip(tops, channels, strict=True)]
    words = sum(number << ((mask & -mask).bit_length() - 1) for number, mask in zip(numbers, masks, strict=True))
    rows = words.astype(np.uint16 if depth == 16 else np.uint32)[:: 1 if top_down else -1]
    stride = (WIDTH * depth // 8 + 3) // 4 * 4
    body = b"".join(row.tobytes().ljust(stride, b"\0") for row in rows)
    info = struct.pack("<IiiHHIIiiII", header, WIDTH, -HEIGHT if top_down else HEIGHT, 1, depth, 3, 0, 0, 0, 0, 0)
    info += struct.pack(f"<{len(masks)}I", *masks)
    info = info.ljust(max(header, len(info)), b"\0")
    start = struct.pack("<2sIHHI", b"BM", 14 + len(info) + len(body), 0, 0, 14 + len(info))
    scaled = np.dstack([255 * number / top for number, top in zip(numbers, tops, strict=True)])
    return start + info + body, scaled


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("header", [40, 56, 108, 124])
@pytest.mark.parametrize(
    ("masks", "depth"),
    [
        ((0xF800, 0x7E0, 0x1F), 16),
        ((0x7C00, 0x3E0, 0x1F), 16),
        ((0xF00, 0xF0, 0xF), 16),
        ((0x7C00, 0x3E0, 0x1F, 0x8000), 16),
        ((0xF00, 0xF0, 0xF, 0xF000), 16),
        ((0xFF0000, 0xFF00, 0xFF), 32),
        ((0xFF, 0xFF00, 0xFF0000), 32),
        ((0x3FF00000, 0xFFC00, 0x3FF), 32),
        ((0xFF000000, 0xFF00, 0xFF, 0xFF0000), 32),
        ((0xFF, 0xFF0000, 0xFF00, 0xFF000000), 32),
    ],
)
def test_bmp_with_fields_of_bits(masks, depth, header, top_down):
    if header == 40 and len(masks) == 4:
        return
    data, expected = fields(masks, depth, top_down, header)
    picture = read(data)
    assert (picture.alpha is not None) == (len(masks) == 4)
    seen = slice(None) if picture.alpha is None else picture.alpha > 0
    assert np.abs(picture.pixels - expected[..., :3])[seen].max() <= 0.51
    if picture.alpha is not None:
        assert np.abs(picture.alpha - expected[..., 3]).max() <= 0.51
    with pytest.raises(PictureError, match="cut off"):
        read(data[:-9])


def test_bmp_with_impossible_fields():
    data, _ = fields((0xF800, 0x7E0, 0x1F), 16, False, 40)
    with pytest.raises(PictureError, match="gaps"):
        read(data.replace(struct.pack("<I", 0x7E0), struct.pack("<I", 0x5A0)))


@given(top=st.integers(1, 65_535), channels=st.sampled_from([1, 3]), plain=st.booleans())
def test_pnm_of_any_greatest_value(top, channels, plain):
    numbers = np.rint(top * LIGHT[..., :channels]).astype(int)
    kind = {1: "2" if plain else "5", 3: "3" if plain else "6"}[channels]
    head = f"P{kind}\n# a comment\n{WIDTH} {HEIGHT}\n{top}\n".encode()
    if plain:
        body = " ".join(map(str, numbers.reshape(-1))).encode()
    else:
        body = numbers.astype(">u2" if top > 255 else np.uint8).tobytes()
    assert np.abs(read(head + body).pixels - 255 * numbers / top).max() <= 0.51 + plain
    if not plain:
        with pytest.raises(PictureError):
            read(head + body[:-1])


SIXTEEN_BITS = base64.b64decode(
    "/0//UQAvAAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAADDwEBDwEBDwEB/1IADAAAAAEBAQQEAAH/XAAHQICIiJD/ZAAlAAFDcmVh"
    "dGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAABJAAH/k8P/AAKAFABcr4ff+JAoFABco3GAx/4YDAARUFO8b3/P/EgYFABbxGl/"
    "3/jAcBQAW8RpT8gAAAAAAwkI/9k="
)
"""JPEG 2000: columns of (0, 65535, 65535) and (65535, 0, 65535), as OpenJPEG packs 16 bits."""


def test_jpeg_2000_of_16_bits():
    pixels = read(SIXTEEN_BITS).pixels
    assert (pixels[:, ::2] == (0, 255, 255)).all()
    assert (pixels[:, 1::2] == (255, 0, 255)).all()
