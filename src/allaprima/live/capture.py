"""The newest frame of a source, whatever becomes of the source: it is reopened when it is lost, and closed at rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from allaprima.errors import AllaPrimaError
from allaprima.live.stream import Grab, Stream

State = Literal["resting", "opening", "running", "lost"]
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds between two attempts to reopen a source: twice as long each time."""


class Capture:
    """Reads a source in a thread of its own and keeps one frame, the newest, so that latency cannot grow.

    Args:
        opening: opens the source.
        first: the source, opened already.
    """

    def __init__(self, opening: Callable[[], Stream], first: Stream | None = None) -> None:
        self._opening, self._first = opening, first
        self._changed = threading.Condition()
        self._grab: Grab | None = None
        self._number = 0
        self._wanted = first is not None
        self._ended = threading.Event()
        self._pausing = threading.Event()
        """Set where whatever the thread does must end soon: at rest, or for good."""
        self._state: State = "opening" if self._wanted else "resting"
        self._reason = ""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, seconds: float = 0.5) -> None:
        """Free the source, waiting at most so long for it."""
        self._ended.set()
        self._want(False)
        self._thread.join(seconds)

    def wake(self) -> None:
        """Frames are wanted from now on."""
        self._want(True)

    def rest(self) -> None:
        """No frames are wanted: the source is closed, and a camera's lamp goes out."""
        self._want(False)

    @property
    def state(self) -> tuple[State, str]:
        """What the source is doing, and why if it is lost."""
        with self._changed:
            return self._state, self._reason

    def newest(self, after: int, timeout: float) -> tuple[int, Grab] | None:
        """The newest frame and its number, if that is above ``after`` now or within ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > after or self._ended.is_set(), timeout)
            return None if self._grab is None or self._number <= after else (self._number, self._grab)

    def _want(self, wanted: bool) -> None:
        with self._changed:
            self._wanted = wanted and not self._ended.is_set()
            if self._wanted:
                self._pausing.clear()
            else:
                self._pausing.set()
            self._changed.notify_all()

    def _say(self, state: State, reason: str = "") -> None:
        with self._changed:
            self._state, self._reason = state, reason

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._ended.is_set():
            with self._changed:
                if not self._wanted:
                    self._state, self._grab = "resting", None
                self._changed.wait_for(lambda: self._wanted or self._ended.is_set())
            if self._ended.is_set():
                break
            before = self._number
            reason = self._read()
            if self._pausing.is_set():
                continue
            self._say("lost", reason)
            pause = FIRST_PAUSE if self._number > before else min(2 * pause, LONGEST_PAUSE)
            self._pausing.wait(pause)
        self._close_first()

    def _read(self) -> str:
        """Read the source until it ends or must; why it ended."""
        if self._state != "lost":
            self._say("opening")
        try:
            stream, self._first = self._first or self._opening(), None
        except (AllaPrimaError, OSError) as error:
            return str(error)
        try:
            for grab in stream.grabs(self._pausing):
                with self._changed:
                    self._grab, self._number = grab, self._number + 1
                    self._state, self._reason = "running", ""
                    self._changed.notify_all()
                if self._pausing.is_set():
                    break
        except (AllaPrimaError, OSError, ValueError) as error:
            return getattr(error, "strerror", None) or str(error)
        finally:
            stream.close()
        return "it ended"

    def _close_first(self) -> None:
        if self._first is not None:
            self._first.close()
            self._first = None
