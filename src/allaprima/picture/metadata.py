"""What of a photograph's metadata stays true of its painting, and which way up the picture goes.

It is kept as EXIF. Of XMP and IPTC, author and copyright move there if EXIF has none; all else of them is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile

_TEXT_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime,
    ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
_WRITTEN_TAGS = (*_TEXT_TAGS, ExifTags.Base.Software)
_MOMENT_TAGS = (
    ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTime,
    ExifTags.Base.OffsetTimeOriginal, ExifTags.Base.ExposureTime, ExifTags.Base.FNumber,
    ExifTags.Base.ISOSpeedRatings, ExifTags.Base.FocalLength,
)  # fmt: skip
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_XMP_NAMES = {ExifTags.Base.Artist: "creator", ExifTags.Base.Copyright: "rights"}
_IPTC_NUMBERS = {ExifTags.Base.Artist: (2, 80), ExifTags.Base.Copyright: (2, 116)}
_LONGEST_TEXT = 8192
"""Characters; a JPEG holds 65,533 bytes of EXIF."""


def true_metadata(image: Image.Image, *, keep_gps: bool = False) -> Image.Exif:
    """What a painting keeps of a photograph's metadata: who, when and with what, and where if asked for.

    Nothing of size, orientation or thumbnail. Whatever a malformed directory makes the parser raise, the pixels are
    whole, and damaged metadata is left behind.
    """
    kept = Image.Exif()
    with suppress(Exception):
        kept = true_part(image.getexif(), keep_gps=keep_gps)
    for source in (_of_xmp, _of_iptc):
        with suppress(Exception):
            missing = {tag: text for tag, text in source(image).items() if text and tag not in kept}
            if missing:
                kept = _keep(dict(kept) | missing, _ifd(kept, ExifTags.IFD.Exif), _ifd(kept, ExifTags.IFD.GPSInfo))
    return kept


def true_part(exif: Image.Exif, *, keep_gps: bool = False) -> Image.Exif:
    """Who, when and with what, and where if asked for.

    Raises:
        Exception: whatever Pillow meets in a damaged directory.
    """
    texts: dict[int, Any] = {tag: _bytes_of(exif[tag]) for tag in _TEXT_TAGS if isinstance(exif.get(tag), str | bytes)}
    moment = {tag: value for tag, value in _ifd(exif, ExifTags.IFD.Exif).items() if tag in _MOMENT_TAGS}
    return _keep(texts, moment, _ifd(exif, ExifTags.IFD.GPSInfo) if keep_gps else {})


def exif_of(data: bytes) -> Image.Exif:
    """A block of EXIF as ``true_metadata`` gives it; empty if it is damaged."""
    exif = Image.Exif()
    with suppress(Exception):
        exif.load(data)
        return true_part(exif, keep_gps=True)
    return Image.Exif()


def with_software(exif: Image.Exif, software: str) -> Image.Exif:
    """The same metadata, with the name of what made the picture."""
    texts: dict[int, Any] = {tag: exif[tag] for tag in _TEXT_TAGS if tag in exif}
    texts[ExifTags.Base.Software] = _as_exif(software)
    return _keep(texts, _ifd(exif, ExifTags.IFD.Exif), _ifd(exif, ExifTags.IFD.GPSInfo))


def _ifd(exif: Image.Exif, tag: int) -> dict[int, Any]:
    return dict(exif.get_ifd(tag)) if tag in exif else {}


def _keep(texts: Mapping[int, Any], moment: Mapping[int, Any], place: Mapping[int, Any]) -> Image.Exif:
    """As an object that every encoder of Pillow takes: it has been read from bytes, and its texts are bytes in UTF-8.

    Pillow reads bytes as Latin-1 and writes all that is not ASCII as "?", but bytes as they are.
    """
    exif = Image.Exif()
    exif.update({tag: value for tag, value in texts.items() if tag in _WRITTEN_TAGS})
    for ifd, values in ((ExifTags.IFD.Exif, moment), (ExifTags.IFD.GPSInfo, place)):
        if values:
            exif[ifd] = dict(values)  # not get_ifd(…).update: a directory alone would not count in len(exif)
    kept = Image.Exif()
    if len(exif):
        kept.load(exif.tobytes())
        kept.update({tag: value for tag, value in texts.items() if tag in _WRITTEN_TAGS})
    return kept


def _bytes_of(text: str | bytes) -> bytes | str:
    """A text of EXIF in UTF-8, without what follows the NUL at its end; plain ASCII remains a string."""
    data = text if isinstance(text, bytes) else text.encode("latin-1", "replace")
    data = data.split(b"\0")[0]
    try:
        words = data.decode()
    except UnicodeDecodeError:
        words = data.decode("latin-1")
    return _as_exif(words)


def _as_exif(words: str) -> bytes | str:
    words = words[:_LONGEST_TEXT]
    return words if words.isascii() else words.encode()


def _of_xmp(image: Image.Image) -> dict[int, bytes | str]:
    """Author and copyright in a packet of XMP, which Pillow hands over as bytes."""
    packet = image.info.get("xmp")
    if not isinstance(packet, bytes) or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:  # no need for such tricks
        return {}
    from xml.etree import ElementTree  # noqa: PLC0415 - few pictures have any

    root = ElementTree.fromstring(packet.strip(b"\0 \t\r\n"))
    found: dict[int, bytes | str] = {}
    for tag, name in _XMP_NAMES.items():
        texts = [text.strip() for element in root.iter(_DUBLIN_CORE + name) for text in element.itertext()]
        found[tag] = _as_exif("; ".join(filter(None, texts)))
    return found


def _of_iptc(image: Image.Image) -> dict[int, bytes | str]:
    """Author and copyright in IPTC-IIM, as agencies write it; UTF-8 or Latin-1."""
    from PIL import IptcImagePlugin  # noqa: PLC0415 - few pictures have any

    fields = (IptcImagePlugin.getiptcinfo(image) if isinstance(image, ImageFile.ImageFile) else None) or {}
    found: dict[int, bytes | str] = {}
    for tag, number in _IPTC_NUMBERS.items():
        value = fields.get(number, b"")
        found[tag] = _bytes_of(value if isinstance(value, bytes) else b"; ".join(value))
    return found


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
