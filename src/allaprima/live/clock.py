"""A test picture with a clock in it: how old a painting is can be read from the painting itself.

Two rows of cells along the top edge are a number, milliseconds of a monotonic clock, most significant bit first. A cell
of the upper row is white for 1, the cell below it is the opposite. A painting keeps which of the two is brighter,
whatever it does to the colors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from threading import Event

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

BITS = 20
"""Of the number; it begins anew after 17 minutes."""
PERIOD = 2**BITS
ROWS = 16
"""A row of cells is this part of the picture's height."""
WIDTH, HEIGHT, RATE = 640, 480, 30


def burn(pixels: Pixels, milliseconds: int) -> None:
    """Write a number into a picture, uint8 [H, W, 3], in place."""
    height, width = pixels.shape[:2]
    row = height // ROWS
    bits = np.array([milliseconds >> place & 1 for place in reversed(range(BITS))], np.uint8)
    line = bits[np.arange(width) * BITS // width] * np.uint8(255)
    pixels[:row] = line[None, :, None]
    pixels[row : 2 * row] = 255 - line[None, :, None]


def read(pixels: Pixels) -> int:
    """The number in a picture, [H, W, 3], or in its painting, of any size and any brightness."""
    height, width = pixels.shape[:2]
    row = height / ROWS
    gray = pixels.astype(np.float32).mean(axis=-1)
    upper, lower = (gray[round((0.25 + at) * row) : max(1, round((0.75 + at) * row))].mean(axis=0) for at in (0, 1))
    number = 0
    for place in range(BITS):
        left, right = (round((place + part) * width / BITS) for part in (0.3, 0.7))
        number = number << 1 | int(upper[left : right + 1].mean() > lower[left : right + 1].mean())
    return number


def age(pixels: Pixels, now: float) -> float:
    """Seconds between the number in a picture and ``now``, of the same clock."""
    return float((now * 1000 - read(pixels)) % PERIOD) / 1000


class ClockPicture:
    """Colored waves that drift, and the clock: endless, the same on every machine.

    Args:
        width: of the frames in pixels.
        height: likewise.
        rate: frames a second.
        clock: seconds, monotonic.
    """

    def __init__(
        self, width: int = WIDTH, height: int = HEIGHT, rate: int = RATE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.size = width, height
        self._rate, self._clock = Fraction(rate), clock
        y, x = np.mgrid[:height, : 2 * width].astype(np.float32)
        x *= 2 * np.pi / width  # the second half repeats the first, so that any window of it is a frame
        y *= 2 * np.pi / height
        waves = (np.sin(x + np.sin(y)), np.sin(2 * x + y + 2), np.sin(3 * y + np.sin(x)) * np.cos(x))
        self._scene = np.stack([128 + 100 * wave for wave in waves], axis=-1).astype(np.uint8)

    def frame(self, number: int, milliseconds: int) -> Pixels:
        """Frame ``number``, with a time in it: uint8 [H, W, 3]."""
        width, _ = self.size
        left = 2 * number % width
        pixels = np.ascontiguousarray(self._scene[:, left : left + width])
        burn(pixels, milliseconds % PERIOD)
        return pixels

    def frames(self, stopped: Event) -> Iterator[tuple[float, Pixels]]:
        """Frames at their rate, each with the time at which it was made, until ``stopped``."""
        start, number = self._clock(), 0
        while not stopped.wait(max(0.0, start + float(number / self._rate) - self._clock())):
            now = self._clock()
            yield now, self.frame(number, int(now * 1000))
            number = max(number + 1, int((now - start) * self._rate))
