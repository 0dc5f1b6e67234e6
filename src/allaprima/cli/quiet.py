"""Nobody but the command speaks on stderr."""

from __future__ import annotations

import os
import sys

STDERR = 2


def quiet_decoders() -> None:
    """Give the command a stderr of its own, and send to nowhere what libraries in C write to the process's.

    libtiff says a line of its own for every damaged file, whatever Pillow does; the command says what is wrong already.
    Where Python's stderr is not the process's, as in tests, nothing is done.
    """
    own = sys.__stderr__
    if own is None or sys.stderr is not own or own.fileno() != STDERR:
        return
    own.flush()
    sys.stderr = open(os.dup(STDERR), "w", buffering=1, encoding=own.encoding, errors=own.errors)  # noqa: SIM115 - for good
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
