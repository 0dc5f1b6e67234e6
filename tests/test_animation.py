"""Animations frame by frame."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import allaprima
from allaprima.animation import Animation, read_frames
from allaprima.errors import PictureError
from allaprima.picture import Picture
from support import checkered

DURATIONS = [40, 120, 200]


def animated(kind: str, **options: object) -> bytes:
    frames = [Image.fromarray(checkered(48, 32, seed)) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=DURATIONS, loop=0, **options)
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
    assert np.abs(frames[2] - expected).mean() < 20  # GIF has 256 colours
    assert np.abs(frames[0] - frames[2]).mean() > 5


def test_a_loop_is_a_loop():
    endless, thrice = (read_frames(io.BytesIO(animated("WEBP"))), read_frames(io.BytesIO(animated("GIF"))))
    assert isinstance(thrice, Animation)
    assert isinstance(endless, Animation)
    assert endless.loop == thrice.loop == 0


def test_a_still_format_takes_the_first_frame():
    content = read_frames(io.BytesIO(animated("GIF")))
    assert isinstance(content, Animation)
    still = Image.open(io.BytesIO(content.encode(".jpg")))
    assert getattr(still, "n_frames", 1) == 1
    assert content.within(24).frames[1].size == (24, 16)


def test_transparent_frames_do_not_pile_up():
    frames = [Image.new("RGBA", (48, 32)) for _ in range(2)]
    frames[0].paste((200, 30, 40, 255), (0, 0, 20, 32))
    frames[1].paste((20, 180, 60, 255), (28, 0, 48, 32))
    buffer = io.BytesIO()
    Animation(tuple(map(Picture.from_pil, frames)), (100, 100))
    buffer.write(Animation(tuple(map(Picture.from_pil, frames)), (100, 100)).encode(".gif"))
    result = Image.open(buffer)
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
