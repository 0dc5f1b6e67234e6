"""TIFF: every number of bits, order, and layout of samples; and what only looks like a picture."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import PictureError
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture
from tiffs import directory, tiff

HEIGHT, WIDTH = 19, 21
y, x = np.mgrid[:HEIGHT, :WIDTH] / 1.0
LIGHT = np.stack([x / 20, y / 18, 1 - x / 20], axis=2)
"""Three channels, 0 to 1, with both ends of the range."""
ALPHA = (y + x) / 38


def read(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data))


@given(
    bits=st.sampled_from([2, 4, 6, 8, 10, 12, 14, 16]),
    kind=st.sampled_from(["gray", "inverted", "rgb"]),
    alpha=st.sampled_from([None, 1, 2]),
    planar=st.booleans(),
    order=st.sampled_from("<>"),
    deflate=st.booleans(),
)
def test_samples_of_any_width_and_order(bits, kind, alpha, planar, order, deflate):
    if planar and bits not in (8, 16):
        return  # no writer makes them; they are refused
    top = 2**bits - 1
    light = LIGHT if kind == "rgb" else LIGHT[..., :1]
    if kind == "inverted":
        alpha = None
    stored = light if alpha != 1 else light * ALPHA[..., None]
    numbers = np.rint(top * (1 - stored if kind == "inverted" else stored))
    if alpha is not None:
        numbers = np.dstack([numbers, np.rint(top * ALPHA)])
    photometric = {"gray": 1, "inverted": 0, "rgb": 2}[kind]
    data = tiff(numbers, bits, photometric, extra=alpha, planar=planar, order=order, deflate=deflate)
    picture = read(data)
    assert (picture.alpha is not None) == (alpha is not None)
    step = 255 / top
    seen = ALPHA > 0.5 if alpha is not None else np.ones((HEIGHT, WIDTH), bool)
    expected = np.broadcast_to(255 * light, (HEIGHT, WIDTH, 3))
    difference = np.abs(picture.pixels - expected)[seen]
    assert difference.max() <= 1 + step / 2 + (3 * max(step, 1) if alpha == 1 else 0)
    if alpha is not None:
        assert np.abs(picture.alpha - 255 * ALPHA).max() <= 1 + step / 2


def test_subsampled_color_without_compression():
    """Blocks of 2×2 luminances with one pair of color differences (TIFF 6.0, section 21)."""
    luminance = np.array([[60, 90], [120, 200]], np.uint8)
    blocks = np.tile(np.concatenate([luminance.reshape(-1), [90, 170]]), 16 * 12).astype(np.uint8)
    samples = np.zeros((24, 32, 3))
    data = bytearray(tiff(samples, 8, 6, rows_per_strip=24, more={530: (3, [2, 2])}))
    data[8 : 8 + blocks.size] = blocks.tobytes()
    data = bytes(data).replace(
        struct.pack("<HHII", 279, 4, 1, 24 * 32 * 3), struct.pack("<HHII", 279, 4, 1, blocks.size)
    )
    found = read(data).pixels[:2, :2].astype(float)
    red = luminance + 1.402 * (170 - 128)
    assert np.abs(found[..., 0] - np.clip(red, 0, 255)).max() <= 2


def test_planes_of_premultiplied_color_and_alpha_in_lzw():
    image = np.dstack([np.rint(255 * LIGHT * ALPHA[..., None]), np.rint(255 * ALPHA)]).astype(np.uint8)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, np.moveaxis(image, 2, 0), photometric="rgb", planarconfig="separate", extrasamples=["assocalpha"],
        compression="zlib",
    )  # fmt: skip
    picture = read(buffer.getvalue())
    seen = ALPHA > 0.5
    assert np.abs(picture.pixels - 255 * LIGHT)[seen].max() <= 3


@pytest.mark.parametrize("top", [1, 255, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_whole_numbers_in_floats(top, channels):
    numbers = np.rint(top * LIGHT[..., :channels]).squeeze().astype(np.float32)
    if top == 1:
        numbers = LIGHT[..., :channels].squeeze().astype(np.float32)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, numbers, photometric="rgb" if channels == 3 else "minisblack")
    picture = read(buffer.getvalue())
    assert np.abs(picture.pixels - 255 * LIGHT[..., :channels]).max() <= 1
    assert picture.notes == ()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [3.0, 11.0, 900.0])
def test_light_of_any_brightness_is_not_black_and_is_told(scale, channels):
    light = (LIGHT[..., :channels].squeeze() * scale * 0.9 + 0.01).astype(np.float32)
    light[0, 0] = 40 * scale  # the sun
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, light, photometric="rgb" if channels == 3 else "minisblack")
    picture = read(buffer.getvalue())
    assert 80 < picture.pixels.mean() < 200
    assert "shown as white" in picture.notes[0]


def raw_behind_a_preview(photometric: int, order: str) -> bytes:
    """A small first picture, and in a sub-directory what the sensor saw."""
    preview = tiff(np.full((16, 24, 3), 200), 8, 2, order=order, more={254: (4, [1]), 330: (4, [0])})
    place = len(preview)
    tags = {254: (4, [0]), 256: (3, [6000]), 257: (3, [4000]), 262: (3, [photometric])}
    where = struct.pack(order + "HHII", 330, 4, 1, 0)
    return preview.replace(where, struct.pack(order + "HHII", 330, 4, 1, place)) + directory(tags, order, place)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [32803, 34892, 2])
def test_raw_photographs_are_refused_and_not_their_previews_painted(photometric, order):
    with pytest.raises(PictureError, match="raw photograph"):
        read(raw_behind_a_preview(photometric, order))


def test_a_dng_is_refused():
    with pytest.raises(PictureError, match="raw photograph"):
        read(tiff(np.full((16, 24, 3), 200), 8, 2, more={50706: (3, [1, 4, 0, 0])}))


@pytest.mark.parametrize(
    "start",
    [
        b"II*\0\x10\0\0\0CR\x02\0",
        b"II\x1a\0\0\0HEAPCCDR", b"FUJIFILMCCD-RAW 0201", b"IIRO\x08\0\0\0", b"IIU\0\x08\0\0\0", b"FOVb\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", b"\0MRM\0\0",
    ],
)  # fmt: skip
def test_raw_files_by_their_signature(start):
    with pytest.raises(PictureError, match="raw photograph"):
        read(start + bytes(300))


def test_a_raw_file_by_its_name(tmp_path: Path):
    place = tmp_path / "a.NEF"
    place.write_bytes(tiff(np.full((16, 24, 3), 200), 8, 2))
    with pytest.raises(PictureError, match="raw photograph"):
        read_picture(place)


@pytest.mark.parametrize("first", [b"CR", b"IIII"])
def test_pixels_that_spell_a_signature_are_no_raw_file(first):
    samples = np.tile(np.frombuffer(first, np.uint8)[:, None], (32, 16 // len(first) * 2, 1)).reshape(32, -1, 1)
    assert read(tiff(samples)).pixels[0, 0, 0] == first[0]


def test_a_pyramid_is_a_picture():
    whole = np.full((64, 64, 3), 90, np.uint8)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(whole, photometric="rgb", subifds=2)
        for step in (2, 4):
            writer.write(whole[::step, ::step] * 2, photometric="rgb", subfiletype=1)
    assert (read(buffer.getvalue()).pixels == 90).all()
    assert read(buffer.getvalue()).size == (64, 64)


def test_a_page_behind_its_preview_is_the_picture():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(np.full((16, 16, 3), 10, np.uint8), photometric="rgb", subfiletype=1)
        writer.write(np.full((64, 64, 3), 90, np.uint8), photometric="rgb")
    picture = read(buffer.getvalue())
    assert picture.size == (64, 64)
    assert (picture.pixels == 90).all()


def test_what_cannot_be_unpacked_is_one_sentence():
    data = tiff(np.zeros((19, 21, 3)), 12, 2).replace(
        struct.pack("<HHIHH", 259, 3, 1, 1, 0), struct.pack("<HHIHH", 259, 3, 1, 5, 0)
    )
    with pytest.raises(PictureError, match=r"kind that is not read.*without compression"):
        read(data)
