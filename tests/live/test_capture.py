"""The newest frame only; sources that go and come back; nothing is open at rest."""

from __future__ import annotations

import time

import numpy as np
import pytest

from allaprima.errors import PictureError
from allaprima.live import capture as module
from allaprima.live.capture import Capture
from allaprima.live.stream import Grab


class Fake:
    """A source that gives so many frames and then fails."""

    open_now = 0

    def __init__(self, frames, fault=None):
        self.frames, self.fault = frames, fault
        Fake.open_now += 1

    def grabs(self, stopped):
        for number in range(self.frames):
            yield Grab(float(number), (64, 48), lambda width, height: np.zeros((height, width, 3), np.uint8))
        if self.fault is not None:
            raise self.fault
        stopped.wait(10)

    def close(self):
        Fake.open_now -= 1


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    Fake.open_now = 0


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_whoever_comes_late_gets_the_newest_frame():
    capture = Capture(lambda: Fake(100), Fake(100))
    capture.start()
    until(lambda: capture.newest(99, 0) is not None)
    number, grab = capture.newest(0, 0)
    assert (number, grab.captured) == (100, 99.0)
    assert capture.newest(100, 0.01) is None
    capture.stop()
    assert Fake.open_now == 0


def test_a_source_that_is_lost_is_reopened_until_it_comes_back():
    attempts = []

    def opening():
        attempts.append(None)
        if len(attempts) < 3:
            raise PictureError("camera cannot be opened: no such device")
        return Fake(5)

    capture = Capture(opening, Fake(3, OSError(19, "No such device")))
    capture.start()
    until(lambda: capture.state[0] == "lost")
    assert "o such device" in capture.state[1]
    until(lambda: capture.newest(7, 0) is not None)
    assert capture.state == ("running", "")
    assert capture.newest(0, 0)[0] == 8  # numbers go on
    capture.stop()


def test_at_rest_the_source_is_closed_and_woken_it_is_open_again():
    capture = Capture(lambda: Fake(5), Fake(5))
    capture.start()
    until(lambda: capture.state[0] == "running")
    capture.rest()
    until(lambda: Fake.open_now == 0)
    until(lambda: capture.state[0] == "resting")
    capture.wake()
    until(lambda: Fake.open_now == 1)
    capture.stop()
    until(lambda: Fake.open_now == 0)


def test_a_source_opened_but_never_read_is_freed():
    capture = Capture(lambda: Fake(5), Fake(5))
    capture.rest()
    capture.start()
    capture.stop()
    until(lambda: Fake.open_now == 0)
