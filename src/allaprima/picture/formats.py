"""The formats of pictures: which are read, which are written, and what each can hold."""

from __future__ import annotations

from allaprima.errors import OutputError

WRITABLE = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG", ".png": "PNG", ".apng": "PNG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".gif": "GIF", ".avif": "AVIF",
}  # fmt: skip
"""The formats written here, by extension."""

_USUAL = {".mpo": ".jpg", ".avifs": ".avif"}
"""What a result is called where the picture's own extension would promise more than it holds."""

SUFFIXES = frozenset(WRITABLE) | frozenset(_USUAL) | {
    ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".tga", ".icb", ".vda",
    ".vst", ".ico", ".btf", ".heic", ".heics", ".heif", ".heifs", ".hif",
}  # fmt: skip
"""What counts as a picture when a folder is searched: every name that a readable format usually has."""

CLIP_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp",
    ".3g2", ".ogv", ".y4m", ".nut", ".mxf", ".vob", ".dv",
})  # fmt: skip
"""What counts as a clip by its name."""

SOUGHT = SUFFIXES | CLIP_SUFFIXES - {".ts"}
"""What is painted when a folder is searched; a ``.ts`` that nobody named is rather a program's source."""

RAW_SUFFIXES = frozenset({
    ".dng", ".cr2", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".pef", ".srw", ".3fr", ".iiq", ".kdc", ".dcr", ".erf",
    ".mef", ".mos", ".rwl", ".orf", ".rw2",
})  # fmt: skip
"""Raw photographs that are TIFF to the eye; most, but not all, say so inside."""

WITHOUT_ALPHA = ("JPEG", "BMP")
WITHOUT_EXIF = ("BMP", "GIF")
WITH_PROFILE = ("JPEG", "PNG", "WEBP", "TIFF")
"""The formats that say in an ICC profile that they are sRGB; AVIF has a field for it, GIF and BMP are taken for it."""

_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383, "GIF": 65_535, "AVIF": 65_536}
"""In pixels. JPEG's own limit is 65,535, libjpeg's is a little less."""
_BMP_BYTES = 2**32 - 1


def format_of(suffix: str) -> str:
    """The format that an extension stands for.

    Raises:
        OutputError: none that is written here.
    """
    kind = WRITABLE.get(suffix.lower())
    if kind is None:
        raise OutputError(f'pictures are not written as "{suffix}"; use one of: {" ".join(WRITABLE)}')
    return kind


def suffix_of_format(format: str) -> str:
    """The extension of a format as users name it: ``.png`` for "png", "PNG" or ".png".

    Raises:
        OutputError: it is not written here.
    """
    suffix = "." + format.lower().lstrip(".")
    format_of(suffix)
    return suffix


def suffix_for(suffix: str) -> str:
    """The extension of a result, by that of its picture: the same where it is written here, otherwise ``.png``."""
    return suffix if suffix.lower() in WRITABLE else _USUAL.get(suffix.lower(), ".png")


def check_size_of_format(kind: str, width: int, height: int) -> None:
    """Refuse, before any work, a result larger than its format allows.

    Args:
        kind: Pillow's name of the format, as ``format_of`` gives it.
        width: of the result, in pixels.
        height: of the result, in pixels.

    Raises:
        OutputError: with the format's limit.
    """
    longest = _LONGEST_SIDE.get(kind)
    if longest is not None and max(width, height) > longest:
        raise OutputError(
            f"the picture has {width}×{height} pixels, and {kind} holds no side above {longest:,}; "
            "choose another format, or a smaller size",
            options=("size",),
        )
    if kind == "BMP" and (3 * width + 3) // 4 * 4 * height > _BMP_BYTES:
        raise OutputError(f"the picture has {width}×{height} pixels, and BMP holds no more than 4 GiB")
