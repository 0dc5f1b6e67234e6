"""PFM, float pictures without compression: "PF" in color, "Pf" in gray."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.samples import NOTES, to_bytes, white_of_floats

_HEADER = re.compile(rb"P([Ff])\s+(\d{1,9})\s+(\d{1,9})\s+([-+.\deE]{1,30})\s")


def open_pfm(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """Scaled to 8 bits: "L" or "RGB".

    Args:
        file: at its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: it is damaged.
    """
    header = _HEADER.match(file.read(200))
    if header is None or float(header[4]) == 0:
        raise PictureError("it is a damaged PFM")
    width, height, colors = int(header[2]), int(header[3]), 3 if header[1] == b"F" else 1
    check_size(width, height)
    file.seek(header.end())
    data = file.read(4 * width * height * colors)
    if len(data) < 4 * width * height * colors:
        raise PictureError("it is cut off: rows are missing")
    samples = np.frombuffer(data, "<f4" if float(header[4]) < 0 else ">f4").reshape(height, width, colors)
    white, note = white_of_floats(samples, samples.size)
    pixels = np.stack([to_bytes(row * np.float32(255 / white)) for row in samples[::-1]])  # the lowest row comes first
    image = Image.fromarray(pixels if colors == 3 else pixels[..., 0])
    if note:
        image.info[NOTES] = [note]
    return image
