"""GIF, frame by frame, as browsers show and as they expect it.

Pillow unpacks and packs each frame's pixels. What lies around them is read and written here: Pillow enlarges the
canvas for a frame that reaches beyond it, fills with a color where browsers leave nothing, and keeps all frames when it
writes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.picture import Picture
from allaprima.picture.plugins import open_plainly

_EXTENSION, _IMAGE = b"!", b","
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TO_BACKGROUND, _TO_PREVIOUS = 2, 3
_GRAYS = bytes(value for value in range(256) for _ in range(3))
_LONGEST = 65_535
"""Hundredths of a second that a frame can be seen."""


@dataclass(frozen=True)
class _Frame:
    """One picture of the file."""

    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    palette: bytes
    transparent: int | None
    disposal: int
    duration: int
    place: int
    """Of the packed pixels."""
    size: int


class Gif:
    """The frames of a GIF.

    Args:
        file: read from its beginning.

    Raises:
        PictureError: it is damaged, or it has no frame.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.loop = 1
        """How often it is played, 0 for ever; the file counts repetitions after the first time."""
        self._frames: list[_Frame] = []
        try:
            self._scan()
        except (struct.error, IndexError) as error:
            raise PictureError("it is a damaged GIF: it ends in the middle of a frame") from error
        if not self._frames:
            raise PictureError("it is a GIF without a picture")
        first = self._frames[0]  # by custom the canvas grows for the first frame, and for no other
        self.size = (max(self._width, first.left + first.width), max(self._height, first.top + first.height))

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._frames)

    @cached_property
    def transparent(self) -> bool:
        """Whether something shines through in any frame; that a color means transparent is often for smaller files."""
        first, whole = self._frames[0], (0, 0, *self.size)
        covered = (first.left, first.top, first.width, first.height) == whole
        if covered and not any(f.transparent is not None or f.disposal == _TO_BACKGROUND for f in self._frames):
            return False
        return any(not canvas[..., 3].all() for canvas in self._canvases())

    @property
    def largest(self) -> int:
        """Pixels of the largest frame, whatever of it lies on the canvas."""
        return max(frame.width * frame.height for frame in self._frames)

    def images(self) -> Iterator[tuple[Image.Image, int]]:
        """Each frame as it is seen, RGB or RGBA, and for how many milliseconds."""
        for frame, canvas in zip(self._frames, self._canvases(), strict=True):
            yield Image.fromarray(canvas if self.transparent else canvas[..., :3]), frame.duration

    def _canvases(self) -> Iterator[NDArray[np.uint8]]:
        """What is seen of each frame, RGBA [H, W, 4]; good until the next one is asked for."""
        canvas = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        for frame in self._frames:
            before = canvas.copy() if frame.disposal == _TO_PREVIOUS else None
            place = (slice(frame.top, frame.top + frame.height), slice(frame.left, frame.left + frame.width))
            area = canvas[place]
            if area.size:
                indices = self._unpacked(frame)[: area.shape[0], : area.shape[1]]
                colors = np.frombuffer(frame.palette.ljust(768, b"\0"), np.uint8).reshape(-1, 3)[indices]
                seen = np.ones(indices.shape, bool) if frame.transparent is None else indices != frame.transparent
                area[seen, :3], area[seen, 3] = colors[seen], 255
            yield canvas
            if before is not None:
                canvas = before
            elif frame.disposal == _TO_BACKGROUND:
                area[...] = 0

    def _unpacked(self, frame: _Frame) -> NDArray[np.uint8]:
        """Numbers of colors [H, W]."""
        self._file.seek(frame.place)
        alone = b"GIF89a" + struct.pack("<HHBBB", frame.width, frame.height, 0xF7, 0, 0) + _GRAYS + _IMAGE
        alone += struct.pack("<HHHHB", 0, 0, frame.width, frame.height, 0x40 * frame.interlaced)
        image = open_plainly("GIF", io.BytesIO(alone + self._file.read(frame.size) + b";"))
        return np.asarray(image)

    def _scan(self) -> None:
        """Find all frames, unpacking none."""
        file = self._file
        file.seek(6)
        self._width, self._height, flags = struct.unpack("<HHBxx", file.read(7))
        shared = self._palette(flags)
        transparent, disposal, duration = None, 0, 0
        while True:
            block = file.read(1)
            if block == _EXTENSION:
                kind = file.read(1)[0]
                data = self._block()
                if kind == _CONTROL and len(data) >= 4:
                    bits, delay, index = struct.unpack_from("<BHB", data)
                    transparent, disposal, duration = index if bits & 1 else None, bits >> 2 & 7, 10 * delay
                elif kind == _APPLICATION and data[:11] in _LOOPS:
                    data = self._block()
                    if len(data) >= 3 and data[0] == 1:
                        times = struct.unpack_from("<H", data, 1)[0]
                        self.loop = times + 1 if times else 0
                while data:
                    data = self._block()
            elif block == _IMAGE:
                left, top, width, height, flags = struct.unpack("<HHHHB", file.read(9))
                palette = self._palette(flags) or shared or _GRAYS
                place = file.tell()
                file.read(1)
                while self._skipped():
                    pass
                size = file.tell() - place
                interlaced = bool(flags & 0x40)
                self._frames.append(
                    _Frame(left, top, width, height, interlaced, palette, transparent, disposal, duration, place, size)
                )
                transparent, disposal, duration = None, 0, 0
            else:  # the end, or what browsers take for it
                return

    def _palette(self, flags: int) -> bytes:
        return self._file.read(3 << (flags & 7) + 1) if flags & 0x80 else b""

    def _block(self) -> bytes:
        return self._file.read(self._file.read(1)[0])

    def _skipped(self) -> bool:
        """Go over a block of packed pixels; whether there was one."""
        size = self._file.read(1)[0]
        if len(self._file.read(size)) < size:
            raise IndexError
        return size > 0


def open_gif(file: BinaryIO, check_size: Callable[[int, int], None]) -> Image.Image:
    """The first frame as it is seen.

    Args:
        file: read from its beginning.
        check_size: is told width and height before anything is decoded, and raises if that is too much.

    Raises:
        PictureError: it is damaged.
    """
    gif = Gif(file)
    check_size(*gif.size)
    check_size(max(gif.largest, 1), 1)
    image, _ = next(gif.images())
    image.format = "GIF"
    return image


def encode(frames: Iterable[Picture], loop: int) -> bytes:
    """A GIF of pictures of one size, of which no more than two are held at a time.

    Of a frame that is opaque, the part that has changed is written; what stays in it as it was is left transparent.
    Equal frames become one that is seen longer.
    """
    buffer = io.BytesIO()
    before: Picture | None = None
    control = longest = 0
    for frame in frames:
        part = _changed(before, frame)
        if part is None and longest + round(frame.duration / 10) <= _LONGEST:
            longest += round(frame.duration / 10)
            buffer.seek(control + 4)
            buffer.write(struct.pack("<H", longest))
            buffer.seek(0, io.SEEK_END)
            continue
        left, top, right, bottom = part or (0, 0, 1, 1)
        area = (slice(top, bottom), slice(left, right))
        indices, palette = _quantized(frame, before, area)
        if before is None:
            buffer.write(b"GIF89a" + struct.pack("<HHBBB", *frame.size, 0xF7, 0, 0) + palette)
            if loop != 1:
                buffer.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop and loop - 1) + b"\0")
        control, longest = buffer.tell(), min(round(frame.duration / 10), _LONGEST)
        disposal = _TO_BACKGROUND if frame.alpha is not None else 1
        buffer.write(b"!\xf9\x04" + struct.pack("<BHBB", disposal << 2 | 1, longest, 255, 0))
        buffer.write(_IMAGE + struct.pack("<HHHHB", left, top, right - left, bottom - top, 0x87) + palette)
        buffer.write(_packed(indices))
        before = frame
    buffer.write(b";")
    return buffer.getvalue()


def _changed(before: Picture | None, frame: Picture) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what has changed; all or nothing with alpha, where each frame is cleared away."""
    whole = (0, 0, *frame.size)
    if before is None:
        return whole
    changed = (before.pixels != frame.pixels).any(axis=2)
    if frame.alpha is not None or before.alpha is not None:
        one, other = before.alpha, frame.alpha
        same = one is not None and other is not None and np.array_equal(one, other) and not changed.any()
        return None if same else whole
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return None if not len(rows) else (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _quantized(frame: Picture, before: Picture | None, area: tuple[slice, slice]) -> tuple[NDArray[np.uint8], bytes]:
    """Numbers of colors [H, W] of a part, 255 where nothing is drawn, and the colors."""
    pixels = np.ascontiguousarray(frame.pixels[area])
    hidden: NDArray[np.bool_] | None = None
    if frame.alpha is not None:
        hidden = frame.alpha[area] < 128
    elif before is not None:
        hidden = (before.pixels[area] == pixels).all(axis=2)
    image = Image.fromarray(pixels).quantize(255)
    indices = np.array(image)
    if hidden is not None:
        indices[hidden] = 255
    return indices, bytes(image.getpalette() or [])[:765].ljust(768, b"\0")


def _packed(indices: NDArray[np.uint8]) -> bytes:
    """The pixels as a GIF has them, packed by Pillow."""
    buffer = io.BytesIO()
    image = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    image.putpalette(_GRAYS)
    image.save(buffer, "GIF", optimize=False, interlace=False)
    (frame,) = Gif(buffer)._frames
    return buffer.getvalue()[frame.place : frame.place + frame.size]
