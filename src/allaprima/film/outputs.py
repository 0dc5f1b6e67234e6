"""What clips are written as, told by a result's name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from allaprima.errors import OutputError
from allaprima.film import animated
from allaprima.film.encoding import CONTAINERS, USUAL_SUFFIX
from allaprima.film.sequence import check_pattern, is_pattern
from allaprima.picture.formats import CLIP_SUFFIXES, WRITABLE, suffix_for, suffix_of_format
from allaprima.picture.target import check_place, check_target

Kind = Literal["clip", "animation", "sequence"]
SUFFIXES = (*CONTAINERS, *animated.SUFFIXES)
SHEET_SUFFIX = ".jpg"


HEAD = 16
"""Bytes at the beginning of a file by which a clip is told from a picture."""


def starts_clip(head: bytes) -> bool:
    """Whether a stream that begins so is a clip: y4m, NUT, Matroska, MP4, AVI, FLV, Ogg or MPEG-TS.

    An AVIF or HEIC picture is of MP4's family and says so in its brand.
    """
    begins = (b"YUV4MPEG2", b"nut/multimedia", b"\x1a\x45\xdf\xa3", b"FLV", b"OggS", b"\x47\x40")
    if head[4:8] == b"ftyp":
        return head[8:12] not in (
            b"avif",
            b"avis",
            b"heic",
            b"heix",
            b"heim",
            b"heis",
            b"hevc",
            b"hevx",
            b"mif1",
            b"msf1",
        )
    return head.startswith(begins) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")


def kind_of(target: Path) -> Kind:
    """What a name stands for: a clip with its sound, an animated picture, or a picture for each frame.

    Raises:
        OutputError: nothing that clips are written as.
    """
    if is_pattern(target):
        return "sequence"
    suffix = target.suffix.lower()
    if suffix in CONTAINERS:
        return "clip"
    if suffix in animated.SUFFIXES:
        return "animation"
    raise OutputError(f'clips are not written as "{target.suffix}"; use one of: {" ".join(SUFFIXES)}')


def suffix_wanted(format: str) -> str:
    """The extension of a format as users name it, of pictures or of clips: ``.mp4`` for "mp4".

    Raises:
        OutputError: it is not written here.
    """
    suffix = "." + format.lower().lstrip(".")
    return suffix if suffix in CONTAINERS else suffix_of_format(format)


def suffix_of_result(source: Path, wanted: str | None, *, sheet: bool = False) -> str:
    """The extension of a picture's or a clip's result.

    Args:
        source: the picture or the clip.
        wanted: the extension of all results, where it fits; one of clips does not fit a picture.
        sheet: whether clips become sheets.
    """
    own = source.suffix.lower()
    if own not in CLIP_SUFFIXES:
        return wanted if wanted is not None and wanted.lower() in WRITABLE else suffix_for(source.suffix)
    if sheet:
        return wanted if wanted is not None and wanted.lower() in WRITABLE else SHEET_SUFFIX
    if wanted is not None and wanted.lower() in SUFFIXES:
        return wanted
    return source.suffix if own in CONTAINERS else USUAL_SUFFIX


def check_result(target: Path, overwrite: bool, source: Path | None = None, *, sheet: bool = False) -> None:
    """Refuse, before any work, what is not written, or a place that is taken.

    Raises:
        OutputError: with the reason.
    """
    if sheet:
        check_target(target, overwrite, source)
    elif kind_of(target) == "sequence":
        check_pattern(target, overwrite=overwrite)
    else:
        check_place(target, overwrite, source)
