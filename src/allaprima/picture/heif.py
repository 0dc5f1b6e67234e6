"""AVIF and HEIF, with the colors of the picture itself, as opposed to those of its gain map, alpha or thumbnail."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

from PIL import Image

from allaprima.errors import PictureError, how_to_install
from allaprima.picture.plugins import open_plainly
from allaprima.picture.profiles import CICP

_MOST = 2**24
"""Bytes of the box "meta" that are read."""
_SEQUENCE = 2**16
"""Bytes in which the colors of a film are looked for, which has none in "meta"."""


def open_avif(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The header of an AVIF.

    Args:
        file: at its beginning.
        check_size: is told width and height.

    Raises:
        Exception: whatever Pillow meets in a damaged file.
    """
    return _with_codes(open_plainly("AVIF", file), file, check_size)


def open_heif(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The header of a HEIF file, by pillow-heif, which is not registered in Pillow for that.

    Args:
        file: at its beginning.
        check_size: is told width and height.

    Raises:
        PictureError: the package is not installed.
        Exception: whatever it meets in a damaged file.
    """
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 - heavy, and few need it
    except ModuleNotFoundError as error:
        raise PictureError(f"HEIC needs another package: {how_to_install('heic')}") from error
    image: Image.Image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    return _with_codes(image, file, check_size)


def _with_codes(image: Image.Image, file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    check_size(*image.size)
    codes = _color_codes(file)
    if codes is not None:
        image.info[CICP] = codes
    return image


def _color_codes(file: BinaryIO) -> tuple[int, int] | None:
    """Color primaries and transfer characteristics (ITU-T H.273) of the primary item, or of a film's frames.

    By ISO/IEC 14496-12: "pitm" tells the item, "ipma" its properties, which lie in "ipco"; one of them is "colr".
    """
    with suppress(struct.error, IndexError, ValueError):
        meta = _meta(file)
        if meta is None:
            file.seek(0)
            start = file.read(_SEQUENCE)
            place = start.find(b"colrnclx")
            return None if place < 0 else _codes(start[place + 4 :])
        boxes = dict(_boxes(meta[4:]))
        properties = dict(_boxes(boxes[b"iprp"])) if b"iprp" in boxes else {}
        kinds = list(_boxes(properties.get(b"ipco", b"")))
        owned = _associations(properties.get(b"ipma", bytes(8)))
        item = _number(boxes[b"pitm"], 4, wide=boxes[b"pitm"][0] > 0) if b"pitm" in boxes else 0
        for name, body in (
            kinds[index - 1] for one in _with_parts(item, boxes) for index in owned.get(one, ()) if index
        ):
            if name == b"colr" and body.startswith(b"nclx"):
                return _codes(body)
    return None


def _codes(body: bytes) -> tuple[int, int]:
    primaries, transfer = struct.unpack_from(">HH", body, 4)
    return primaries, transfer


def _meta(file: BinaryIO) -> bytes | None:
    """The content of the box "meta" at the top of the file."""
    end, place = file.seek(0, io.SEEK_END), 0
    while place + 8 <= end:
        file.seek(place)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        if name == b"meta":
            return file.read(min(size - head, _MOST))
        if size < head:
            return None
        place += size
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie one after the other in a box: name and content."""
    place = 0
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        if size < 8:
            return
        yield name, data[place + 8 : place + size]
        place += size


def _number(data: bytes, place: int, *, wide: bool) -> int:
    number: int = struct.unpack_from(">I" if wide else ">H", data, place)[0]
    return number


def _associations(ipma: bytes) -> dict[int, list[int]]:
    """The numbers of each item's properties, from 1."""
    version, wide = ipma[0], bool(ipma[3] & 1)
    found: dict[int, list[int]] = {}
    place = 8
    for _ in range(struct.unpack_from(">I", ipma, 4)[0]):
        item = _number(ipma, place, wide=version > 0)
        place += 4 if version > 0 else 2
        count, place = ipma[place], place + 1
        for _ in range(count):
            index = struct.unpack_from(">H", ipma, place)[0] & 0x7FFF if wide else ipma[place] & 0x7F
            found.setdefault(item, []).append(index)
            place += 2 if wide else 1
    return found


def _with_parts(item: int, boxes: dict[bytes, bytes]) -> Iterator[int]:
    """The item, and the tiles that it is made of if it is a grid."""
    yield item
    references = boxes.get(b"iref", b"")
    if references:
        wide = references[0] > 0
        step = 4 if wide else 2
        for name, body in _boxes(references[4:]):
            if name == b"dimg" and _number(body, 0, wide=wide) == item:
                for number in range(_number(body, step, wide=False)):
                    yield _number(body, step + 2 + number * step, wide=wide)
