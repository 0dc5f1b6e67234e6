"""Nobody but us speaks while another project's converter works."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

STDERR = 2


@contextmanager
def quiet() -> Iterator[None]:
    """A block whose libraries report steps, versions and operators of their own; none of it is for users.

    Some are in C++ and write to the process's stderr itself, which leads nowhere until the block ends.
    """
    kept = os.dup(STDERR)
    disabled = logging.root.manager.disable
    if sys.__stderr__ is not None:
        sys.__stderr__.flush()
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STDERR)
        os.close(nowhere)
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        os.dup2(kept, STDERR)
        os.close(kept)
