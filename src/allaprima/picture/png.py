"""The chunks of a PNG: what it says beside its pixels, of any size, and what of that must not reach Pillow.

Pillow refuses a picture for a text that unpacks to more than a mebibyte, or for a damaged note of its gamma. Both are
nothing that a browser minds.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from allaprima.picture.plugins import open_plainly
from allaprima.picture.profiles import CICP

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LEAST = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"eXIf": 8, b"iCCP": 3} | dict.fromkeys(_TEXTS, 1)
"""Bytes that a chunk has at least; without one of these a picture is still whole."""
_MOST_TEXT = 2**20
"""Bytes of a text, unpacked, that Pillow takes; and of a profile."""
_MOST_TEXTS = 2**22
"""Bytes of all texts; who writes more means no good."""
_MOST_PROFILE = 2**25


class Chunk(NamedTuple):
    """Where the data of a chunk lie."""

    name: bytes
    place: int
    size: int


def chunks(file: BinaryIO) -> Iterator[Chunk]:
    """All of a PNG from its beginning to IEND, or to where it is damaged."""
    place = len(SIGNATURE)
    end = file.seek(0, io.SEEK_END)
    while place + 12 <= end:
        file.seek(place)
        size, name = struct.unpack(">I4s", file.read(8))
        if not name.isalpha() or place + 12 + size > end:
            return
        yield Chunk(name, place + 8, size)
        if name == b"IEND":
            return
        place += 12 + size


def data_of(file: BinaryIO, chunk: Chunk) -> bytes:
    """A chunk's data."""
    file.seek(chunk.place)
    return file.read(chunk.size)


def open_png(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The picture's header; for an animation that of its first frame.

    Args:
        file: read from its beginning.
        check_size: is told width and height.

    Raises:
        Exception: whatever Pillow meets in a damaged file.
    """
    file.seek(0)
    start = file.read(25)
    file, info = _with_profile(file)
    image = open_plainly("PNG", file)
    check_size(*image.size)
    image.info.update(info)
    transparency = image.info.get("transparency")
    if image.mode == "L" and isinstance(transparency, int):
        depth = start[24]  # Pillow scales samples of 2 and 4 bits to 8, but not the one that is transparent
        image.info["transparency"] = transparency * 255 // (2**depth - 1)
    return image


def _with_profile(file: BinaryIO) -> tuple[BinaryIO, dict[str, Any]]:
    """A PNG that Pillow can open, the same file if it has nothing to stumble over; and what is to go to ``info``."""
    info: dict[str, Any] = {}
    dropped: list[Chunk] = []
    texts = 0
    for chunk in chunks(file):
        if chunk.name == b"cICP" and chunk.size >= 4:
            info[CICP] = tuple(data_of(file, chunk)[:2])
        if chunk.name not in _LEAST:
            continue
        size = _unpacked(file, chunk, info) if _is_whole(file, chunk) else None
        if chunk.name in _TEXTS:
            texts += size or 0
        if size is None or size > _MOST_TEXT or (chunk.name in _TEXTS and texts > _MOST_TEXTS):
            dropped.append(chunk)
    file.seek(0)
    return (_without(file, dropped) if dropped else file), info


def _is_whole(file: BinaryIO, chunk: Chunk) -> bool:
    if chunk.size < _LEAST[chunk.name] or chunk.size > _MOST_PROFILE:
        return False
    data = data_of(file, chunk)
    return zlib.crc32(chunk.name + data).to_bytes(4, "big") == file.read(4)


def _unpacked(file: BinaryIO, chunk: Chunk, info: dict[str, Any]) -> int | None:
    """The bytes of what a chunk holds; None if it cannot be unpacked. A profile too large for Pillow goes to info."""
    data = data_of(file, chunk)
    head, _, rest = data.partition(b"\0")
    packed = rest[1:]
    if chunk.name == b"iTXt":
        if len(rest) < 2 or rest[0] == 0:
            return chunk.size
        rest, packed = rest[1:], rest[2:].split(b"\0", 2)[-1]
    elif chunk.name not in (b"zTXt", b"iCCP"):
        return chunk.size
    if not head or rest[:1] != b"\0":
        return None
    profile, most = chunk.name == b"iCCP", _MOST_PROFILE if chunk.name == b"iCCP" else _MOST_TEXT
    with suppress(zlib.error):
        content = zlib.decompressobj().decompress(packed, most + 1)
        if profile and _MOST_TEXT <= len(content) <= most:
            info["icc_profile"] = content
            return most
        return len(content)
    return None


def _without(file: BinaryIO, dropped: list[Chunk]) -> BinaryIO:
    """A copy of the file, still packed, without some chunks."""
    copy = io.BytesIO()
    for chunk in dropped:
        copy.write(file.read(chunk.place - 8 - file.tell()))
        file.seek(chunk.place + chunk.size + 4)
    copy.write(file.read())
    copy.seek(0)
    return copy
