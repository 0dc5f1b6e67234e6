"""Opening picture files that nobody has checked: formats by content, limits, and faults as sentences."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from allaprima.errors import PictureError
from allaprima.options import MAX_PIXELS
from allaprima.picture.content import TIFF_MAGIC, format_of_content, raw_photograph
from allaprima.picture.formats import RAW_SUFFIXES, WRITABLE
from allaprima.picture.picture import Picture, reasons
from allaprima.picture.plugins import open_plainly

_START = 4096
"""Bytes at the beginning of a file that tell its format."""

Opener = Callable[[BinaryIO, Callable[[int, int], None]], Image.Image]
"""Opens a file; it is told how to check a size before it decodes."""


def suffix_of(data: bytes) -> str:
    """The extension of the format in which a picture file's bytes are; ``.png`` where that is not written here.

    Raises:
        PictureError: it is no picture.
    """
    with open_image(io.BytesIO(data)) as image:
        return next((suffix for suffix, kind in WRITABLE.items() if kind == image.format), ".png")


def read_picture(
    source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS, keep_gps: bool = False, draft: int | None = None
) -> Picture:
    """Decode a file or a stream of bytes; the first frame if it has several.

    Args:
        source: the file.
        max_pixels: a larger picture is refused.
        keep_gps: whether the place where a photograph was taken stays in its metadata.
        draft: how many pixels the short side needs at least. A JPEG is then decoded at a half, a quarter or an eighth
            of its size where that is enough, which is faster; other pictures, and None, at their full size.

    Raises:
        PictureError: it is missing, not a picture, damaged, or larger than ``max_pixels``.
    """
    with open_image(source, max_pixels) as image:
        if draft is not None and image.format == "JPEG":
            image.draft(None, (draft, draft))
        return Picture.from_pil(image, keep_gps=keep_gps)


@contextmanager
def open_image(source: Path | BinaryIO, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """A picture file, its header read and its size allowed; most decode the pixels when they are asked for.

    Pillow's own limit of size is neither asked nor changed, so that the threads of a host program keep theirs.

    Raises:
        PictureError: as ``read_picture``, also for what is raised in the ``with`` block.
    """
    with reasons(), open_file(source) as file:
        file.seek(0)
        start = file.read(_START)
        if start[:4] in TIFF_MAGIC and isinstance(source, Path) and source.suffix.lower() in RAW_SUFFIXES:
            raise raw_photograph()
        file.seek(0)
        with _open(file, start, max_pixels) as image:
            check_size(*image.size, 1, max_pixels)
            yield image


@contextmanager
def open_file(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """A file that one can seek in; a stream that comes open stays open.

    Raises:
        PictureError: there is none, or it may not be read.
    """
    if not isinstance(source, Path):
        yield source if source.seekable() else io.BytesIO(source.read())
        return
    with reasons(), source.open("rb") as file:
        yield file


def _open(file: BinaryIO, start: bytes, max_pixels: int) -> Image.Image:
    """By its format, as its content has it."""
    kind = format_of_content(start)
    if kind in _OPENERS:
        return _opener(kind)(file, lambda width, height: check_size(width, height, 1, max_pixels))
    try:
        return open_plainly(kind, file)
    except SyntaxError as error:
        if kind != "TGA":
            raise
        raise UnidentifiedImageError(str(error)) from error


_OPENERS = {
    "AVIF": "heif.open_avif", "BMP": "bmp.open_bmp", "GIF": "gif.open_gif", "HEIF": "heif.open_heif",
    "JPEG2000": "jpeg2000.open_jpeg2000", "PFM": "pfm.open_pfm", "PNG": "png.open_png", "PPM": "pnm.open_pnm",
    "TIFF": "tiff.open_tiff",
}  # fmt: skip
"""What opens the formats that need more than Pillow's reader. A format's file is loaded when one is read, since most
pictures are JPEG."""


def _opener(kind: str) -> Opener:
    module, name = _OPENERS[kind].split(".")
    opener: Opener = getattr(import_module(f"allaprima.picture.{module}"), name)
    return opener


def check_size(width: int, height: int, frames: int, max_pixels: int) -> None:
    """Refuse what would fill the memory.

    Raises:
        PictureError: so many frames of this size have more than ``max_pixels``, or none.
    """
    pixels = width * height * frames
    if pixels == 0:
        raise PictureError("it has no pixels")
    if pixels > max_pixels:
        times = f" in {frames} frames" if frames > 1 else ""
        raise PictureError(
            f"it has {width}×{height} pixels{times}, more than the limit of {max_pixels:,}; "
            f"if you trust it, raise the limit to {pixels}",
            options=("max_pixels",),
        )


def read_mask(path: Path) -> NDArray[np.uint8]:
    """A picture file as a mask, uint8 [H, W]: its luminance, and black where it is transparent.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        return mask_of(read_picture(path))
    except PictureError as error:
        raise PictureError(f"the mask {path}: {error}") from error


def mask_of(picture: Picture) -> NDArray[np.uint8]:
    """A picture's luminance, black where it is transparent: uint8 [H, W]."""
    gray = Image.fromarray(picture.pixels).convert("L")
    if picture.alpha is not None:
        gray = Image.composite(gray, Image.new("L", gray.size), Image.fromarray(picture.alpha))
    return np.asarray(gray)
