"""The formats of pictures: which are read, which are written, and what each can hold."""

from __future__ import annotations

from allaprima.errors import PictureError

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


def format_of(suffix: str) -> str:
    """The format that an extension stands for.

    Raises:
        PictureError: none that is written here.
    """
    kind = WRITABLE.get(suffix.lower())
    if kind is None:
        raise PictureError(f'pictures are not written as "{suffix}"; use one of: {" ".join(WRITABLE)}')
    return kind
