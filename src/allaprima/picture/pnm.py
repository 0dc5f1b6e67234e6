"""Portable anymaps whose white is not 255, which Pillow reads one sample after the other in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.plugins import open_plainly

_SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([56])" + _SPACE + _SPACE.join([rb"(\d{1,9})"] * 3) + rb"\s")
_BEGINNING = 4096


def open_pnm(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The picture: by Pillow, or decoded at once, scaled to 8 bits, where white is another number than 255.

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: rows are missing.
        Exception: whatever Pillow meets in a damaged file.
    """
    header = _HEADER.match(file.read(_BEGINNING))
    if header is None or not 0 < int(header[4]) < 2**16 or int(header[4]) == 255:
        file.seek(0)
        return open_plainly("PPM", file)
    width, height, white = (int(header[number]) for number in (2, 3, 4))
    channels = 3 if header[1] == b"6" else 1
    check_size(width, height)
    kind = np.dtype(">u2" if white > 255 else np.uint8)
    file.seek(header.end())
    data = file.read(width * height * channels * kind.itemsize)
    if len(data) < width * height * channels * kind.itemsize:
        raise PictureError("it is cut off: rows are missing")
    table = np.minimum(np.rint(np.arange(256**kind.itemsize) * (255 / white)), 255).astype(np.uint8)
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), table[np.frombuffer(data, kind)].data)
