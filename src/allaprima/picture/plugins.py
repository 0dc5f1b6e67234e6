"""Pillow's readers, called one by one and not through ``Image.open``, whose limit of size is a global of the module."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import BinaryIO

from PIL import ImageFile

_CLASSES = {
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
    "PPM": ("PpmImagePlugin", "PpmImageFile"),
    "TGA": ("TgaImagePlugin", "TgaImageFile"),
    "ICO": ("IcoImagePlugin", "IcoImageFile"),
}
"""Module and class: none of them calls a program or reads another file. JPEG's is that of the first view alone, where
a telephone has put more behind it."""


@cache
def _reader(kind: str) -> type[ImageFile.ImageFile]:
    module, name = _CLASSES[kind]
    reader: type[ImageFile.ImageFile] = getattr(import_module(f"PIL.{module}"), name)
    return reader


def open_plainly(kind: str, file: BinaryIO) -> ImageFile.ImageFile:
    """The header of a file in one of Pillow's formats.

    Raises:
        Exception: whatever Pillow meets in a damaged file.
    """
    return _reader(kind)(file)
