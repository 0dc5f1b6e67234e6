"""The clock in the test picture can be read again."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from allaprima.live import clock
from allaprima.live.clock import ClockPicture
from allaprima.stylizer import Stylizer

PICTURE = ClockPicture()


@given(st.integers(0, clock.PERIOD - 1), st.sampled_from([(640, 480), (320, 240), (201, 151)]))
def test_a_number_is_read_as_it_was_written_at_any_size(number, size):
    pixels = Image.fromarray(PICTURE.frame(7, number)).resize(size)
    assert clock.read(np.asarray(pixels)) == number


@pytest.mark.parametrize("style", ["irises", "udnie"])
def test_it_survives_being_painted(style):
    stylizer = Stylizer()
    for number in (0, 0b1010_1100_1110_0001_0110, clock.PERIOD - 1):
        assert clock.read(stylizer.stylize(PICTURE.frame(0, number), style)) == number


def test_age_is_right_across_the_end_of_the_period():
    pixels = PICTURE.frame(0, clock.PERIOD - 10)
    assert clock.age(pixels, (clock.PERIOD + 30) / 1000) == pytest.approx(0.04)


def test_frames_that_are_late_are_left_out():
    now = iter([0.0, 0.0, 0.0, 0.5, 0.5, 0.55])
    frames = picture_with(lambda: next(now)).frames(Event())
    assert [next(frames)[0] for _ in range(2)] == [0.0, 0.5]


def picture_with(time):
    return ClockPicture(64, 48, clock=time)
