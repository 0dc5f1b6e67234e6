"""PyAV, which decodes and encodes clips: loaded when a clip is at hand, or missed in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from allaprima.errors import EngineError, how_to_install


def load_av() -> ModuleType:
    """The module ``av``, silent on stderr: what it has to say becomes errors of ours.

    Raises:
        EngineError: it is not installed.
    """
    try:
        import av  # noqa: PLC0415 - most pictures stand still
        import av.logging  # noqa: PLC0415
    except ImportError as error:
        raise EngineError(f"clips need the package av: {how_to_install('video')}") from error
    av.logging.set_level(None)
    os.environ.setdefault("SVT_LOG", "1")  # the encoder of AV1 tells of itself by other ways, if it may: errors alone
    return av


@contextmanager
def own_priority() -> Iterator[None]:
    """A block after which this thread is scheduled as before.

    The encoder of AV1 makes the thread that opens it a real-time one where it may, as root may: whatever that thread
    starts later, such as other processes, would take a core from all others.
    """
    if not hasattr(os, "sched_getscheduler"):  # not on this system
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            os.sched_setscheduler(0, policy, parameters)
