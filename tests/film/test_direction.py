"""Looks that change with time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.errors import PictureError
from allaprima.film.direction import Direction, first_mask
from allaprima.film.timeline import parse_timeline
from allaprima.look.look import Look
from film.clips import gray_frames, level, make_clip


def test_a_timeline_gives_the_same_look_until_something_changes():
    look = Look("irises", 0.5)
    with Direction(parse_timeline("0 irises, 1 udnie fade 1s")).of(look) as director:
        assert director.at(Fraction(0)) is look
        mixed = director.at(Fraction(3, 2))
        assert mixed.style == {"irises": 0.5, "udnie": 0.5}
        after = director.at(Fraction(2))
        assert (after.style, after.strength) == ("udnie", 0.5)
        assert director.at(Fraction(9)) is after


def test_the_frames_of_a_mask_stand_until_the_next(tmp_path):
    path = make_clip(tmp_path / "mask.mkv", gray_frames(4), rate=10, codec="ffv1", pix_fmt="bgr0")
    look = Look("irises", mask=first_mask(path))
    with Direction(mask=path).of(look) as director:
        for moment, number in ((0, 0), (0.05, 0), (0.1, 1), (0.25, 2), (0.3, 3), (60, 3)):
            mask = director.at(Fraction(moment).limit_denominator(100)).mask
            assert mask.shape == (48, 64)
            assert np.all(mask[40] == level(number))


def test_a_mask_that_is_no_clip(tmp_path):
    path = tmp_path / "mask.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"the mask .*mask\.mp4: it is not a clip"):
        first_mask(path)
