"""Animated GIF, WebP, PNG and AVIF: frames in, frames out, each with its own time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from allaprima.picture.formats import DEFAULT_QUALITY, format_of
from allaprima.picture.picture import Picture, reasons
from allaprima.picture.reading import MAX_PIXELS, check_size, open_image

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
"""The formats whose frames are an animation; those of a TIFF are pages, those of an MPO are views."""

DEFAULT_DURATION = 100
"""Milliseconds, where a frame tells no time or 0, as browsers do."""


@dataclass(frozen=True)
class Animation:
    """Decoded frames.

    Attributes:
        frames: one picture each, all of one size.
        durations: milliseconds that each is seen.
        loop: how often all of them are played; 0 is for ever.
    """

    frames: tuple[Picture, ...]
    durations: tuple[int, ...]
    loop: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frames[0].size

    def with_frames(self, frames: Iterable[Picture]) -> Animation:
        """The same animation, repainted."""
        return replace(self, frames=tuple(frames))

    def within(self, longest: int) -> Animation:
        """The animation, scaled down if its longer side has more than ``longest`` pixels."""
        return self.with_frames(frame.within(longest) for frame in self.frames)

    def encode(self, suffix: str, quality: int = DEFAULT_QUALITY) -> bytes:
        """The animation as the bytes of a file of that format; the first frame alone where it holds no others.

        Raises:
            PictureError: the format is not one that is written here.
        """
        kind, (first, *others) = format_of(suffix), self.frames
        if kind not in ANIMATED:
            return first.encode(suffix, quality)
        buffer = io.BytesIO()
        with reasons("cannot be written as " + kind):
            first.to_pil().save(
                buffer,
                kind,
                save_all=True,
                append_images=[frame.to_pil() for frame in others],
                duration=list(self.durations),
                **self._loop_options(kind),
                **({"disposal": 2} if kind == "GIF" and first.alpha is not None else {}),
                **first.save_options(kind, quality),
            )
        return buffer.getvalue()

    def _loop_options(self, kind: str) -> dict[str, int]:
        """GIF counts the repetitions after the first time, and says nothing of a lone time; the others count all."""
        if kind != "GIF" or self.loop == 0:
            return {"loop": self.loop}
        return {} if self.loop == 1 else {"loop": self.loop - 1}


def read_frames(
    source: Path | BinaryIO, *, max_pixels: int = MAX_PIXELS, keep_gps: bool = False
) -> Picture | Animation:
    """Decode a file or a stream: an animation if it is one, otherwise a picture.

    Raises:
        PictureError: as ``read_picture``; the limit counts the pixels of all frames.
    """
    with open_image(source, max_pixels) as image:
        count = getattr(image, "n_frames", 1) if image.format in ANIMATED else 1
        first = 1 if image.info.get("default_image") and count > 1 else 0  # of a PNG: for viewers that show no others
        if count == 1:
            return Picture.from_pil(image, keep_gps=keep_gps)
        check_size(*image.size, count, max_pixels)
        loop = _loop(image)
        frames, durations = zip(*_frames(image, range(first, count), keep_gps=keep_gps), strict=True)
    return Animation(frames, durations, loop)


def _frames(image: Image.Image, numbers: range, *, keep_gps: bool) -> Iterator[tuple[Picture, int]]:
    for number in numbers:
        image.seek(number)
        picture = Picture.from_pil(image, keep_gps=keep_gps)
        yield picture, round(image.info.get("duration") or DEFAULT_DURATION)


def _loop(image: Image.Image) -> int:
    """How often it is played: a GIF without the word once, and its number counts repetitions after the first time."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else int(loop) + 1 if loop else 0
    return int(loop or 0)
