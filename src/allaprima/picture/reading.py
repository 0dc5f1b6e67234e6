"""Opening picture files that nobody has checked: formats by content, limits, and faults as sentences."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from allaprima.errors import PictureError
from allaprima.picture.formats import READABLE, WRITABLE
from allaprima.picture.picture import Picture, reasons
from allaprima.picture.profiles import CICP, color_codes
from allaprima.picture.tiff import MAGIC, PAGES, open_tiff

MAX_PIXELS = 178_956_970
"""A picture, or all frames of an animation, of more is refused unless a reader raises the limit: a file of a few
kilobytes can claim any size. It is where Pillow calls a picture a decompression bomb."""

_START = 2**16
"""Bytes at the beginning of a file in which what Pillow does not tell is looked for."""

_BITS = 258  # a sample, of a TIFF

_opening = threading.Lock()


def suffix_of(data: bytes) -> str:
    """The extension of the format in which a picture file's bytes are; ``.png`` where that is not written here.

    Raises:
        PictureError: it is no picture.
    """
    with open_image(io.BytesIO(data)) as image:
        own = "JPEG" if image.format == "MPO" else image.format  # a JPEG with more views behind it, as phones make them
        return next((suffix for suffix, kind in WRITABLE.items() if kind == own), ".png")


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
        if draft is not None:
            image.draft(None, (draft, draft))
        return Picture.from_pil(image, keep_gps=keep_gps)


@contextmanager
def open_image(source: Path | BinaryIO, max_pixels: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """A picture file, its header read and its size allowed; Pillow decodes the pixels when they are asked for.

    Raises:
        PictureError: as ``read_picture``, also for what is raised in the ``with`` block.
    """
    with reasons(), ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        if not file.seekable():
            file = io.BytesIO(file.read())
        start = file.read(_START)
        file.seek(0)
        image = stack.enter_context(_open(file, start, max_pixels))
        check_size(*image.size, 1, max_pixels)
        _complete(image, start)
        yield image


def _open(file: BinaryIO, start: bytes, max_pixels: int) -> Image.Image:
    """By Pillow, or as a TIFF that Pillow does not know."""
    try:
        with _opening:  # Pillow's limit is a global of its module, and ours may be higher
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                image = Image.open(file, formats=_formats(start))
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        if not (isinstance(image, TiffImageFile) and image.mode == "I" and image.tag_v2.get(_BITS) == (32,)):
            return image  # Pillow's I has a sign, and half as many greys
    except UnidentifiedImageError:
        if not start.startswith(MAGIC):
            raise
    file.seek(0)
    return open_tiff(file, lambda width, height: check_size(width, height, 1, max_pixels))


def _complete(image: Image.Image, start: bytes) -> None:
    """Add to a picture's ``info`` what Pillow leaves out of it."""
    codes = color_codes(start)
    if codes is not None:
        image.info[CICP] = codes
    if image.format == "TIFF":
        image.info[PAGES] = getattr(image, "n_frames", 1)
    transparency = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(transparency, int):
        depth = start[24]  # Pillow scales samples of 2 and 4 bits to 8, but not the one that is transparent
        image.info["transparency"] = transparency * 255 // (2**depth - 1)


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
            f"if you trust it, raise the limit with --max-pixels {pixels}"
        )


def _formats(start: bytes) -> tuple[str, ...]:
    """The formats that a file may have, by its first bytes; the decoder of HEIC is loaded for those that need it alone.

    HEIC names its brand, "heic" and the like, in a box "ftyp" (ISO/IEC 23008-12); "mif1" is HEIC or AVIF.

    Raises:
        PictureError: it is HEIC and the package is not installed.
    """
    if start[4:8] != b"ftyp" or start[8:12] not in _HEIC_BRANDS:
        return READABLE
    try:
        import pillow_heif  # noqa: PLC0415 - heavy, and few need it
    except ModuleNotFoundError as error:
        if start[8:12] == b"mif1":
            return READABLE
        raise PictureError("HEIC needs a package: pip install 'allaprima[heic]'") from error
    pillow_heif.register_heif_opener()
    return (*READABLE, "HEIF")


_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1")


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
    grey = Image.fromarray(picture.pixels).convert("L")
    if picture.alpha is not None:
        grey = Image.composite(grey, Image.new("L", grey.size), Image.fromarray(picture.alpha))
    return np.asarray(grey)
