"""Any mode of picture as 8-bit sRGB pixels, a band of rows at a time, so that no second copy of it is needed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from allaprima.picture.profiles import SRGB, hdr_conversion, profile_of
from allaprima.picture.samples import NOTES, white_of_floats

Pixels = NDArray[np.uint8]

_SRGB = ImageCms.ImageCmsProfile(io.BytesIO(SRGB))
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""The mode of the numbers that a profile speaks of, by its color space (ICC.1, table 19)."""
_OWN_MODES = {"L": "L", "LA": "L", "La": "L", "1": "L", "CMYK": "CMYK", "LAB": "LAB"}
"""The mode that holds the colors of a mode; RGB for all others."""
_DEEP_GRAY = "I;16"
_BAND = 2**20
"""Pixels in a band."""
_WHITE_IS_ZERO = 0
_PHOTOMETRIC, _BITS = 262, 258

Convert = Callable[[Image.Image], Image.Image]


def to_srgb(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """A loaded picture of any mode -> (uint8 [H, W, 3] in sRGB, alpha uint8 [H, W] or None)."""
    if image.mode == "RGB" and not image.has_transparency_data and profile_of(image) is None:
        return np.asarray(image), None
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if image.has_transparency_data else None
    deep = image.mode.startswith(("I", "F"))
    scale = _scale_to_16_bit(image) if deep else 0.0
    convert = _conversion(image)
    for top, band in _bands(image):
        rows = slice(top, top + band.height)
        part = _to_deep_gray(band, scale) if deep else band if alpha is None else band.convert("RGBA")
        pixels[rows] = np.asarray(convert(part))
        if alpha is None:
            continue
        if deep:  # one gray is transparent, as PNG has it
            alpha[rows] = np.where(np.asarray(band) == image.info["transparency"], 0, 255)
        else:
            alpha[rows] = np.asarray(part.getchannel("A"))
    if alpha is not None:
        fill_invisible(pixels, alpha)
    return pixels, alpha


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Rows from the top, some at a time: (first row, part of the picture)."""
    step = max(1, _BAND // image.width)
    for top in range(0, image.height, step):
        band = image.crop((0, top, image.width, min(top + step, image.height)))
        yield top, band.convert("LA") if band.mode == "La" else band  # Pillow knows no other way out of La


def _scale_to_16_bit(image: Image.Image) -> float:
    """The factor that brings grays of more than 8 bits (I;16…, I, F) to 0..65535; negative if white is 0.

    A TIFF tells how many bits of 16 it uses. Mode I is of 16 bits, or of 32, if its values, or its file's format (PGM),
    say so. What is white in mode F, see ``white_of_floats``; where that is a guess, ``info`` gets a note.
    """
    if image.mode.startswith("I;16"):
        tags = getattr(image, "tag_v2", {})
        scale = 65535.0 / float(2 ** tags.get(_BITS, (16,))[0] - 1)
        return -scale if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else scale
    if image.mode == "F":
        white, note = white_of_floats((np.asarray(band) for _, band in _bands(image)), image.width * image.height)
        if note:
            image.info[NOTES] = [*image.info.get(NOTES, ()), note]
        return 65535.0 / white
    if image.format == "PPM":
        return 1.0
    top = max(float(_finite(band).max()) for _, band in _bands(image))
    return 1.0 if top > 255 else 257.0


def _finite(image: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(image, np.float64))


def _to_deep_gray(image: Image.Image, scale: float) -> Image.Image:
    values = np.clip(np.rint(_finite(image) * abs(scale)), 0, 65535)
    return Image.fromarray((65535 - values if scale < 0 else values).astype(np.uint16))


def _from_deep_gray(image: Image.Image) -> Image.Image:
    return Image.fromarray(((np.asarray(image, np.uint32) + 128) // 257).astype(np.uint8))


def _conversion(image: Image.Image) -> Convert:
    """From a band of the picture's mode, RGBA if it has alpha, or 16-bit gray to RGB in sRGB.

    A profile for other numbers than the picture's, or a broken one, is ignored, as viewers do. Grays may have a profile
    for RGB: they are colors with three equal numbers.
    """
    deep = image.mode.startswith(("I", "F"))
    own = "L" if deep else _OWN_MODES.get(image.mode, "RGB")
    of_hdr = hdr_conversion(image) if own == "RGB" else None
    if of_hdr is not None:
        return lambda band: Image.fromarray(of_hdr(np.asarray(_as_mode(band, "RGB"))))
    profile = profile_of(image)
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = _MODES.get(source.profile.xcolor_space.strip(), "")
            if own == "L" and mode in ("L", "RGB"):
                return _gray_conversion(source, mode, deep=deep)
            if mode == own:
                transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
                return lambda band: transform.apply(_as_mode(band, mode))
    return lambda band: _as_mode(band, "RGB")


def _gray_conversion(source: ImageCms.ImageCmsProfile, mode: str, *, deep: bool) -> Convert:
    """By a table of all grays: LittleCMS interpolates between 33 of them, too few for a profile of linear light."""
    deep = deep and mode == "L"
    grays = Image.fromarray(np.arange(65536, dtype=np.uint16)[None] if deep else np.arange(256, dtype=np.uint8)[None])
    entry = _DEEP_GRAY if deep else mode
    exact = ImageCms.buildTransform(source, _SRGB, entry, "RGB", flags=ImageCms.Flags.NOOPTIMIZE)
    table = np.asarray(exact.apply(_as_mode(grays, entry)))[0]
    return lambda band: Image.fromarray(table[np.asarray(_as_mode(band, grays.mode))])


def _as_mode(band: Image.Image, mode: str) -> Image.Image:
    if band.mode == _DEEP_GRAY and mode != _DEEP_GRAY:
        band = _from_deep_gray(band)
    return band if band.mode == mode else band.convert(mode)


def fill_invisible(pixels: Pixels, alpha: Pixels) -> None:
    """Give fully transparent pixels the mean visible color, in place.

    What lies there is arbitrary, often black, and would leak into the norms' statistics and into the visible edge.
    """
    visible = alpha > 0
    count = np.count_nonzero(visible)
    if count in (0, visible.size):
        return
    total = np.zeros(3)
    for colors, seen in zip(pixels, visible, strict=True):
        total += colors[seen].sum(axis=0)
    mean = (total / count).round().astype(np.uint8)
    for colors, seen in zip(pixels, visible, strict=True):
        colors[~seen] = mean
