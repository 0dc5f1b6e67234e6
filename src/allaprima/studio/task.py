"""A process that paints one clip or trains one style for the server, with limits: ``python -m allaprima.studio.task``.

It reads one order from stdin, works in the folder that the order names, and tells on stdout how far it is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from allaprima.engine.memory import parse_memory
from allaprima.engine.progress import Progress
from allaprima.studio.frames import read_message
from allaprima.studio.worker import fault_of, is_picture, limit_time, restrain, send
from allaprima.stylizer import Stylizer

MOST_RESULT = 2**31
"""Bytes of a file that is written."""
_BESIDE = {"clip": 4 * 2**30, "training": 12 * 2**30}
"""Bytes of address space beside the memory for pictures: encoders keep frames, and PyTorch is large."""
_NICE = 5
"""Pictures, whose clients wait, come first."""
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""
_PAUSE = 0.2
"""Seconds between two words of how far it is."""

Order = dict[str, Any]


def main() -> None:
    """Do what is ordered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to answer
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    message = read_message(sys.stdin.buffer)
    if message is None:
        return
    order = message[0]
    stay_below(order)
    try:
        result = DOERS[order["kind"]](order, teller(outgoing))
        send(outgoing, {"result": result.name})
    except Exception as error:
        known = order["kind"] == "clip" or is_picture((Path(order["folder"]) / order["source"]).read_bytes())
        fault = fault_of(error, known)
        send(outgoing, fault | {"detail": without_places(fault["detail"], order["folder"])})


def stay_below(order: Order) -> None:
    """Keep this process within its limits, behind those whose clients wait, and no longer than the server's."""
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    restrain(parse_memory(order["memory"]) + _BESIDE[order["kind"]], MOST_RESULT)
    limit_time(order["seconds"])


def teller(stream: BinaryIO) -> Progress:
    """Sends how far the work is, but not too often."""
    last = 0.0

    def tell(done: int, whole: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == whole or now - last >= _PAUSE:
            last = now
            send(stream, {"done": done, "whole": whole})

    return tell


def paint_clip(order: Order, tell: Progress) -> Path:
    """The painted clip."""
    folder, values = Path(order["folder"]), dict(order["values"])
    stylizer = Stylizer(values.pop("model", order["model"]), order["threads"], order["memory"])
    target = folder / f"painting{order['suffix']}"
    source = folder / order["source"]
    mask = None if order["mask"] is None else folder / order["mask"]
    return stylizer.stylize_file(source, target, max_pixels=order["max_pixels"], mask=mask, progress=tell, **values)


def train(order: Order, tell: Progress) -> Path:
    """The trained model."""
    from allaprima.studio.training import train_style  # noqa: PLC0415 - PyTorch is an extra

    return train_style(order, tell)


DOERS: dict[str, Callable[[Order, Progress], Path]] = {"clip": paint_clip, "training": train}
"""By the order's kind."""


def without_places(text: str, folder: str) -> str:
    """A sentence in which the server's own folders are not named."""
    if not text.startswith(folder):
        return text.replace(f"{folder}{os.sep}", "")
    return text.partition(": ")[2] or text.replace(f"{folder}{os.sep}", "")


if __name__ == "__main__":
    main()
