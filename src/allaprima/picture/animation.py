"""Animated GIF, WebP, PNG and AVIF as streams: frame by frame in, frame by frame out, each with its own time."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import Image

from allaprima.options import DEFAULT_QUALITY, MAX_PIXELS
from allaprima.picture.formats import check_size_of_format, format_of
from allaprima.picture.metadata import orientation
from allaprima.picture.picture import Picture, scaled_within, writing
from allaprima.picture.reading import check_size, open_file, open_image

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
"""The formats whose frames are an animation; those of a TIFF are pages, those of an MPO are views."""

DEFAULT_DURATION = 100
"""Milliseconds, where a frame tells no time or 0, as browsers do."""


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames, of which no more are in memory than are asked for.

    Attributes:
        frames: one picture each, all of one size and all with alpha or all without, with its ``duration``. What comes
            from a file is decoded while it is gone through, each time anew.
        size: (width, height) in pixels.
        count: how many frames there are.
        loop: how often all of them are played; 0 is for ever.
    """

    frames: Iterable[Picture]
    size: tuple[int, int]
    count: int
    loop: int = 0

    def with_frames(self, frames: Iterable[Picture]) -> Animation:
        """The same animation of other frames, as many and of the same size."""
        return replace(self, frames=frames)

    def map(self, change: Callable[[Picture], Picture]) -> Animation:
        """The same animation, every frame changed when it is asked for; to pictures of the same size."""
        return replace(self, frames=_Mapped(self.frames, change))

    def within(self, longest: int) -> Animation:
        """The animation, scaled down if its longer side has more than ``longest`` pixels."""
        if max(self.size) <= longest:
            return self
        return replace(self.map(lambda frame: frame.within(longest)), size=scaled_within(self.size, longest))

    def encode(self, suffix: str, quality: int = DEFAULT_QUALITY) -> bytes:
        """The animation as the bytes of a file of that format; the first frame alone where it holds no others.

        Raises:
            PictureError: a frame cannot be decoded.
            OutputError: the format is not one that is written here, or cannot hold pictures of this size.
        """
        kind = format_of(suffix)
        check_size_of_format(kind, *self.size)
        frames = iter(self.frames)
        first = next(frames)
        if kind not in ANIMATED:
            return first.encode(suffix, quality)
        options = first.save_options(kind, quality)
        from allaprima.picture import apng, film, gif  # noqa: PLC0415 - most pictures stand still

        with writing(kind):
            if kind == "GIF":
                return gif.encode(itertools.chain([first], frames), self.loop)
            if kind == "PNG":
                return apng.encode(itertools.chain([first], frames), self.loop, options)
            return film.encode(first, frames, self.count, kind, self.loop, options)


@dataclass(frozen=True)
class _Mapped:
    """Pictures, each changed when it is asked for."""

    frames: Iterable[Picture]
    change: Callable[[Picture], Picture]

    def __iter__(self) -> Iterator[Picture]:
        return map(self.change, self.frames)


@dataclass(frozen=True)
class _Decoded:
    """The frames of a file, decoded one by one."""

    source: Path | BinaryIO
    max_pixels: int
    keep_gps: bool

    def __iter__(self) -> Iterator[Picture]:
        with open_file(self.source) as file, open_image(file, self.max_pixels) as image:
            for seen, duration in _clip(file, image).images():
                frame = Picture.from_pil(seen, keep_gps=self.keep_gps)
                yield replace(frame, duration=duration or DEFAULT_DURATION)


class _Clip(Protocol):
    """The frames of one file."""

    loop: int

    @property
    def count(self) -> int: ...

    def images(self) -> Iterator[tuple[Image.Image, int]]: ...


class _Sought:
    """The frames of WebP and AVIF, which Pillow decodes whole, one after the other."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.count: int = getattr(image, "n_frames", 1)
        self.loop = int(image.info.get("loop") or 0)

    def images(self) -> Iterator[tuple[Image.Image, int]]:
        for number in range(self.count):
            self._image.seek(number)
            self._image.load()
            yield self._image, round(self._image.info.get("duration") or 0)


def _clip(file: BinaryIO, image: Image.Image) -> _Clip:
    from allaprima.picture import apng, gif  # noqa: PLC0415 - most pictures stand still

    if image.format == "GIF":
        return gif.Gif(file)
    return apng.Apng(file, image.info) if image.format == "PNG" else _Sought(image)


def read_frames(
    source: Path | BinaryIO,
    *,
    max_pixels: int = MAX_PIXELS,
    keep_gps: bool = False,
    opened: Callable[[int, int], None] = lambda _width, _height: None,
) -> Picture | Animation:
    """Decode a file or a stream: an animation if it is one, otherwise a picture.

    An animation's frames are decoded when they are asked for; a stream must stay open until then. ``opened`` is told
    the size of a picture before it is decoded, and may wait until there is memory for it.

    Raises:
        PictureError: as ``read_picture``; the limit counts the pixels of all frames.
    """
    if not isinstance(source, Path) and not source.seekable():
        source = io.BytesIO(source.read())
    with open_file(source) as file, open_image(file, max_pixels) as image:
        clip = _clip(file, image) if image.format in ANIMATED else None
        if clip is None or clip.count < 2:
            opened(*image.size)
            return Picture.from_pil(image, keep_gps=keep_gps)
        check_size(*image.size, clip.count, max_pixels)
        size = image.size[::-1] if orientation(image) >= 5 else image.size
        return Animation(_Decoded(source, max_pixels, keep_gps), size, clip.count, clip.loop)
