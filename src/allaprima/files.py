"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from allaprima.errors import PictureError


def _umask() -> int:
    """What the user lets others do with new files; it can be read only by setting it."""
    current = os.umask(0)
    os.umask(current)
    return current


_MODE = 0o666 & ~_umask()  # read once, since for a moment every other thread would write for everybody


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file beside its place, then rename it there.

    Raises:
        PictureError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:50]}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(_MODE)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise PictureError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
