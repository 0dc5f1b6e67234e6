"""Every way a picture comes in and goes out.

Whatever the file, the network sees upright sRGB pixels, uint8 ``[H, W, 3]``. What is not color waits aside: alpha
comes back unchanged, and of EXIF what is still true (``metadata.py``).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from allaprima.errors import AllaPrimaError, OutOfMemoryError, OutputError, PictureError
from allaprima.files import write_bytes
from allaprima.options import DEFAULT_QUALITY
from allaprima.picture.formats import (
    WITH_PROFILE,
    WITHOUT_ALPHA,
    WITHOUT_EXIF,
    check_size_of_format,
    format_of,
)
from allaprima.picture.metadata import exif_of, orientation, true_metadata, upright
from allaprima.picture.profiles import SRGB
from allaprima.picture.samples import NOTES
from allaprima.picture.srgb import fill_invisible, to_srgb
from allaprima.picture.tiff_exif import with_directories, without_directories


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 [H, W, 3], sRGB, upright.
        alpha: uint8 [H, W], or None for an opaque picture.
        exif: what stays true after stylization: author, camera, moment.
        notes: what the user should know of how it was read: "has 2 pages, of which the first is painted".
        duration: milliseconds that it is seen, of a frame of an animation; otherwise 0.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    exif: Image.Exif = field(default_factory=Image.Exif)
    notes: tuple[str, ...] = ()
    duration: int = 0

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
        size = scaled_within(self.size, longest)
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
            notes = tuple(image.info.get(NOTES, ()))
            pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if pages > 1:
            notes = (f"has {pages} pages, of which the first is painted", *notes)
        return cls(upright(pixels, turn), None if alpha is None else upright(alpha, turn), exif, notes)

    @classmethod
    def from_array(cls, array: NDArray[np.uint8]) -> Picture:
        """Pixels in sRGB: uint8 [H, W, 3], or [H, W, 4] with alpha; the same as the PIL picture of that array.

        Raises:
            PictureError: another shape or type.
        """
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (3, 4) or 0 in array.shape:
            raise PictureError(
                f"an array must be uint8 of shape [H, W, 3] or [H, W, 4], not {array.dtype} {array.shape}"
            )
        if array.shape[2] == 3:
            return cls(np.ascontiguousarray(array))
        pixels, alpha = array[..., :3].copy(), array[..., 3].copy()
        fill_invisible(pixels, alpha)
        return cls(pixels, alpha)

    def to_pil(self, *, keep_alpha: bool = True) -> Painting:
        """RGB, or RGBA if the picture has alpha and is to keep it; otherwise it lies on white.

        ``info`` has the profile of sRGB and, if there is any, EXIF, and ``save`` writes them unless it is told others.
        """
        return Painting.of(self.as_image(keep_alpha=keep_alpha), self.exif)

    def encode(self, suffix: str, quality: int = DEFAULT_QUALITY) -> bytes:
        """The picture as the bytes of a file of that format; transparency lies on white where the format has none.

        Raises:
            OutputError: the format is not one of ``WRITABLE``, or cannot hold a picture of this size.
        """
        kind = format_of(suffix)
        check_size_of_format(kind, *self.size)
        with writing(kind):
            flat = self.as_image(keep_alpha=kind not in WITHOUT_ALPHA)
            options = self.save_options(kind, quality)
            try:
                return _saved(flat, kind, options)
            except Exception:
                if options.pop("exif", None) is None:
                    raise
            return _saved(flat, kind, options)  # metadata never costs the picture

    def to_array(self) -> NDArray[np.uint8]:
        """[H, W, 3], or [H, W, 4] with alpha: the caller's own, to be written to."""
        return self.pixels.copy() if self.alpha is None else np.dstack([self.pixels, self.alpha])

    def as_image(self, *, keep_alpha: bool = True) -> Image.Image:
        """As ``to_pil``, without profile and EXIF."""
        if self.alpha is None:
            return Image.fromarray(self.pixels)
        image = Image.fromarray(self.to_array())
        if keep_alpha:
            return image
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")

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


def write_picture(picture: Picture, path: Path, quality: int = DEFAULT_QUALITY) -> None:
    """Encode by the path's extension; the file appears whole or not at all.

    Raises:
        OutputError: an unknown format, or a folder that cannot be written.
    """
    write_bytes(picture.encode(path.suffix, quality), path)


def scaled_within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(width, height) of the same shape, the longer one of so many pixels."""
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _saved(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    exif = options.get("exif")
    if kind == "TIFF" and isinstance(exif, Image.Exif):
        image.save(buffer, kind, **options | {"exif": without_directories(exif)})
        return with_directories(buffer.getvalue(), exif)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


class Painting(Image.Image):
    """A PIL picture whose ``save`` writes the profile and EXIF in its ``info``, which Pillow's does in few formats."""

    @classmethod
    def of(cls, image: Image.Image, exif: Image.Exif) -> Painting:
        """The same picture, said to be sRGB, with EXIF if there is any."""
        painting = cls()
        painting.im, painting._mode, painting._size = image.im, image.mode, image.size
        painting.info["icc_profile"] = SRGB
        if len(exif):
            painting.info["exif"] = exif.tobytes()
        return painting

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """As Pillow's, but for the defaults of ``icc_profile`` and ``exif``, which are those of ``info``."""
        kept = {key: self.info[key] for key in ("icc_profile", "exif") if key in self.info}
        if "exif" in kept:
            exif = exif_of(kept["exif"])  # as an object it keeps its texts in TIFF, too
            kept["exif"] = without_directories(exif) if params.get("compression") else exif
        super().save(fp, format, **kept | params)


_STUMBLED = (LookupError, TypeError, AttributeError, AssertionError, EOFError, struct.error)
"""What a codec raises that met something unexpected; its words are for its authors."""


@contextmanager
def reasons() -> Iterator[None]:
    """Turn whatever a codec throws at a damaged file into one sentence."""
    try:
        yield
    except AllaPrimaError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError("there is not enough memory to decode it") from error
    except FileNotFoundError as error:
        raise PictureError("there is no such file") from error
    except IsADirectoryError as error:
        raise PictureError("it is a folder, not a picture") from error
    except PermissionError as error:
        raise PictureError("cannot be read: permission denied") from error
    except UnidentifiedImageError as error:
        raise PictureError("it is not a picture of a known format") from error
    except Exception as error:  # codecs raise OSError, SyntaxError, struct.error, ValueError, EOFError, …
        if isinstance(error.__cause__ or error, _STUMBLED):
            raise PictureError("cannot be read: it is damaged or cut off") from error
        words = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise PictureError(f"cannot be read: {words}") from error


@contextmanager
def writing(kind: str) -> Iterator[None]:
    """Turn whatever an encoder throws into one sentence."""
    try:
        yield
    except AllaPrimaError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"there is not enough memory to write it as {kind}") from error
    except Exception as error:
        raise OutputError(f"cannot be written as {kind}: {str(error).strip() or type(error).__name__}") from error
