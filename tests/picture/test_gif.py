"""GIF as browsers show it: written by hand here, since no writer makes what some files have."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.gif import Gif
from allaprima.picture.picture import Picture
from allaprima.picture.reading import read_picture
from support import checkered

COLORS = np.array([[0, 0, 0], [250, 0, 0], [0, 250, 0], [0, 0, 250]], np.uint8)
SIZE = 32


def part(
    left: int, top: int, width: int, height: int, color: int, disposal: int = 0, transparent: int | None = None
) -> bytes:
    """One frame of one color."""
    flags = disposal << 2 | (transparent is not None)
    codes = [*[4, color] * (width * height), 5]
    bits = "".join(f"{code:03b}"[::-1] for code in codes)  # cleared before each pixel, so that a code has three bits
    packed = bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(packed[i : i + 255])]) + packed[i : i + 255] for i in range(0, len(packed), 255))
    control = b"!\xf9\x04" + struct.pack("<BHBB", flags, 5, transparent or 0, 0)
    return control + b"," + struct.pack("<HHHHB", left, top, width, height, 0) + b"\x02" + blocks + b"\0"


def gif(*parts: bytes, size: int = SIZE) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", size, size, 0x81, 2, 0) + COLORS.tobytes() + b"".join(parts) + b";"


def frames_of(data: bytes) -> list[np.ndarray]:
    """RGBA of each."""
    content = read_frames(io.BytesIO(data))
    pictures = [content] if isinstance(content, Picture) else list(content.frames)
    whole = [np.full(p.pixels.shape[:2], 255, np.uint8) if p.alpha is None else p.alpha for p in pictures]
    return [np.dstack([p.pixels, alpha]) for p, alpha in zip(pictures, whole, strict=True)]


PARTS = st.lists(
    st.tuples(
        st.integers(0, SIZE), st.integers(0, SIZE), st.integers(1, 40), st.integers(1, 40), st.integers(0, 3),
        st.integers(0, 3), st.sampled_from([None, None, 0, 1, 2, 3]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@given(parts=PARTS)
def test_every_frame_is_what_a_browser_shows(parts):
    """A canvas that begins empty; parts are cut at its edge; afterwards they stay, are cleared, or give way again."""
    first = parts[0]
    width, height = max(SIZE, first[0] + first[2]), max(SIZE, first[1] + first[3])
    canvas = np.zeros((height, width, 4), np.uint8)
    expected = []
    for left, top, wide, high, color, disposal, transparent in parts:
        before = canvas.copy()
        area = canvas[top : top + high, left : left + wide]
        if color != transparent:
            area[...] = (*COLORS[color], 255)
        expected.append(canvas.copy())
        if disposal == 2:
            area[...] = 0
        elif disposal == 3:
            canvas = before
    found = frames_of(gif(*(part(*one) for one in parts)))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one[..., 3], other[..., 3])
        seen = other[..., 3] > 0
        assert np.array_equal(one[seen], other[seen])


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_a_frame_beyond_the_canvas_is_cut_in_every_format(suffix):
    data = gif(part(0, 0, SIZE, SIZE, 1), part(24, 24, 16, 16, 2))
    content = read_frames(io.BytesIO(data))
    again = read_frames(io.BytesIO(content.encode(suffix)))
    assert isinstance(again, Animation)
    frames = list(again.frames)
    assert [frame.size for frame in frames] == [(SIZE, SIZE)] * 2
    assert np.abs(frames[1].pixels[-4, -4].astype(int) - COLORS[2]).max() < 30


def test_a_transparent_color_for_a_smaller_file_does_not_make_a_picture_transparent():
    data = gif(part(0, 0, SIZE, SIZE, 1), part(4, 4, 8, 8, 2, 0, 2))
    content = read_frames(io.BytesIO(data))
    assert all(frame.alpha is None for frame in content.frames)


def test_a_file_that_ends_in_the_middle_of_a_frame_is_refused():
    data = gif(part(0, 0, SIZE, SIZE, 1), part(4, 4, 24, 24, 2))
    for end in range(len(data) - 400, len(data) - 2, 7):
        with pytest.raises(PictureError, match="damaged GIF"):
            read_frames(io.BytesIO(data[:end]))
    assert len(frames_of(data[:-1])) == 2  # the end mark alone is missing


def test_a_small_file_cannot_claim_a_huge_frame():
    with pytest.raises(PictureError, match="more than the limit"):
        read_picture(io.BytesIO(gif(part(0, 0, 1, 1, 1), size=65_535)))
    huge = bytearray(gif(part(0, 0, 4, 4, 1), part(0, 0, 4, 4, 1)))
    place = bytes(huge).rindex(b",") + 5
    huge[place : place + 4] = struct.pack("<HH", 65_535, 65_535)
    with pytest.raises(PictureError, match="more than the limit"):
        read_frames(io.BytesIO(bytes(huge)))


def test_unchanged_parts_are_not_written_again():
    frames = []
    for number in range(12):
        pixels = checkered(200, 150).copy()
        pixels[10:20, number * 10 : number * 10 + 10] = (250, 0, 0)
        frames.append(Picture(pixels, duration=40))
    data = Animation(frames, (200, 150), 12).encode(".gif")
    first = Gif(io.BytesIO(data))._frames[0]
    assert len(data) < 2 * first.size + 12 * 2000
    again = list(read_frames(io.BytesIO(data)).frames)
    assert len(again) == 12
    assert np.abs(again[7].pixels.astype(int) - frames[7].pixels).mean() < 10


def test_equal_frames_become_one_that_is_seen_longer():
    one, other = Picture(checkered(40, 30), duration=50), Picture(checkered(40, 30, 1), duration=50)
    for suffix in (".gif", ".png"):
        again = list(
            read_frames(io.BytesIO(Animation([one, one, other, other, other], (40, 30), 5).encode(suffix))).frames
        )
        assert [frame.duration for frame in again] == [100, 150]
    still = replace(one, duration=600_000)
    for suffix in (".gif", ".png"):  # longer than the format can say of one frame
        again = list(read_frames(io.BytesIO(Animation([still, still, other], (40, 30), 3).encode(suffix))).frames)
        assert [frame.duration for frame in again] == [600_000, 600_000, 50]
        assert np.array_equal(again[0].pixels, again[1].pixels)


def test_a_gif_of_any_size_is_read_by_pillow_as_it_is_here():
    frames = [Picture(checkered(33, 21, seed), duration=40) for seed in range(3)]
    data = Animation(frames, (33, 21), 3, loop=4).encode(".gif")
    with Image.open(io.BytesIO(data)) as image:
        for number, own in enumerate(read_frames(io.BytesIO(data)).frames):
            image.seek(number)
            assert np.array_equal(np.asarray(image.convert("RGB")), own.pixels)
