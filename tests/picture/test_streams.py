"""Animations as streams: no more frames in memory than are asked for, from the file to the file."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.picture import Picture
from support import checkered

SUFFIXES = (".gif", ".png", ".webp", ".avif")


def moving(count: int, alpha: bool = False) -> Animation:
    seen = np.tile(np.arange(48, dtype=np.uint8) * 5, (32, 1)) if alpha else None
    frames = [Picture(checkered(48, 32, seed), seen, duration=40 + 10 * seed) for seed in range(count)]
    return Animation(frames, (48, 32), count)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_frame_is_decoded_painted_and_encoded_before_the_next(tmp_path: Path, suffix):
    source = tmp_path / f"a{suffix}"
    source.write_bytes(moving(9).encode(suffix))
    content = read_frames(source)
    assert isinstance(content, Animation)
    alive: list[int] = []
    living = 0

    class Watched(Picture):
        def __del__(self) -> None:
            nonlocal living
            living -= 1

    def paint(frame: Picture) -> Picture:
        nonlocal living
        living += 1
        alive.append(living)
        return Watched(255 - frame.pixels, frame.alpha, frame.exif, frame.notes, frame.duration)

    data = content.map(paint).encode(suffix)
    assert len(alive) == 9
    assert max(alive) <= 3
    assert [frame.duration for frame in read_frames(io.BytesIO(data)).frames] == [40 + 10 * n for n in range(9)]


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_from_every_animation_into_every_other(source, target, alpha):
    content = read_frames(io.BytesIO(moving(4, alpha).encode(source, quality=95)))
    again = read_frames(io.BytesIO(content.encode(target, quality=95)))
    assert isinstance(again, Animation)
    frames = list(again.frames)
    assert (again.count, again.size, len(frames)) == (4, (48, 32), 4)
    assert {frame.alpha is None for frame in frames} == {not alpha}
    assert [frame.duration for frame in frames] == [40, 50, 60, 70]
    original = checkered(48, 32, 3)
    assert np.abs(frames[3].pixels[:, 30:].astype(int) - original[:, 30:]).mean() < 25


def test_frames_can_be_gone_through_again(tmp_path: Path):
    (tmp_path / "a.gif").write_bytes(moving(3).encode(".gif"))
    content = read_frames(tmp_path / "a.gif")
    once, twice = list(content.frames), list(content.frames)
    assert [np.array_equal(a.pixels, b.pixels) for a, b in zip(once, twice, strict=True)] == [True] * 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_painting_raises_comes_out_as_it_is(suffix):
    def paint(frame: Picture) -> Picture:
        if frame.duration == 60:
            raise PictureError("no more paint")
        return frame

    with pytest.raises(PictureError, match=r"^no more paint$"):
        moving(4).map(paint).encode(suffix)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def apng(*frames: tuple[tuple[int, int, int, int], tuple[int, ...], int, int], size: int = 16) -> bytes:
    """Frames of one color, RGBA: (left, top, width, height), color, disposal, blend."""
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0))
    data += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    number = 0
    for (left, top, width, height), color, disposal, blend in frames:
        data += chunk(b"fcTL", struct.pack(">5I2H2B", number, width, height, left, top, 1, 10, disposal, blend))
        packed = zlib.compress((b"\0" + bytes(color) * width) * height)
        data += chunk(b"IDAT", packed) if number == 0 else chunk(b"fdAT", struct.pack(">I", number + 1) + packed)
        number += 1 if number == 0 else 2
    return data + chunk(b"IEND", b"")


def shown(data: bytes) -> Iterator[np.ndarray]:
    for frame in read_frames(io.BytesIO(data)).frames:
        yield np.dstack([frame.pixels, frame.alpha])


def test_translucent_over_translucent():
    whole = (0, 0, 16, 16)
    blue, red = (0, 0, 255, 128), (255, 0, 0, 128)
    _, second, third = shown(apng((whole, blue, 0, 0), (whole, blue, 0, 1), (whole, red, 0, 1)))
    assert second[4, 4].tolist() == [0, 0, 255, 192]
    above, below = 128 / 255, (192 / 255) * (127 / 255)
    assert third[4, 4, 3] == pytest.approx(255 * (above + below), abs=1)
    assert third[4, 4, 0] == pytest.approx(255 * above / (above + below), abs=2)


def test_what_becomes_of_a_frame_after_it():
    whole, corner = (0, 0, 16, 16), (0, 0, 8, 8)
    red, green, blue = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
    *_, cleared = shown(apng((whole, red, 0, 0), (corner, green, 1, 0), ((8, 8, 4, 4), blue, 0, 0)))
    assert cleared[2, 2, 3] == 0
    assert cleared[12, 2].tolist() == list(red)
    *_, restored = shown(apng((whole, red, 0, 0), (corner, green, 2, 0), ((8, 8, 4, 4), blue, 0, 0)))
    assert restored[2, 2].tolist() == list(red)
    *_, replaced = shown(apng((whole, red, 0, 0), (corner, (0, 255, 0, 0), 0, 0)))
    assert replaced[2, 2, 3] == 0


def test_a_frame_outside_the_picture_is_refused():
    with pytest.raises(PictureError, match="outside"):
        list(shown(apng(((0, 0, 16, 16), (1, 2, 3, 255), 0, 0), ((8, 8, 16, 16), (1, 2, 3, 255), 0, 0))))


def test_frames_of_a_png_that_browsers_show_are_all_of_one_size():
    """Pillow's reading of what is written here, as another opinion."""
    content = moving(4)
    frames = list(content.frames)
    frames[2] = replace(frames[1], duration=60)
    data = Animation(frames, (48, 32), 4).encode(".png")
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 3
        for number, original in enumerate([frames[0], frames[1], frames[3]]):
            image.seek(number)
            assert np.array_equal(np.asarray(image.convert("RGB")), original.pixels)
