"""Clips as animations that every program takes for a picture."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from allaprima.film.animated import animated
from allaprima.film.frame import Frame


def frames_of(times, channels=3):
    frames = []
    for number, (pts, after) in enumerate(itertools.pairwise(times)):
        pixels = np.full((20, 24, channels), 30 + 40 * number, np.uint8)
        pixels[..., 3:] = 255
        pixels[:4, :4, 3:] = 0
        frames.append(Frame(pixels, pts, after - pts if after == times[-1] else None))
    return frames


@pytest.mark.parametrize(("suffix", "tick"), [(".gif", 10), (".webp", 1), (".png", 1), (".apng", 1)])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_frame_with_its_time_and_no_drift(suffix, tick, channels):
    base = Fraction(1, 30000)
    times = [1001 * number for number in range(6)]
    data = animated(iter(frames_of(times, channels)), base, 5, suffix)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.n_frames, image.size) == (5, (24, 20))
        at = 0.0
        for number in range(5):
            image.seek(number)
            image.load()
            assert abs(at - 1000 * times[number] / 30000) <= tick / 2
            assert abs(int(np.asarray(image.convert("RGB"))[5, 5, 0]) - (30 + 40 * number)) <= 4
            at += image.info["duration"]
        assert image.info.get("loop", 0) == 0


def test_one_frame_stands_as_long_as_it_says():
    data = animated(frames_of([0, 500]), Fraction(1, 1000), 1, ".webp")
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 1
