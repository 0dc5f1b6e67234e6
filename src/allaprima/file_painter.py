"""From a picture file to a painted one: decode, paint, encode; animations frame by frame."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from allaprima.engine.progress import Progress
from allaprima.errors import PictureError
from allaprima.options import DEFAULT_QUALITY, MAX_PIXELS, STEADY
from allaprima.painter import Painter
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.formats import check_size_of_format, format_of
from allaprima.picture.picture import Picture
from allaprima.provenance import Stamp, digest, stamped, version_of, with_comment
from allaprima.session import Session

_TRIES = 3
"""How often a photograph is painted that changes meanwhile."""
_SAID_OTHERWISE = ("style", "strength", "mask_style", "stroke")
"""What of a look can be said in several ways; its digest takes the mixtures and the pixels instead."""


@dataclass(frozen=True)
class FilePainter:
    """Paints files.

    Attributes:
        painter: the model, and how it paints.
        size: the longer side is scaled down to so many pixels; None is the picture's own size.
        quality: of JPEG, WebP and AVIF, 1 to 100.
        max_pixels: larger pictures are refused.
        keep_gps: whether the place stays in the metadata.
        note: is told what a user may want to know of a picture that is painted all the same.
        lost: is told what of a damaged clip is missing in its painting.
        steady: of animations, 0 to 1, see ``Session``.
        decoding: is entered while a file is decoded.
    """

    painter: Painter
    size: int | None = None
    quality: int = DEFAULT_QUALITY
    max_pixels: int = MAX_PIXELS
    keep_gps: bool = False
    note: Callable[[str], None] = lambda _: None
    lost: Callable[[str], None] = lambda _: None
    decoding: Callable[[], AbstractContextManager[object]] = nullcontext
    steady: float = STEADY

    @cached_property
    def digest(self) -> str:
        """Of all that decides how a result looks: the model, the look and how it is encoded."""
        model, look = self.painter.engine.card.weights_sha256, self.painter.look
        others = [(one.name, getattr(look, one.name)) for one in fields(look) if one.name not in _SAID_OTHERWISE]
        choices = self.painter.mixtures, look.longest, others, self.size, self.quality, self.keep_gps, self.steady
        return digest(model, *choices)

    def paint_file(self, source: Path, suffix: str, progress: Progress | None = None) -> bytes:
        """As ``paint``; once more if the file has changed meanwhile, as one does that is still being copied.

        Raises:
            PictureError: as ``paint``, or it changes all the time.
        """
        for _ in range(_TRIES):
            before = _state(source)
            painting = self.paint(source, suffix, progress)
            if _state(source) == before:
                return painting
        raise PictureError("it changes while it is painted; try again when it is complete")

    def paint(
        self, source: Path | BinaryIO, suffix: str, progress: Progress | None = None, *, version: str = ""
    ) -> bytes:
        """The painting as a file's bytes in the format of an extension.

        Args:
            source: the photograph.
            suffix: of the format.
            progress: see ``Engine.paint``.
            version: for the stamp; empty is the digest of the photograph's bytes.

        Raises:
            PictureError: the source cannot be read, is too small or too large, or the format does not exist.
        """
        kind = format_of(suffix)
        if not isinstance(source, Path) and not source.seekable():
            source = io.BytesIO(source.read())
        version = version or version_of(source)
        size = _state(source)[0] if isinstance(source, Path) else source.seek(0, io.SEEK_END)
        with self.painter.room(self.size) as opened:
            return self._painted(source, kind, suffix, Stamp(self.digest, size, version), opened, progress)

    def _painted(
        self,
        source: Path | BinaryIO,
        kind: str,
        suffix: str,
        stamp: Stamp,
        opened: Callable[[int, int], None],
        progress: Progress | None,
    ) -> bytes:
        with self.decoding():
            content = read_frames(source, max_pixels=self.max_pixels, keep_gps=self.keep_gps, opened=opened)
        if isinstance(content, Picture):
            for note in content.notes:
                self.note(f"{source if isinstance(source, Path) else 'stdin'} {note}")
        if self.size is not None:
            content = content.within(self.size)
        check_size_of_format(kind, *content.size)
        self._tell_of_look(content)
        if isinstance(content, Animation):
            content = content.with_frames(_Steadily(self.painter, content, self.steady, progress))
        else:
            content = self.painter.paint(content, progress)  # the same name: the photograph's memory is free
        painting = stamped(content, stamp).encode(suffix, self.quality)
        return with_comment(painting, stamp) if kind == "GIF" else painting

    def _tell_of_look(self, content: Picture | Animation) -> None:
        """What of the look is not as one might think for this picture."""
        mask, stroke = self.painter.look.mask, self.painter.look.stroke
        if mask is not None and mask.shape[::-1] != content.size:
            self.note(f"the mask of {_by(mask.shape[::-1])} pixels is scaled to the picture of {_by(content.size)}")
        if isinstance(stroke, int) and stroke > max(content.size):
            self.note(f"pictures of fewer than {stroke} pixels are painted at their own size: strokes become no finer")


@dataclass(frozen=True)
class _Steadily:
    """The frames of an animation, painted by a session whenever they are gone through."""

    painter: Painter
    content: Animation
    steady: float
    progress: Progress | None

    def __iter__(self) -> Iterator[Picture]:
        session = Session(self.painter, self.steady)
        for number, frame in enumerate(self.content.frames, 1):
            yield frame.with_pixels(session.paint(frame.pixels))
            if self.progress is not None:
                self.progress(min(number, self.content.count), self.content.count)


def _state(path: Path) -> tuple[int, int]:
    """Size and time of a file; nothing known of one that cannot be asked, whose reader will say why."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _by(size: tuple[int, ...]) -> str:
    return f"{size[0]}×{size[1]}"
