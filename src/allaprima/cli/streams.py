"""Stdin, stdout and stderr, any of which the caller may have closed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def fill_places() -> None:
    """Put something harmless where one is closed.

    The next file to be opened would take its number, and what is then said on stderr would go into that file.
    Python's ``sys.stdin`` and ``sys.stdout`` stay None where they are closed; ``sys.stderr`` takes words for nobody.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for good


def drop_stdout() -> None:
    """Nobody reads stdout any more: what is left for it goes to nowhere, so that Python's own end is quiet."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
