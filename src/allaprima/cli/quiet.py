"""Nobody but the command speaks on stderr while a picture is decoded."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2


class Hush:
    """Sends to nowhere, while any thread decodes, what libraries in C write to the process's stderr.

    libtiff says a line of its own for every damaged file, whatever Pillow does; the command says what is wrong already.
    The command itself gets a stderr of its own, which stays open. Where Python's stderr is not the process's, as in
    tests, nothing is done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        own = sys.__stderr__
        self._able = own is not None and sys.stderr is own and own.fileno() == STDERR
        if own is None or not self._able:
            return
        own.flush()
        self._stderr = os.dup(STDERR)
        self._nowhere = os.open(os.devnull, os.O_WRONLY)
        sys.stderr = open(  # noqa: SIM115 - for good
            os.dup(STDERR), "w", buffering=1, encoding=own.encoding, errors=own.errors
        )

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """A block in which a picture is decoded."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        if not self._able:
            return
        with self._lock:
            self._inside += change
            if self._inside == max(change, 0):  # the first that comes, or the last that goes
                os.dup2(self._nowhere if self._inside else self._stderr, STDERR)
