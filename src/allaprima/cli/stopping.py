"""Ctrl-C and SIGTERM between two steps of long work instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from allaprima.cli.signals import WORDS

Handler = Callable[[int, FrameType | None], Any]
SAME = 1.0
"""Seconds in which a second signal is no new wish."""


class Stopping:
    """While it is entered, a signal that would end the command waits for the next ``check``.

    So what a step changes, and what is written about it, stays together. A second signal ends the command at once, but
    one that follows within a second is taken for the same. A signal that is ignored, as SIGINT is for a command in the
    background of a script, stays so.

    Args:
        wake: is called when a signal comes, in the middle of anything.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self._handlers: dict[int, Any] = {}
        self._received: int | None = None
        self._since = 0.0
        self._wake = wake

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for number in _numbers():
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if error is None or isinstance(error, Exception):  # such as a worker that the same signal has ended
            self.check()

    def asked(self) -> int:
        """The number of the signal that waits; 0 if none does."""
        return self._received or 0

    def check(self, other: int = 0) -> None:
        """End the command if that was asked for.

        Args:
            other: the number of a signal that another process of the same work has received; 0 is none.

        Raises:
            KeyboardInterrupt: by Ctrl-C.
            SystemExit: by SIGTERM, or whatever the command's own handler raises.
        """
        number, self._received = self._received or other, None
        if number:
            self._restore()
            _obey(number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._received is not None:
            if time.monotonic() - self._since > SAME:
                self._restore()
                _obey(number)
            return
        self._received, self._since = number, time.monotonic()
        self._wake()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in WORDS if hasattr(signal, name)]


def _obey(number: int) -> None:
    if signal.getsignal(number) is signal.SIG_DFL:  # it would end the process with nothing said or saved
        raise SystemExit(128 + number)
    signal.raise_signal(number)
