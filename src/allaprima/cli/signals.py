"""Ctrl-C, SIGTERM and a closed terminal, at any moment of the command: one sentence, and the exit code that fits.

This file is loaded before all else, and loads nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn

WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}
"""What the command says. The exit code is 128 and the signal's number, as shells have it."""

SECOND = 2.0
"""Seconds after a signal during which others are taken for the same wish, and the command may tidy up."""


class Terminated(SystemExit):
    """The command is asked to end by another signal than Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number
        super().__init__(self.exit_code)


class _State:
    """What the handlers know."""

    since: float | None = None
    """When the first signal came."""
    nothing_to_keep = 0
    """How many blocks are entered in which the command may end between any two instructions."""


def install() -> None:
    """Answer signals from now on; those that are ignored, as Ctrl-C is in the background of a script, stay so."""
    for name in WORDS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, _answer)


def uninstall() -> None:
    """Ignore signals: the work is done and the command is about to end."""
    for name in WORDS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is _answer:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def at_once() -> Iterator[None]:
    """A block in which nothing needs to be kept, such as imports: there a signal ends the command on the spot.

    An exception in the middle of an import would not always arrive: modules in C turn it into one of their own.
    """
    _State.nothing_to_keep += 1
    try:
        yield
    finally:
        _State.nothing_to_keep -= 1


def word_of(code: int) -> str:
    """What is said for an exit code of 128 and more."""
    with suppress(ValueError):
        return WORDS.get(signal.Signals(code - 128).name, "stopped")
    return "stopped"


def leave(code: int) -> NoReturn:
    """End the process now, without waiting for threads that are still computing."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.terminate()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)


def _answer(number: int, frame: FrameType | None) -> None:
    if _State.since is not None:
        if time.monotonic() - _State.since > SECOND:
            _end(number)
        return
    _State.since = time.monotonic()
    if _State.nothing_to_keep:
        _end(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)


def _end(number: int) -> NoReturn:
    with suppress(Exception):
        os.write(sys.stderr.fileno(), f"allaprima: {word_of(128 + number)}\n".encode())
    os._exit(128 + number)
