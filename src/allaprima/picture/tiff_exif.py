"""EXIF in a TIFF that is compressed: Pillow leaves its directories out there, so they are put behind the file."""

from __future__ import annotations

import struct
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

_DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_LONG = 4


def without_directories(exif: Image.Exif) -> Image.Exif:
    """The texts alone, which Pillow writes itself."""
    texts = Image.Exif()
    texts.update({tag: value for tag, value in exif.items() if tag not in _DIRECTORIES})
    return texts


def with_directories(tiff: bytes, exif: Image.Exif) -> bytes:
    """A TIFF of one page, as Pillow writes it, with the directories of its EXIF (Exif 2.32, 4.6.3)."""
    directories = {tag: exif.get_ifd(tag) for tag in _DIRECTORIES if tag in exif}
    if not directories:
        return tiff
    order = "<" if tiff[:2] == b"II" else ">"
    (place,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, place)
    entries = {
        struct.unpack_from(order + "H", tiff, start)[0]: tiff[start : start + 12]
        for start in range(place + 2, place + 2 + 12 * count, 12)
    }
    result = bytearray(tiff + bytes(len(tiff) % 2))
    for tag, values in directories.items():
        entries[tag] = struct.pack(order + "HHII", tag, _LONG, 1, len(result))
        result += _directory(tiff[:4], tag, values, len(result))
        result += bytes(len(result) % 2)
    struct.pack_into(order + "I", result, 4, len(result))
    result += struct.pack(order + "H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return bytes(result)


def _directory(head: bytes, tag: int, values: dict[int, Any], place: int) -> bytes:
    directory = ImageFileDirectory_v2(head + bytes(4), group=tag)
    for number, value in values.items():
        directory[number] = value
    return directory.tobytes(place)
