"""What of a photograph's EXIF stays true of its painting, and which way up the picture goes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

_TEXT_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime,
    ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
_MOMENT_TAGS = (
    ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTime,
    ExifTags.Base.OffsetTimeOriginal, ExifTags.Base.ExposureTime, ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings, ExifTags.Base.FocalLength,
)  # fmt: skip


def true_metadata(image: Image.Image, *, keep_gps: bool = False) -> Image.Exif:
    """What a painting keeps of a photograph's EXIF: who, when and with what, and where if asked for.

    Nothing of size, orientation or thumbnail. Whatever a malformed directory makes the parser raise, the pixels are
    whole, and damaged metadata is left behind.
    """
    kept = Image.Exif()
    with suppress(Exception):
        exif = image.getexif()
        texts: dict[int, Any] = {tag: exif[tag] for tag in _TEXT_TAGS if isinstance(exif.get(tag), str)}
        moment: dict[int, Any] = {
            tag: value for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items() if tag in _MOMENT_TAGS
        }
        kept = _keep(texts, moment, dict(exif.get_ifd(ExifTags.IFD.GPSInfo)) if keep_gps else {})
    return kept


def _keep(texts: Mapping[int, Any], moment: Mapping[int, Any], place: Mapping[int, Any]) -> Image.Exif:
    exif = Image.Exif()
    exif.update(texts)
    for ifd, values in ((ExifTags.IFD.Exif, moment), (ExifTags.IFD.GPSInfo, place)):
        if values:
            exif[ifd] = dict(values)  # not get_ifd(…).update: a directory alone would not count in len(exif)
    exif.tobytes()  # raises here what it would raise when the painting is written
    return exif


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8 (TIFF 6.0, tag 274); 1, upright, where it is missing or damaged.

    Only that of a block of EXIF counts, as in browsers, not what XMP or a text chunk says; Pillow's ``getexif`` takes
    any. Pictures in TIFF, AVIF and HEIF have been turned, or have got such a block, when they were decoded.
    """
    with suppress(Exception):  # as above; Pillow's own exif_transpose fails on one bad field elsewhere
        exif = Image.Exif()
        exif.load(image.info.get("exif", b""))
        value = exif.get(ExifTags.Base.Orientation, 1)
        return value if value in range(1, 9) else 1
    return 1


def upright(pixels: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Turn [H, W, …] upright from EXIF orientation ``turn``."""
    if turn >= 5:  # mirrored at the diagonal
        pixels = pixels.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
