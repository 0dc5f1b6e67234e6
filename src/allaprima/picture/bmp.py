"""BMP whose colors lie in fields of bits, any number of them anywhere, which Pillow reads in a few layouts alone."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.plugins import open_plainly

Words = NDArray[np.unsignedinteger]

_BITFIELDS, _WITH_ALPHA = 3, 6
_START = 14
"""Bytes before the header: "BM", sizes, and where the pixels begin."""


def open_bmp(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The picture: by Pillow, or decoded at once if it has fields of bits; RGBA then if there is alpha but 0 alone.

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: fields that make no sense, or pixels that are missing.
        Exception: whatever Pillow meets in a damaged file.
    """
    start = file.read(40)
    file.seek(0)
    return _with_bitfields(file, check_size) if _has_bitfields(start) else open_plainly("BMP", file)


def _has_bitfields(start: bytes) -> bool:
    if len(start) < 34 or struct.unpack_from("<I", start, _START)[0] < 40:
        return False
    compression: int = struct.unpack_from("<I", start, _START + 16)[0]
    return compression in (_BITFIELDS, _WITH_ALPHA)


def _with_bitfields(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    start = file.read(_START)
    (begin,) = struct.unpack_from("<I", start, 10)
    (size,) = struct.unpack("<I", file.read(4))
    header = file.read(min(size, 124) - 4)
    width, height, _, depth, compression = struct.unpack_from("<iiHHI", header)
    check_size(max(width, 0), abs(height))
    masks = header[36:52] if size >= 56 else header[36:48] if size >= 52 else file.read(12 + 4 * (compression == 6))
    if depth not in (16, 32) or len(masks) < 12:
        raise PictureError(f"it is a BMP with fields in {depth} bits, which is not read")
    fields = struct.unpack(f"<{len(masks) // 4}I", masks)
    file.seek(begin)
    stride = (width * depth // 8 + 3) // 4 * 4
    data = file.read(stride * abs(height))
    if len(data) < stride * abs(height):
        raise PictureError("it is cut off: rows are missing")
    rows = np.frombuffer(data, np.uint8).reshape(abs(height), stride)[:, : width * depth // 8]
    words: Words = np.ascontiguousarray(rows).view(np.uint16 if depth == 16 else np.uint32)
    if height > 0:  # the lowest row comes first
        words = words[::-1]
    channels = [_channel(words, mask) for mask in fields[:3]]
    if len(fields) == 4 and fields[3]:
        alpha = _channel(words, fields[3])
        if alpha.any():  # else it was left empty by mistake, as browsers know
            channels.append(alpha)
    image = Image.fromarray(np.dstack(channels))
    image.format = "BMP"
    return image


def _channel(words: Words, mask: int) -> NDArray[np.uint8]:
    """One field of each word, scaled to 0..255."""
    if mask == 0:
        return np.zeros(words.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    top = mask >> shift
    if top & (top + 1):
        raise PictureError("it is a BMP whose fields of bits have gaps, which is not read")
    values = ((words & words.dtype.type(mask & (2 ** (8 * words.itemsize) - 1))) >> shift).astype(np.float32)
    scaled: NDArray[np.uint8] = np.rint(values * np.float32(255 / top)).astype(np.uint8)
    return scaled
