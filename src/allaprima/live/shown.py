"""What is shown: the newest painting as a JPEG, and whether anybody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LOOKS = 3.0
"""Seconds after which a viewer that asks for nothing is gone."""


@dataclass(frozen=True)
class Painting:
    """A painting as it is sent.

    Attributes:
        number: counts up.
        captured: when the frame was taken, in seconds of a monotonic clock.
        jpeg: the file's bytes.
    """

    number: int
    captured: float
    jpeg: bytes


class Shown:
    """The newest painting; viewers wait for the next, as many as there are.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._newest: Painting | None = None
        self._waiting = 0
        self._looked = -LOOKS
        self.arrived = threading.Event()
        """Set when a viewer asks; whoever sleeps without viewers waits for it."""

    @property
    def newest(self) -> Painting | None:
        """What was painted last."""
        return self._newest

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        with self._changed:
            return self._waiting > 0 or self._clock() - self._looked < LOOKS

    def show(self, captured: float, jpeg: bytes) -> None:
        """Publish a painting."""
        with self._changed:
            number = 1 if self._newest is None else self._newest.number + 1
            self._newest = Painting(number, captured, jpeg)
            self._changed.notify_all()

    def wait(self, after: int, timeout: float) -> Painting | None:
        """The newest painting if its number is not ``after``, now or within ``timeout`` seconds."""
        with self._changed:
            self._waiting += 1
            self.arrived.set()
            try:
                self._changed.wait_for(lambda: self._newest is not None and self._newest.number != after, timeout)
                return None if self._newest is None or self._newest.number == after else self._newest
            finally:
                self._waiting -= 1
                self._looked = self._clock()
