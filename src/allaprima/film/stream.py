"""Frames of a clip to a pipe, for another program that goes on with them: y4m, NUT or Matroska."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from allaprima.errors import OutputError
from allaprima.film.color import BT709, HD_ROWS, SMPTE170M, FromRGB
from allaprima.film.frame import USUAL_RATE, Frame
from allaprima.film.pyav import load_av
from allaprima.film.reader import Clip


@dataclass(frozen=True)
class _Kind:
    """How a format is written: FFmpeg's names of it, of its codec and of its pixels without alpha and with it."""

    muxer: str
    codec: str
    pix_fmt: str
    alpha: str | None
    keeps_times: bool = True


FORMATS = {
    "y4m": _Kind("yuv4mpegpipe", "rawvideo", "yuv420p", None, keeps_times=False),
    "nut": _Kind("nut", "rawvideo", "rgb24", "rgba"),
    "mkv": _Kind("matroska", "ffv1", "bgr0", "bgra"),
}
"""What goes through a pipe, by name. None loses anything but y4m, which has half the chroma, as its readers expect."""


def write_stream(frames: Iterable[Frame], clip: Clip, sink: BinaryIO, format: str) -> None:
    """Write frames as they come.

    NUT and Matroska keep the frames' times, y4m has a rate alone. The pictures of y4m tell nothing of their colors:
    they are in BT.709 from 720 rows up and in BT.601 below, as their readers take it.

    Args:
        frames: of one size; with alpha or without.
        clip: what they come from: its time base, rate and pixel aspect.
        sink: need not be seekable.
        format: one of ``FORMATS``.

    Raises:
        OutputError: another format.
        OSError: the sink cannot be written.
    """
    av, kind = load_av(), format_of_stream(format)
    with av.open(_Sink(sink), "w", format=kind.muxer) as output:
        writer: _Writer | None = None
        for frame in frames:
            writer = writer or _Writer(output, kind, frame, clip)
            writer.write(frame)
        if writer is not None:
            output.mux(writer.stream.encode())


def format_of_stream(name: str) -> _Kind:
    """A format by name.

    Raises:
        OutputError: there is none.
    """
    found = FORMATS.get(name.lower().lstrip("."))
    if found is None:
        raise OutputError(f"a clip goes through a pipe as one of: {', '.join(FORMATS)}", options=("format",))
    return found


class _Writer:
    def __init__(self, output: Any, kind: _Kind, first: Frame, clip: Clip) -> None:
        height, width, channels = first.pixels.shape
        self._output, self._kind = output, kind
        pix_fmt = kind.alpha if channels == 4 and kind.alpha is not None else kind.pix_fmt
        self._converted = FromRGB(pix_fmt, matrix=BT709 if height >= HD_ROWS else SMPTE170M)
        rate = clip.rate or USUAL_RATE
        self.stream = output.add_stream(kind.codec, rate=rate)
        self.stream.width, self.stream.height, self.stream.pix_fmt = width, height, pix_fmt
        self._base = clip.time_base if kind.keeps_times else 1 / rate
        self.stream.codec_context.time_base = self._base
        self.stream.codec_context.sample_aspect_ratio = clip.pixel_aspect
        self._count = 0

    def write(self, frame: Frame) -> None:
        picture = self._converted(frame.pixels)
        picture.pts, picture.time_base = frame.pts if self._kind.keeps_times else self._count, self._base
        self._count += 1
        self._output.mux(self.stream.encode(picture))


class _Sink:
    """A file that can only be written: FFmpeg must not seek in it. Its fault is raised again, not FFmpeg's of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._file.flush()
        return len(data)

    def seekable(self) -> bool:
        return False
