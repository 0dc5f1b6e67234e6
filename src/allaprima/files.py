"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from allaprima.errors import PictureError


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file beside its place, then rename it there.

    Raises:
        PictureError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part")
        try:
            if not _write_unnamed(data, temporary):
                with open(temporary, "xb") as file:
                    file.write(data)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise PictureError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


def _write_unnamed(data: bytes, path: Path) -> bool:
    """Write a file that gets its name when it is whole, so that a process killed meanwhile leaves nothing.

    Returns:
        Whether it could be done: Linux has such files, in most of its file systems.
    """
    if not hasattr(os, "O_TMPFILE"):
        return False
    with suppress(OSError), os.fdopen(os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        # With a folder's descriptor, which an absolute path does not need, Python follows the link to the file itself.
        os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno())
        return True
    return False
