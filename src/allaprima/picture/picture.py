"""Every way a picture comes in and goes out.

Whatever the file, the network sees upright sRGB pixels, uint8 ``[H, W, 3]``. What is not colour waits aside: alpha
comes back unchanged, and of EXIF what is still true (``metadata.py``).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from allaprima.errors import PictureError
from allaprima.files import write_bytes
from allaprima.picture.metadata import orientation, true_metadata, upright
from allaprima.picture.profiles import CICP, SRGB, color_codes
from allaprima.picture.srgb import to_srgb
from allaprima.picture.tiff import MAGIC, PAGES, open_tiff

READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO")
"""Pillow's names of the formats read here, besides HEIC: none of them calls a program or reads another file."""

WRITABLE = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF",
    ".bmp": "BMP", ".gif": "GIF", ".avif": "AVIF",
}  # fmt: skip
"""The formats written here, by extension."""

SUFFIXES = frozenset(WRITABLE) | {
    ".jfif", ".jpe", ".jp2", ".mpo", ".pbm", ".pgm", ".ppm", ".tga", ".ico", ".heic", ".heif", ".hif",
}  # fmt: skip
"""What counts as a picture when a folder is searched."""

WITHOUT_ALPHA = ("JPEG", "BMP")
WITHOUT_EXIF = ("BMP", "GIF")
WITH_PROFILE = ("JPEG", "PNG", "WEBP", "TIFF")
"""The formats that say in an ICC profile that they are sRGB; AVIF has a field for it, GIF and BMP are taken for it."""
DEFAULT_QUALITY = 92

MAX_PIXELS = 178_956_970
"""A picture, or all frames of an animation, of more is refused unless a reader raises the limit: a file of a few
kilobytes can claim any size. It is where Pillow calls a picture a decompression bomb."""

_START = 2**16
"""Bytes at the beginning of a file in which what Pillow does not tell is looked for."""

_BITS = 258  # a sample, of a TIFF

_opening = threading.Lock()


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 [H, W, 3], sRGB, upright.
        alpha: uint8 [H, W], or None for an opaque picture.
        exif: what stays true after stylisation: author, camera, moment.
        pages: how many the file has, of which this is the first.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    exif: Image.Exif = field(default_factory=Image.Exif)
    pages: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def with_pixels(self, pixels: NDArray[np.uint8]) -> Picture:
        """The same picture, repainted."""
        return replace(self, pixels=pixels)

    def within(self, longest: int) -> Picture:
        """The picture, scaled down if its longer side has more than ``longest`` pixels."""
        if max(self.size) <= longest:
            return self
        scale = longest / max(self.size)
        size = (max(1, round(self.size[0] * scale)), max(1, round(self.size[1] * scale)))
        alpha = None if self.alpha is None else np.asarray(Image.fromarray(self.alpha).resize(size))
        pixels = np.asarray(Image.fromarray(self.pixels).resize(size, Image.Resampling.LANCZOS))
        return replace(self, pixels=pixels, alpha=alpha)

    @classmethod
    def from_pil(cls, image: Image.Image, *, keep_gps: bool = False) -> Picture:
        """Any PIL picture, of whatever mode; its current frame if it has several.

        Raises:
            PictureError: its pixels cannot be decoded.
        """
        with reasons():
            image.load()  # here, so that damaged pixels are not taken for damaged metadata
            exif, turn = true_metadata(image, keep_gps=keep_gps), orientation(image)
            pixels, alpha = to_srgb(image)
            pages = int(image.info.get(PAGES, 1))
        return cls(upright(pixels, turn), None if alpha is None else upright(alpha, turn), exif, pages)

    def to_pil(self, *, keep_alpha: bool = True) -> Image.Image:
        """RGB, or RGBA if the picture has alpha and is to keep it; otherwise it lies on white."""
        if self.alpha is None:
            return Image.fromarray(self.pixels)
        image = Image.fromarray(np.dstack([self.pixels, self.alpha]))
        if keep_alpha:
            return image
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")

    def encode(self, suffix: str, quality: int = DEFAULT_QUALITY) -> bytes:
        """The picture as the bytes of a file of that format; transparency lies on white where the format has none.

        Raises:
            PictureError: the format is not one of ``WRITABLE``, or cannot hold a picture of this size.
        """
        buffer = io.BytesIO()
        kind = format_of(suffix)
        with reasons("cannot be written as " + kind):
            flat = self.to_pil(keep_alpha=kind not in WITHOUT_ALPHA)
            flat.save(buffer, kind, **self.save_options(kind, quality))
        return buffer.getvalue()

    def save_options(self, kind: str, quality: int) -> dict[str, object]:
        """What Pillow's encoder of that format is told."""
        options: dict[str, object] = {"quality": quality} if kind in ("JPEG", "WEBP", "AVIF") else {}
        if kind == "JPEG":
            options["subsampling"] = "4:4:4" if quality >= 90 else "4:2:0"
        if kind == "TIFF":
            options["compression"] = "tiff_deflate"
        if kind not in WITHOUT_EXIF and len(self.exif):
            options["exif"] = self.exif
        if kind in WITH_PROFILE:
            options["icc_profile"] = SRGB
        return options


def format_of(suffix: str) -> str:
    """The format that an extension stands for.

    Raises:
        PictureError: none that is written here.
    """
    kind = WRITABLE.get(suffix.lower())
    if kind is None:
        raise PictureError(f'pictures are not written as "{suffix}"; use one of: {" ".join(WRITABLE)}')
    return kind


def suffix_of(data: bytes) -> str:
    """The extension of the format in which a picture file's bytes are; ``.png`` where that is not written here.

    Raises:
        PictureError: it is no picture.
    """
    with open_image(io.BytesIO(data)) as image:
        own = "JPEG" if image.format == "MPO" else image.format  # a JPEG with more views behind it, as phones make them
        return next((suffix for suffix, kind in WRITABLE.items() if kind == own), ".png")


def read_picture(source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS, keep_gps: bool = False) -> Picture:
    """Decode a file or a stream of bytes; the first frame if it has several.

    Raises:
        PictureError: it is missing, not a picture, damaged, or larger than ``max_pixels``.
    """
    with open_image(source, max_pixels) as image:
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


def write_picture(picture: Picture, path: Path, quality: int = DEFAULT_QUALITY) -> None:
    """Encode by the path's extension; the file appears whole or not at all.

    Raises:
        PictureError: an unknown format, or a folder that cannot be written.
    """
    write_bytes(picture.encode(path.suffix, quality), path)


@contextmanager
def reasons(what: str = "cannot be read") -> Iterator[None]:
    """Turn whatever a codec throws at a damaged file into one sentence."""
    try:
        yield
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError("there is no such file") from error
    except IsADirectoryError as error:
        raise PictureError("it is a folder, not a picture") from error
    except PermissionError as error:
        raise PictureError(f"{what}: permission denied") from error
    except UnidentifiedImageError as error:
        raise PictureError("it is not a picture of a known format") from error
    except Exception as error:  # codecs raise OSError, SyntaxError, struct.error, ValueError, EOFError, …
        raise PictureError(f"{what}: {str(error).strip() or type(error).__name__}") from error
