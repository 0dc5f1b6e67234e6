"""From a picture file to a painted one: decode, paint, encode; animations frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from allaprima.engine.tiles import Progress
from allaprima.look.look import Look
from allaprima.options import DEFAULT_QUALITY, MAX_PIXELS
from allaprima.picture.animation import read_frames
from allaprima.picture.formats import check_size_of_format, format_of
from allaprima.picture.picture import Picture
from allaprima.stylizer import Stylizer


@dataclass(frozen=True)
class FilePainter:
    """Paints files.

    Attributes:
        stylizer: the model.
        look: how.
        size: the longer side is scaled down to so many pixels; None is the picture's own size.
        quality: of JPEG, WebP and AVIF, 1 to 100.
        max_pixels: larger pictures are refused.
        keep_gps: whether the place stays in the metadata.
        note: is told what a user may want to know of a picture that is painted all the same.
    """

    stylizer: Stylizer
    look: Look
    size: int | None = None
    quality: int = DEFAULT_QUALITY
    max_pixels: int = MAX_PIXELS
    keep_gps: bool = False
    note: Callable[[str], None] = lambda _: None

    def paint(self, source: Path | BinaryIO, suffix: str, progress: Progress | None = None) -> bytes:
        """The painting as a file's bytes in the format of an extension.

        Raises:
            PictureError: the source cannot be read, is too small or too large, or the format does not exist.
        """
        content = read_frames(source, max_pixels=self.max_pixels, keep_gps=self.keep_gps)
        if isinstance(content, Picture):
            for note in content.notes:
                self.note(f"{source if isinstance(source, Path) else 'stdin'} {note}")
        if self.size is not None:
            content = content.within(self.size)
        check_size_of_format(format_of(suffix), *content.size)
        mask = self.look.mask
        if mask is not None and mask.shape[::-1] != content.size:
            self.note(f"the mask of {_by(mask.shape[::-1])} pixels is scaled to the picture of {_by(content.size)}")
        content = self.stylizer.paint(content, self.look, progress)  # the same name: the photograph's memory is free
        return content.encode(suffix, self.quality)


def _by(size: tuple[int, ...]) -> str:
    return f"{size[0]}×{size[1]}"
