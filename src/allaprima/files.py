"""Files that appear whole or not at all; the only place in the package that writes to a file's final name."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from allaprima.errors import AllaPrimaError, ExistsError, OutputError

ALL_MAY = 0o666
"""Permissions of a new file, before the user's mask."""


def write_bytes(data: bytes, path: Path, *, overwrite: bool = True) -> None:
    """Write a file's bytes, whole or not at all; see ``replacing``."""
    with replacing(path, overwrite=overwrite) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which takes its name when the block ends; if the block fails, nothing has happened.

    Missing folders are made. A file that is replaced keeps its permissions, and a link to it stays a link.

    Args:
        path: where the file is to be.
        overwrite: whether a file that is there is replaced. If not, that is found out even if it came meanwhile.

    Raises:
        ExistsError: it is there, and nothing may be replaced.
        OutputError: it cannot be written.
    """
    try:
        place = Path(os.path.realpath(path)) if overwrite else path
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name[:50]}.{secrets.token_hex(4)}.part")
        file, named = _create(temporary)
        try:
            with file:
                yield file
                file.flush()
                _keep_permissions(file, place)
                if not named:
                    _give_name(file, temporary if overwrite else place)
            if named and not overwrite:
                os.link(temporary, place)
                os.unlink(temporary)
            elif overwrite:
                os.replace(temporary, place)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except AllaPrimaError:
        raise
    except FileExistsError as error:
        raise ExistsError(f"{path} exists", options=("overwrite",)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise OutputError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


@contextmanager
def replacing_folder(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A place for a folder, which takes its name when the block ends; if the block fails, nothing has happened.

    The block makes the folder; its place has the same ending as ``path``. Missing folders above it are made. Where a
    folder is replaced, there is none for an instant, and the old one comes back if the new one cannot take its name.

    Raises:
        ExistsError: there is something, and nothing may be replaced.
        OutputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent) as scratch:
            made, old = Path(scratch) / f"new{path.suffix}", Path(scratch) / "old"
            yield made
            if is_taken(path) and not overwrite:
                raise ExistsError(f"{path} exists", options=("overwrite",))
            if is_taken(path):
                os.replace(path, old)
            try:
                os.replace(made, path)
            except OSError:
                if is_taken(old):
                    os.replace(old, path)
                raise
    except AllaPrimaError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error


def move(whole: Path, path: Path, *, overwrite: bool = True) -> None:
    """Give a file that is whole, on the same file system, its name; see ``replacing``.

    Raises:
        ExistsError: the name is taken, and nothing may be replaced.
        OutputError: it cannot be moved.
    """
    try:
        if overwrite:
            place = Path(os.path.realpath(path))
            with open(whole, "rb") as file:
                _keep_permissions(file, place)
            os.replace(whole, place)
        else:
            os.link(whole, path)
            os.unlink(whole)
    except FileExistsError as error:
        raise ExistsError(f"{path} exists", options=("overwrite",)) from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def is_taken(path: Path) -> bool:
    """Whether there is anything at a path, were it a link to nowhere.

    Raises:
        OutputError: no file can have that name.
    """
    try:
        path.lstat()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return False
        raise OutputError(
            f"the name of the result would be too long, {len(os.fsencode(path.name))} bytes", options=("output",)
        ) from error
    except ValueError as error:  # a NUL
        raise OutputError(f"no file can be called {path.name!r}", options=("output",)) from error
    return True


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one existing file."""
    return one.exists() and other.exists() and one.samefile(other)


def _create(path: Path) -> tuple[BinaryIO, bool]:
    """A new file beside its place, and whether it has a name.

    Linux has files without one in most of its file systems: a process that is killed leaves nothing behind.
    """
    if hasattr(os, "O_TMPFILE"):
        with suppress(OSError):
            return os.fdopen(os.open(path.parent, os.O_TMPFILE | os.O_RDWR, ALL_MAY), "w+b"), False
    return open(path, "x+b"), True


def _give_name(file: BinaryIO, path: Path) -> None:
    """Name a nameless file; fails if the name is taken."""
    # With a folder's descriptor, which an absolute path does not need, Python follows the link to the file itself.
    os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=file.fileno())


def _keep_permissions(file: BinaryIO, place: Path) -> None:
    """Of the file that is replaced, if there is one."""
    with suppress(OSError):
        mode = place.lstat().st_mode
        if stat.S_ISREG(mode) and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), stat.S_IMODE(mode))
