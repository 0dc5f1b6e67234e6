"""What a result says of how it was made, so that ``--resume`` knows whether it is the one that is wanted.

A line of text in the result itself: EXIF's "Software", or a comment in GIF. It comes into being with the file in one
step, goes where the file goes, and several runs on one folder cannot disagree about it, none of which holds for an
index beside the results. BMP has no place for it; there, as for results of other programs, the times of the files alone
decide.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from allaprima.picture.animation import Animation
from allaprima.picture.metadata import with_software
from allaprima.picture.picture import Picture
from allaprima.version import __version__

_PATTERN = re.compile(rb"Alla Prima \S{1,40} look:([0-9a-f]{16}) source:([0-9]{1,20})(?: version:([0-9a-f]{16}))?")
NEAR = 2**16
"""Bytes at the beginning and the end of a file among which every encoder puts its metadata."""


@dataclass(frozen=True)
class Stamp:
    """How a result was made.

    Attributes:
        look: the digest of everything that decides how it looks, 16 hexadecimal digits.
        size: of the photograph's file in bytes; a copy that was not complete has another.
        version: 16 hexadecimal digits that change whenever the photograph does: what its store says of it, or the
            digest of its bytes. Results of earlier versions have none, and times decide.
    """

    look: str
    size: int
    version: str = ""

    def __str__(self) -> str:
        version = f" version:{self.version}" if self.version else ""
        return f"Alla Prima {__version__} look:{self.look} source:{self.size}{version}"


def stamped(content: Picture | Animation, stamp: Stamp) -> Picture | Animation:
    """The content with the stamp in its metadata."""
    if isinstance(content, Animation):
        return content.map(lambda frame: _stamped(frame, stamp))
    return _stamped(content, stamp)


def _stamped(picture: Picture, stamp: Stamp) -> Picture:
    return replace(picture, exif=with_software(picture.exif, str(stamp)))


def with_comment(gif: bytes, stamp: Stamp) -> bytes:
    """The bytes of a GIF with the stamp as their last block, a comment (GIF89a, section 24)."""
    text = str(stamp).encode()
    return gif[:-1] + b"\x21\xfe" + bytes([len(text)]) + text + b"\0" + gif[-1:]


def read_stamp(path: Path) -> Stamp | None:
    """The stamp of a result, without decoding it; None if it has none, or cannot be read."""
    with suppress(OSError), path.open("rb") as file:
        found = stamp_in(file.read(NEAR))
        if found is None and file.seek(0, os.SEEK_END) > NEAR:
            file.seek(max(NEAR, file.tell() - NEAR))
            found = stamp_in(file.read())
        return found
    return None


def stamp_in(data: bytes) -> Stamp | None:
    """The first stamp among other bytes."""
    found = _PATTERN.search(data)
    return None if found is None else Stamp(found[1].decode(), int(found[2]), (found[3] or b"").decode())


Standing = Literal["missing", "done", "stale", "other"]
"""A result that is not there; that is there as wanted; that is there, but is a painting of another look or of an older
photograph; or that is there and nobody knows whose it is."""


def version_of(source: Path | BinaryIO) -> str:
    """The digest of a photograph's bytes, 16 hexadecimal digits; empty for a path that is no file, or cannot be read.

    A stream is read from its beginning, and is left at its end.
    """
    if not isinstance(source, Path):
        source.seek(0)
        return _digest_of(source)
    with suppress(OSError):
        if stat.S_ISREG(source.stat().st_mode):  # a pipe can be read only once
            with source.open("rb", buffering=0) as file:
                return _digest_of(file)
    return ""


def _digest_of(file: BinaryIO | Any) -> str:
    running = hashlib.sha256()
    while data := file.read(2**20):
        running.update(data)
    return running.hexdigest()[:16]


def standing(source: Path, target: Path, look: str, stamp_of: Callable[[Path], Stamp | None] = read_stamp) -> Standing:
    """How a result stands to its photograph and to the look that is wanted.

    A photograph that has not been touched since is not read; a copy that keeps an old time has been.

    Args:
        source: the photograph.
        target: its result; results appear whole, so that one that is there is whole.
        look: the digest of the look.
        stamp_of: reads a result's stamp.
    """
    try:
        photo, result = source.stat(), target.stat()
    except OSError:
        return "missing"
    if os.path.samestat(photo, result):
        return "other"
    found, newer = stamp_of(target), result.st_mtime_ns >= photo.st_mtime_ns
    if found is None or not found.version:
        return standing_of(found, Stamp(look, photo.st_size), newer=newer)
    if (found.look, found.size) != (look, photo.st_size):
        return "stale"
    untouched = newer and result.st_mtime_ns >= photo.st_ctime_ns
    return "done" if untouched or found.version == version_of(source) else "stale"


def standing_of(found: Stamp | None, wanted: Stamp, *, newer: bool) -> Standing:
    """How a result that is there stands to what is wanted.

    Args:
        found: its stamp.
        wanted: the stamp that it would get now; if that has a version, times do not matter.
        newer: whether it is not older than the photograph.
    """
    if found is None:
        return "done" if newer else "other"
    return "done" if found == wanted and (newer or wanted.version) else "stale"


def digest(*parts: Any) -> str:
    """16 hexadecimal digits that differ where values differ: numbers, texts, None, arrays, tuples, dataclasses."""
    running = hashlib.sha256()
    _feed(running, parts)
    return running.hexdigest()[:16]


def _feed(running: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        running.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, list | tuple):
        running.update(f"({len(value)}".encode())
        for one in value:
            _feed(running, one)
    elif is_dataclass(value):
        _feed(running, [(field.name, getattr(value, field.name)) for field in fields(value)])
    else:
        running.update(f"{value!r};".encode())
