"""JPEG 2000 of more than 8 bits in color, of which Pillow makes white black.

Pillow rounds a sample to 8 bits without a look whether it overflows: 65,408 and more of 65,535 become 0. So where a 0
comes out, one must know if it was bright. A second decoding, told that the samples have 8 bits and a sign, cuts them
off at the middle: what was above it is 255 there, what was below is 0.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

_CODESTREAM = b"\xff\x4f\xff\x51"
_COMPONENTS = 40
"""Bytes from the beginning of the codestream to the number of components (ISO/IEC 15444-1, A.5.1)."""
_HEADER = 2**20
"""Bytes in which the codestream begins; before it lie boxes, of which a profile is the largest."""
_SIGNED_8 = 0x87
_SYCC = b"colr\x01\0\0\0\0\0\x12"


def open_jpeg2000(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The picture; decoded at once if it needs a second look, otherwise when it is asked for.

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        Exception: whatever Pillow meets in a damaged file.
    """
    start = file.read(_HEADER)
    file.seek(0)
    image = Jpeg2KImageFile(file)
    check_size(*image.size)
    place = start.find(_CODESTREAM)
    precisions = _precisions(start, place)
    if (
        image.mode == "I;16"
        or not precisions
        or not all(8 <= precision < 0x80 for precision in precisions)
        or _SYCC in start
    ):
        return image
    decoded = np.array(image)
    file.seek(0)
    sides = np.asarray(Jpeg2KImageFile(io.BytesIO(_cut_at_the_middle(file.read(), place, len(precisions)))))
    decoded[(decoded == 0) & (sides >= 128)] = 255
    mended = Image.frombytes(image.mode, image.size, decoded.reshape(-1).data)
    mended.format, mended.info = image.format, image.info
    return mended


def _precisions(start: bytes, place: int) -> bytes:
    """Bits less one of each component; the highest bit says that they have a sign."""
    if place < 0 or len(start) < place + _COMPONENTS + 2:
        return b""
    (count,) = struct.unpack_from(">H", start, place + _COMPONENTS)
    return start[place + _COMPONENTS + 2 :][: 3 * count : 3]


def _cut_at_the_middle(data: bytes, place: int, count: int) -> bytes:
    """The file, with another word on its samples."""
    changed = bytearray(data)
    first = place + _COMPONENTS + 2
    changed[first : first + 3 * count : 3] = bytes([_SIGNED_8]) * count
    header = changed.find(b"ihdr", 0, place)
    if header >= 0:
        changed[header + 14] = _SIGNED_8
    return bytes(changed)
