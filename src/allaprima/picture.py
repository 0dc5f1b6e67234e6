"""Every way a picture comes in and goes out.

Whatever the file, the network sees upright sRGB pixels, uint8 ``[H, W, 3]``. What is not colour waits aside: alpha
comes back unchanged, and of EXIF what is still true: author, camera and moment, not orientation, place or thumbnail.
"""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from allaprima.errors import PictureError

READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO")
"""Pillow's names of the formats read here: none of them calls a program or reads another file."""

WRITABLE = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF",
    ".bmp": "BMP", ".avif": "AVIF",
}  # fmt: skip
"""The formats written here, by extension."""

SUFFIXES = frozenset(WRITABLE) | {".jfif", ".jpe", ".gif", ".jp2", ".mpo", ".pbm", ".pgm", ".ppm", ".tga", ".ico"}
"""What counts as a picture when a folder is searched."""

WITHOUT_ALPHA = ("JPEG", "BMP")
DEFAULT_QUALITY = 92
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 [H, W, 3], sRGB, upright.
        alpha: uint8 [H, W], or None for an opaque picture.
        exif: what stays true after stylisation: author, camera, moment.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    exif: Image.Exif = field(default_factory=Image.Exif)

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
    def from_pil(cls, image: Image.Image) -> Picture:
        """Any PIL picture, of whatever mode; its first frame if it has several.

        Raises:
            PictureError: its pixels cannot be decoded.
        """
        with _reasons():
            image.load()  # here, so that damaged pixels are not taken for damaged metadata
            upright, exif = _upright(image)
            rgb, alpha = _to_srgb(_eight_bit(upright, sixteen=image.format == "PPM"))
        pixels = np.asarray(rgb)
        if alpha is not None:
            pixels = _fill_invisible(pixels, alpha)
        return cls(pixels, alpha, exif)

    def to_pil(self) -> Image.Image:
        """RGB, or RGBA if the picture has alpha."""
        if self.alpha is None:
            return Image.fromarray(self.pixels)
        return Image.fromarray(np.dstack([self.pixels, self.alpha]))

    def encode(self, suffix: str, quality: int = DEFAULT_QUALITY) -> bytes:
        """The picture as the bytes of a file of that format; transparency lies on white where the format has none.

        Raises:
            PictureError: the format is not one of ``WRITABLE``, or cannot hold a picture of this size.
        """
        kind, image = format_of(suffix), self.to_pil()
        if image.mode == "RGBA" and kind in WITHOUT_ALPHA:
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image).convert("RGB")
        options: dict[str, object] = {"quality": quality} if kind in ("JPEG", "WEBP", "AVIF") else {}
        if kind == "JPEG":
            options["subsampling"] = "4:4:4" if quality >= 90 else "4:2:0"
        if kind == "TIFF":
            options["compression"] = "tiff_deflate"
        if kind != "BMP" and len(self.exif):
            options["exif"] = self.exif
        buffer = io.BytesIO()
        with _reasons("cannot be written as " + kind):
            image.save(buffer, kind, **options)
        return buffer.getvalue()


def format_of(suffix: str) -> str:
    """The format that an extension stands for.

    Raises:
        PictureError: none that is written here.
    """
    kind = WRITABLE.get(suffix.lower())
    if kind is None:
        raise PictureError(f'pictures are not written as "{suffix}"; use one of: {" ".join(WRITABLE)}')
    return kind


def read_picture(source: Path | BinaryIO) -> Picture:
    """Decode a file or a stream of bytes.

    Raises:
        PictureError: it is missing, not a picture, damaged, or too large.
    """
    with _reasons(), Image.open(source, formats=READABLE) as image:
        return Picture.from_pil(image)


def write_picture(picture: Picture, path: Path, quality: int = DEFAULT_QUALITY) -> None:
    """Encode by the path's extension; the file appears whole or not at all.

    Raises:
        PictureError: an unknown format, or a folder that cannot be written.
    """
    write_bytes(picture.encode(path.suffix, quality), path)


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file beside its place, then rename it there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise PictureError(f"{path} cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@contextmanager
def _reasons(what: str = "cannot be read") -> Iterator[None]:
    """Turn whatever a codec throws at a damaged file into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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
    except Image.DecompressionBombError as error:
        raise PictureError(f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels") from error
    except Exception as error:  # codecs raise OSError, SyntaxError, struct.error, ValueError, EOFError, …
        raise PictureError(f"{what}: {str(error).strip() or type(error).__name__}") from error


def _upright(image: Image.Image) -> tuple[Image.Image, Image.Exif]:
    """The picture as it is to be seen, and the metadata that survives; damaged metadata is left behind."""
    exif = Image.Exif()
    with suppress(Exception):  # whatever a malformed directory makes the parser raise, the pixels are whole
        exif = _true_metadata(image.getexif())
    with suppress(Exception):  # Pillow's own exif_transpose writes the metadata anew and fails on one bad field
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        image = image if turn is None else image.transpose(turn)
    return image, exif


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What turns a picture upright, by its EXIF orientation (TIFF 6.0, tag 274)."""


def _true_metadata(exif: Image.Exif) -> Image.Exif:
    """What a painting keeps of a photograph's EXIF: who, when and with what; nothing of place, size or thumbnail."""
    kept = Image.Exif()
    for tag in _TEXT_TAGS:
        if isinstance(exif.get(tag), str):
            kept[tag] = exif[tag]
    taken = {tag: value for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items() if tag in _MOMENT_TAGS}
    if taken:
        kept.get_ifd(ExifTags.IFD.Exif).update(taken)
    kept.tobytes()  # raises here what it would raise when the painting is written
    return kept


_TEXT_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime,
    ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
_MOMENT_TAGS = (
    ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTime,
    ExifTags.Base.OffsetTimeOriginal, ExifTags.Base.ExposureTime, ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings, ExifTags.Base.FocalLength,
)  # fmt: skip


def _eight_bit(image: Image.Image, *, sixteen: bool) -> Image.Image:
    """Modes of more than 8 bits a channel (I;16…, I, F) as 8-bit grey; every other mode as it is.

    Mode I is of 16 bits if its values or its file's format (``sixteen``) say so.
    """
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.nan_to_num(np.asarray(image, np.float64))
    if image.mode.startswith("I;16") or (image.mode == "I" and (sixteen or values.max() > 255)):
        values = values / 257.0
    elif image.mode == "F" and values.max() <= 2.0:  # 0..1, with what a resize overshoots
        values = values * 255.0
    grey = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    if "icc_profile" in image.info:
        grey.info["icc_profile"] = image.info["icc_profile"]
    return grey


def _to_srgb(image: Image.Image) -> tuple[Image.Image, NDArray[np.uint8] | None]:
    """An 8-bit picture of any mode -> (RGB picture in sRGB, alpha [H, W] or None)."""
    alpha, profile = None, image.info.get("icc_profile")
    colour = "L" if image.mode in ("L", "LA", "La", "1") else "RGB" if image.mode in _RGB_LIKE else image.mode
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
    if profile:
        source = image.convert(colour)
        try:
            converted = ImageCms.profileToProfile(
                source, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB, outputMode="RGB"
            )
            assert converted is not None
            return converted, alpha
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken or mismatched profile: viewers ignore it, and so do we
    return image.convert("RGB"), alpha


_RGB_LIKE = ("RGBA", "RGBa", "RGBX", "P", "PA")


def _fill_invisible(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give fully transparent pixels the mean visible colour.

    What lies there is arbitrary, often black, and would leak into the norms' statistics and into the visible edge.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return pixels
    filled = pixels.copy()
    filled[~visible] = pixels[visible].mean(axis=0).round()
    return filled
