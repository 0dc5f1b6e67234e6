"""PyAV, which decodes and encodes clips: loaded when a clip is at hand, or missed in one sentence."""

from __future__ import annotations

import os
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
