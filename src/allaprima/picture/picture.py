"""Every way a picture comes in and goes out.

Whatever the file, the network sees upright sRGB pixels, uint8 ``[H, W, 3]``. What is not colour waits aside: alpha
comes back unchanged, and of EXIF what is still true (``metadata.py``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from allaprima.errors import PictureError
from allaprima.files import write_bytes
from allaprima.picture.formats import DEFAULT_QUALITY, WITH_PROFILE, WITHOUT_ALPHA, WITHOUT_EXIF, format_of
from allaprima.picture.metadata import orientation, true_metadata, upright
from allaprima.picture.profiles import SRGB
from allaprima.picture.srgb import to_srgb
from allaprima.picture.tiff import PAGES


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
