"""A process that decodes, paints and encodes for the server, with limits: ``python -m allaprima.studio.worker``.

A hostile file can at worst end this process. It writes no files, and gains no rights.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from allaprima.engine.machine import c_function
from allaprima.engine.memory import parse_memory
from allaprima.errors import AllaPrimaError, OptionError, OutOfMemoryError, OutputError, PictureError
from allaprima.picture.content import format_of_content
from allaprima.studio.frames import packed, read_message
from allaprima.stylizer import Stylizer

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

_BESIDE = 3 * 2**30
"""Bytes of address space that code, threads and allocators take beside the memory for pictures."""
_MORE_CPU = 10
"""Seconds of computing beyond the time that a request may take."""
_NO_NEW_PRIVILEGES = 38
"""PR_SET_NO_NEW_PRIVS of Linux's prctl."""


def main() -> None:
    """Answer requests from stdin on stdout until there are no more."""
    settings = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to answer
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    restrain(parse_memory(settings["memory"]) + _BESIDE)
    stylizers = {"": Stylizer(settings["model"], settings["threads"], settings["memory"])}
    send(outgoing, {"ready": True})
    while (message := read_message(incoming)) is not None:
        head, blobs = message
        begin = time.perf_counter()
        limit_time(settings["seconds"])
        try:
            result, kind = paint(stylizers, settings, head, blobs)
            answer: dict[str, Any] = {"kind": kind}
            blobs = [result]
        except Exception as error:
            answer, blobs = fault_of(error, is_picture(blobs[0])), []
        send(outgoing, {**answer, "seconds": time.perf_counter() - begin, "memory": resident()}, blobs)


def send(stream: BinaryIO, head: dict[str, Any], blobs: list[bytes] | None = None) -> None:
    """Write a message."""
    for piece in packed(head, blobs or []):
        stream.write(piece)
    stream.flush()


def paint(
    stylizers: dict[str, Stylizer], settings: dict[str, Any], values: dict[str, Any], blobs: list[bytes]
) -> tuple[bytes, str]:
    """The painting of a picture as a file, and Pillow's name of its format."""
    model = values.pop("model", "")
    if model not in stylizers:
        stylizers[model] = Stylizer(model, settings["threads"], settings["memory"])
    image, *mask = blobs
    result = stylizers[model].stylize(
        image, max_pixels=settings["max_pixels"], mask=mask[0] if mask else None, **values
    )
    return result, format_of_content(result[:4096])


def fault_of(error: Exception, known: bool) -> dict[str, Any]:
    """Status, sentence and helpful parameters of what went wrong.

    Args:
        error: what was raised.
        known: whether what was sent begins like a file of a kind that is read.
    """
    options = list(getattr(error, "options", ()))
    if isinstance(error, OutOfMemoryError | MemoryError):
        return {"status": 422, "detail": str(error) or "there is not enough memory", "options": ["size"]}
    if isinstance(error, PictureError):
        of_mask = str(error).startswith("the mask")
        return {"status": 422 if of_mask or known else 415, "detail": str(error), "options": []}
    if isinstance(error, OptionError | OutputError):
        return {"status": 400, "detail": str(error), "options": options}
    if isinstance(error, AllaPrimaError):
        return {"status": 422, "detail": str(error), "options": options}
    return {"status": 500, "detail": f"an unexpected fault, {type(error).__name__}", "options": []}


def is_picture(data: bytes) -> bool:
    """Whether a file begins like a picture of a format that is read."""
    try:
        return format_of_content(data[:4096]) != "TGA"  # which has no beginning of its own
    except PictureError:
        return False


def restrain(memory: int, most_file: int = 0) -> None:
    """Take rights and room away from this process, as far as the system can.

    Args:
        memory: bytes of address space that it may have.
        most_file: bytes of a file that it may write; 0 lets it write none.
    """
    with suppress(AttributeError, ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_file, most_file))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if control := c_function("prctl", ctypes.c_int, *[ctypes.c_ulong] * 4):
        control(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def limit_time(seconds: float) -> None:
    """Let this process compute for so long from now on, and no longer; the server watches the clock besides."""
    with suppress(AttributeError, ValueError, OSError):
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        cores = os.cpu_count() or 1
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds * cores) + _MORE_CPU, hard))


def resident() -> int:
    """Bytes of memory that this process has; 0 where that is unknown."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


if __name__ == "__main__":
    main()
