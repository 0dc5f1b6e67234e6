"""Animated PNG, frame by frame (PNG, third edition, 11.3.6).

Pillow unpacks and packs each frame. They are laid over each other here: Pillow loses opacity where something half
transparent lies on something half transparent, and keeps all frames when it writes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from allaprima.errors import PictureError
from allaprima.picture.picture import Picture
from allaprima.picture.plugins import open_plainly
from allaprima.picture.png import SIGNATURE, Chunk, chunks, data_of

_TO_NOTHING, _TO_PREVIOUS = 1, 2
_OVER = 1
_TYPES_WITH_ALPHA = (4, 6)
_LONGEST = 65_535
"""The largest numerator of a time."""


@dataclass(frozen=True)
class _Frame:
    """What the chunk "fcTL" says of a frame, and where its pixels lie, with a number before them or not."""

    width: int
    height: int
    left: int
    top: int
    duration: float
    disposal: int
    blend: int
    parts: list[tuple[Chunk, int]] = field(default_factory=list)


class Apng:
    """The frames of an animated PNG.

    Args:
        file: read from its beginning.
        info: what the picture says of its colors, as Pillow has it.

    Raises:
        PictureError: it is damaged.
    """

    def __init__(self, file: BinaryIO, info: dict[Any, Any]) -> None:
        self._file, self._info = file, {key: value for key, value in info.items() if key != "transparency"}
        self._header, self._palette = b"", b""
        self._frames: list[_Frame] = []
        self.loop = 0
        """How often it is played; 0 is for ever."""
        try:
            self._scan()
        except struct.error as error:
            raise PictureError("it is a damaged PNG") from error
        self._frames = [frame for frame in self._frames if frame.parts]

    @property
    def count(self) -> int:
        """How many frames there are; without the picture for viewers that show no others."""
        return len(self._frames)

    def _scan(self) -> None:
        for chunk in chunks(self._file):
            if chunk.name == b"IHDR":
                self._header = data_of(self._file, chunk)
                self.size = struct.unpack_from(">II", self._header)
            elif chunk.name in (b"PLTE", b"tRNS") and not self._frames:
                body = data_of(self._file, chunk)
                self._palette += _chunk(chunk.name, body)
            elif chunk.name == b"acTL":
                self.loop = struct.unpack(">4xI", data_of(self._file, chunk)[:8])[0]
            elif chunk.name == b"fcTL":
                self._frames.append(self._frame(data_of(self._file, chunk)))
            elif chunk.name in (b"IDAT", b"fdAT") and self._frames:
                self._frames[-1].parts.append((chunk, 4 if chunk.name == b"fdAT" else 0))

    def _frame(self, data: bytes) -> _Frame:
        width, height, left, top, number, parts, disposal, blend = struct.unpack_from(">4x4I2H2B", data)
        if not (0 < width <= self.size[0] - left and 0 < height <= self.size[1] - top):
            raise PictureError("it is a damaged PNG: a frame lies outside the picture")
        if disposal == _TO_PREVIOUS and not self._frames:
            disposal = _TO_NOTHING
        return _Frame(width, height, left, top, 1000 * number / (parts or 100), disposal, blend)

    @property
    def transparent(self) -> bool:
        """Whether something may shine through in any frame."""
        first = self._frames[0]
        covered = (first.width, first.height) == self.size
        cleared = any(frame.disposal == _TO_NOTHING for frame in self._frames)
        return self._header[9] in _TYPES_WITH_ALPHA or b"tRNS" in self._palette or not covered or cleared

    def images(self) -> Iterator[tuple[Image.Image, int]]:
        """Each frame as it is seen, RGB or RGBA, and for how many milliseconds."""
        canvas = Image.new("RGBA", self.size)
        for frame in self._frames:
            box = (frame.left, frame.top, frame.left + frame.width, frame.top + frame.height)
            below = canvas.crop(box)
            drawn = self._unpacked(frame)
            canvas.paste(Image.alpha_composite(below, drawn) if frame.blend == _OVER else drawn, box)
            seen = canvas.copy() if self.transparent else canvas.convert("RGB")
            seen.info, seen.format = self._info, "PNG"
            yield seen, round(frame.duration)
            if frame.disposal == _TO_PREVIOUS:
                canvas.paste(below, box)
            elif frame.disposal == _TO_NOTHING:
                canvas.paste((0, 0, 0, 0), box)

    def _unpacked(self, frame: _Frame) -> Image.Image:
        """A frame alone, as RGBA."""
        header = struct.pack(">II", frame.width, frame.height) + self._header[8:]
        data = b"".join(data_of(self._file, chunk)[skipped:] for chunk, skipped in frame.parts)
        alone = SIGNATURE + _chunk(b"IHDR", header) + self._palette + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
        image: Image.Image = open_plainly("PNG", io.BytesIO(alone))
        if image.mode.startswith("I"):  # 16-bit gray, which Pillow would cut off at 255
            deep = np.asarray(image)
            gray = Image.fromarray(np.rint(deep / 257).astype(np.uint8))
            if "transparency" in image.info:
                gray.putalpha(Image.fromarray(np.where(deep == image.info["transparency"], 0, 255).astype(np.uint8)))
            image = gray
        return image.convert("RGBA")


def encode(frames: Iterable[Picture], loop: int, options: dict[str, object]) -> bytes:
    """An animated PNG of pictures of one size, of which no more than two are held at a time.

    The part that has changed is written. Equal frames become one that is seen longer.

    Args:
        frames: all opaque, or all with alpha.
        loop: how often they are played; 0 is for ever.
        options: for Pillow, of the whole file.
    """
    buffer = io.BytesIO()
    before: Image.Image | None = None
    count = number = control = shown = 0
    counts = 0
    for frame in frames:
        image = frame.as_image()
        if before is not None and image.mode != before.mode:
            image = image.convert(before.mode)
        box = (0, 0, *image.size) if before is None else _changed(before, image)
        if box is None and shown + frame.duration <= 10 * _LONGEST:
            shown += frame.duration
            _rewrite(buffer, control, shown)
            continue
        box = box or (0, 0, 1, 1)
        alone = io.BytesIO()
        image.crop(box).save(alone, "PNG", **options if before is None else {})
        pieces = [(chunk, data_of(alone, chunk)) for chunk in chunks(alone)]
        if before is None:
            buffer.write(SIGNATURE + _chunk(b"IHDR", pieces[0][1]))
            counts = buffer.tell()
            buffer.write(_chunk(b"acTL", struct.pack(">II", 0, loop)))
            buffer.writelines(_chunk(c.name, body) for c, body in pieces[1:] if c.name not in (b"IDAT", b"IEND"))
        control, shown = buffer.tell(), frame.duration
        place = (box[2] - box[0], box[3] - box[1], box[0], box[1])
        buffer.write(_chunk(b"fcTL", struct.pack(">5I2H2B", number, *place, 0, 1, 0, 0)))
        _rewrite(buffer, control, shown)
        number += 1
        for body in (body for chunk, body in pieces if chunk.name == b"IDAT"):
            if before is None:
                buffer.write(_chunk(b"IDAT", body))
            else:
                buffer.write(_chunk(b"fdAT", struct.pack(">I", number) + body))
                number += 1
        before, count = image, count + 1
    buffer.write(_chunk(b"IEND", b""))
    buffer.seek(counts)
    buffer.write(_chunk(b"acTL", struct.pack(">II", count, loop)))
    return buffer.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _changed(before: Image.Image, image: Image.Image) -> tuple[int, int, int, int] | None:
    changed = (np.asarray(before) != np.asarray(image)).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return None if not len(rows) else (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _rewrite(buffer: io.BytesIO, control: int, milliseconds: int) -> None:
    """Set the time of a frame, whose "fcTL" lies there."""
    time = (milliseconds, 1000) if milliseconds <= _LONGEST else (min(round(milliseconds / 10), _LONGEST), 100)
    body = bytearray(buffer.getbuffer()[control + 8 : control + 34])
    struct.pack_into(">2H", body, 20, *time)
    buffer.seek(control)
    buffer.write(_chunk(b"fcTL", bytes(body)))
    buffer.seek(0, io.SEEK_END)
