"""Animations frame by frame."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import allaprima
from allaprima.errors import PictureError
from allaprima.look.look import Look
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.picture import Picture
from support import checkered

DURATIONS = [40, 120, 200]


def animated(kind: str, **options: object) -> bytes:
    options = {name: value for name, value in {"loop": 0, **options}.items() if value is not None}
    frames = [Image.fromarray(checkered(48, 32, seed)) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=DURATIONS, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_every_frame_is_painted_and_keeps_its_time(kind):
    data = animated(kind)
    result = Image.open(io.BytesIO(allaprima.stylize(data, "great_wave")))
    assert (result.format, result.n_frames, result.size) == (kind, 3, (48, 32))
    durations, frames = [], []
    for number in range(3):
        result.seek(number)
        frames.append(np.asarray(result.convert("RGB")).astype(int))
        durations.append(round(result.info["duration"]))
    assert durations == DURATIONS
    expected = allaprima.stylize(checkered(48, 32, 2), "great_wave")
    assert np.abs(frames[2] - expected).mean() < 20  # GIF has 256 colors
    assert np.abs(frames[0] - frames[2]).mean() > 5


def test_a_loop_is_a_loop():
    endless, thrice = (read_frames(io.BytesIO(animated("WEBP"))), read_frames(io.BytesIO(animated("GIF"))))
    assert isinstance(thrice, Animation)
    assert isinstance(endless, Animation)
    assert endless.loop == thrice.loop == 0


@pytest.mark.parametrize(("kind", "word", "plays"), [("GIF", None, 1), ("GIF", 2, 3), ("PNG", 3, 3), ("WEBP", 3, 3)])
def test_how_often_it_is_played_stays(kind, word, plays):
    data = animated(kind, loop=word) if word else animated(kind, loop=None)
    content = read_frames(io.BytesIO(data))
    assert isinstance(content, Animation)
    assert content.loop == plays
    for suffix in (".gif", ".png", ".webp"):
        again = read_frames(io.BytesIO(content.encode(suffix)))
        assert isinstance(again, Animation)
        assert (suffix, again.loop, [frame.duration for frame in again.frames]) == (suffix, plays, DURATIONS)


def test_equal_frames_stay_equal():
    """No flicker where nothing moves: the network is the same function for every frame."""
    still, moved = Picture(checkered(64, 48)), Picture(checkered(64, 48, 1))
    content = Animation((still, still, moved, still), (64, 48), 4)
    painted = list(allaprima.Stylizer().paint(content, Look("great_wave")).frames)
    assert np.array_equal(painted[0].pixels, painted[1].pixels)
    assert np.array_equal(painted[0].pixels, painted[3].pixels)


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_a_part_that_changes_leaves_the_rest_as_it_was(suffix):
    """Frames of a part only, laid over what was there (disposal none, blending over), come in whole."""
    first = Image.fromarray(checkered(48, 32))
    second = first.copy()
    second.paste((250, 10, 10), (30, 10, 40, 20))
    buffer = io.BytesIO()
    palette = first.quantize(64)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in (first, second)]
    frames[0].save(buffer, Image.registered_extensions()[suffix], save_all=True, append_images=frames[1:], duration=50)
    content = read_frames(buffer)
    assert isinstance(content, Animation)
    for frame, source in zip(content.frames, frames, strict=True):
        assert np.array_equal(frame.pixels, np.asarray(source.convert("RGB")))


def test_the_still_picture_of_a_png_is_no_frame():
    frames = [Image.fromarray(checkered(48, 32, seed)) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:], default_image=True, duration=[40, 50])
    content = read_frames(buffer)
    assert isinstance(content, Animation)
    assert [np.array_equal(f.pixels, np.asarray(s)) for f, s in zip(content.frames, frames[1:], strict=True)] == [
        True
    ] * 2
    assert [frame.duration for frame in content.frames] == [40, 50]


def test_a_still_format_takes_the_first_frame():
    content = read_frames(io.BytesIO(animated("GIF")))
    assert isinstance(content, Animation)
    still = Image.open(io.BytesIO(content.encode(".jpg")))
    assert getattr(still, "n_frames", 1) == 1
    assert [frame.size for frame in content.within(24).frames] == [(24, 16)] * 3
    assert content.within(24).size == (24, 16)


def test_transparent_frames_do_not_pile_up():
    frames = [Image.new("RGBA", (48, 32)) for _ in range(2)]
    frames[0].paste((200, 30, 40, 255), (0, 0, 20, 32))
    frames[1].paste((20, 180, 60, 255), (28, 0, 48, 32))
    pictures = [replace(Picture.from_pil(frame), duration=100) for frame in frames]
    result = Image.open(io.BytesIO(Animation(pictures, (48, 32), 2).encode(".gif")))
    result.seek(1)
    alpha = np.asarray(result.convert("RGBA"))[..., 3]
    assert alpha[16, 5] == 0
    assert alpha[16, 40] == 255


def test_the_limit_counts_all_frames():
    with pytest.raises(PictureError, match="48×32 pixels in 3 frames"):
        read_frames(io.BytesIO(animated("GIF")), max_pixels=48 * 32 * 2)


@pytest.mark.parametrize("kind", ["TIFF"])
def test_pages_are_no_animation(kind):
    assert isinstance(read_frames(io.BytesIO(animated(kind))), Picture)
