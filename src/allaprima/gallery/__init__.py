"""The style models that ship with the package, and where any other lies."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from allaprima.errors import ModelError

BANKS = ("fast", "fine")
"""What ships inside the package: for real time, and for better pictures in three to four times the seconds."""
GALLERY = "gallery"
"""Another word for the first of them."""


def gallery_model(name: str = BANKS[0]) -> Path:
    """A bank that ships inside the package, one of ``BANKS``."""
    return Path(str(files("allaprima") / "gallery" / f"{name}.onnx"))


def find_model(model: str | os.PathLike[str]) -> Path:
    """Where a style model lies: a bank of the package by its name (one of ``BANKS``, or ``GALLERY``), or a file.

    Raises:
        ModelError: it is neither.
    """
    if not isinstance(model, (str, os.PathLike)):
        raise ModelError(f"a model is a bank of the gallery ({', '.join(BANKS)}) or a path, not {type(model).__name__}")
    name = os.fspath(model)
    if name in (GALLERY, *BANKS):
        return gallery_model(BANKS[0] if name == GALLERY else name)
    if not Path(model).is_file():
        raise ModelError(f"there is no style model at {model}, and the gallery has: {', '.join(BANKS)}")
    return Path(model)
