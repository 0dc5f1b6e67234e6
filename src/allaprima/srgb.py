"""Any mode of picture as 8-bit sRGB pixels, a band of rows at a time, so that no second copy of it is needed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[np.uint8]

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_RGB_LIKE = ("RGBA", "RGBa", "RGBX", "P", "PA")
_BAND = 2**20
"""Pixels in a band."""


def to_srgb(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """A loaded picture of any mode -> (uint8 [H, W, 3] in sRGB, alpha uint8 [H, W] or None)."""
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if image.has_transparency_data else None
    scale = _scale_to_8_bit(image)
    convert = _conversion(image)
    for top, band in _bands(image):
        part = band if scale is None else _to_grey(band, scale)
        rows = slice(top, top + part.height)
        if alpha is not None:
            part = part.convert("RGBA")
            alpha[rows] = np.asarray(part.getchannel("A"))
        pixels[rows] = np.asarray(convert(part))
    if alpha is not None:
        _fill_invisible(pixels, alpha)
    return pixels, alpha


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Rows from the top, some at a time: (first row, part of the picture)."""
    step = max(1, _BAND // image.width)
    for top in range(0, image.height, step):
        yield top, image.crop((0, top, image.width, min(top + step, image.height)))


def _scale_to_8_bit(image: Image.Image) -> float | None:
    """The factor that brings more than 8 bits a channel (I;16…, I, F) to 0..255; None for 8-bit modes.

    Mode I is of 16 bits if its values, or its file's format (PGM), say so; mode F runs to 1, with what a resize
    overshoots, or to 255.
    """
    if not image.mode.startswith(("I", "F")):
        return None
    if image.mode.startswith("I;16") or image.format == "PPM":
        return 1 / 257
    top = max(float(_finite(band).max()) for _, band in _bands(image))
    if image.mode == "F":
        return 255.0 if top <= 2.0 else 1.0
    return 1 / 257 if top > 255 else 1.0


def _finite(image: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(image, np.float64))


def _to_grey(image: Image.Image, scale: float) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(_finite(image) * scale), 0, 255).astype(np.uint8))


def _conversion(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """From a band of the picture's mode, or RGBA, to RGB in sRGB."""
    mode = image.mode
    colour = "L" if mode in ("L", "LA", "La", "1") or mode.startswith(("I", "F")) else mode
    colour = "RGB" if mode in _RGB_LIKE else colour
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            transform = ImageCms.buildTransform(source, _SRGB, colour, "RGB")
            return lambda band: transform.apply(band if band.mode == colour else band.convert(colour))
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass  # a broken or mismatched profile: viewers ignore it, and so do we
    return lambda band: band.convert("RGB")


def _fill_invisible(pixels: Pixels, alpha: Pixels) -> None:
    """Give fully transparent pixels the mean visible colour, in place.

    What lies there is arbitrary, often black, and would leak into the norms' statistics and into the visible edge.
    """
    visible = alpha > 0
    count = np.count_nonzero(visible)
    if count in (0, visible.size):
        return
    total = np.zeros(3)
    for colours, seen in zip(pixels, visible, strict=True):
        total += colours[seen].sum(axis=0)
    mean = (total / count).round().astype(np.uint8)
    for colours, seen in zip(pixels, visible, strict=True):
        colours[~seen] = mean
