"""A sheet of moments of a clip."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.film.moments import clock, sheet_of_moments
from film.clips import gray_frames, make_clip


def test_moments_stand_in_the_middle_of_equal_parts(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(60), options={"g": "12"})
    seen = []

    def paint(pixels, seconds):
        seen.append((seconds, int(pixels[40, 40, 0])))
        return 255 - pixels

    sheet = sheet_of_moments(path, paint)
    assert [float(seconds) for seconds, _ in seen] == pytest.approx([0.2, 0.6, 1.0, 1.4, 1.8, 2.2], abs=0.021)
    assert sheet.size == (4 * 80 + 16, 3 * 104 + 16)
    assert np.ptp(sheet.pixels) > 200


def test_a_part_has_its_own_moments(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(60))
    seen = []
    sheet_of_moments(path, lambda pixels, seconds: seen.append(seconds) or pixels, start=1, end=1.5)
    assert len(seen) == 6
    assert all(1 <= seconds < 1.5 for seconds in seen)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00.0"), (7.25, "0:07.2"), (3723.4, "1:02:03.4"), (600, "10:00.0")]
)
def test_clocks(seconds, words):
    assert clock(Fraction(seconds).limit_denominator(100)) == words
