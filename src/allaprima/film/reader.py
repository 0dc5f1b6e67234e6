"""Reading a clip: its frames upright, in sRGB, each once and with its own time; and what else is in its file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from allaprima.errors import PictureError
from allaprima.film.color import FromRGB, ToRGB
from allaprima.film.deinterlace import Deinterlacer
from allaprima.film.frame import USUAL_RATE, Frame
from allaprima.film.planes import FORMAT, planes_of, stay_in_yuv
from allaprima.film.pyav import load_av
from allaprima.film.upright import AS_IT_IS, display_matrix, swaps_sides, turned
from allaprima.options import MAX_PIXELS
from allaprima.picture.picture import scaled_within
from allaprima.steady.planes import Planes
from allaprima.style_model import SMALLEST_SIDE

_FORMATS = ",".join([
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "mpegvideo", "asf", "flv", "ogg", "nut",
    "yuv4mpegpipe", "mxf", "dv", "h264", "hevc", "obu", "ivf",
])  # fmt: skip
"""The containers that are opened. Playlists are not: they would open other files and addresses."""

_STREAMS = ("yuv4mpegpipe", "h264", "hevc", "obu", "ivf")
"""Containers without an index, which are read from the beginning."""

Convert = Callable[[Any], Frame]
"""PyAV's frame as one of ours."""


@dataclass
class Clip:
    """An open clip. ``open_clip`` makes it.

    Attributes:
        size: (width, height) of its upright frames, in pixels.
        time_base: seconds in a tick.
        rate: frames a second on average, if the file says so.
        count: how many frames it has, as far as the file says, otherwise by its duration; None where nobody knows.
        duration: in seconds; None where the file does not say.
        alpha: whether its frames have a channel of alpha.
        pixel_aspect: the width of a pixel over its height.
        interlaced: whether its frames are woven of two fields, which are taken apart.
        hdr: whether its colors are mapped from HDR or a wide gamut.
        in_yuv: whether its frames may stay in YUV, see ``frames_in_yuv``.
        container: PyAV's, with all the other tracks, for whoever copies them.
        video: PyAV's stream of the frames.
        damage: what of it could not be read, in words that follow its name.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction | None
    count: int | None
    duration: Fraction | None
    alpha: bool
    pixel_aspect: Fraction
    interlaced: bool
    hdr: bool
    in_yuv: bool
    container: Any
    video: Any
    damage: list[str] = field(default_factory=list)
    _first: Any = field(default=None, repr=False)
    _converted: Callable[[Convert | None], Iterator[Frame]] = field(default=lambda _: iter(()), repr=False)

    def frames(self) -> Iterator[Frame]:
        """The frames in the order in which they are shown, once: a clip is read once.

        What is damaged is left out, so that the frame before it stands longer, and said in ``damage``.
        """
        return self._converted(None)

    def counted(self) -> int:
        """How many frames there are, by decoding all of them: instead of ``frames``."""
        nothing = np.empty((0, 0, 3), np.uint8)
        return sum(1 for _ in self._converted(lambda frame: Frame(nothing, frame.pts)))

    def frames_in_yuv(self, height: int, width: int) -> Iterator[Frame]:
        """The frames as ``frames`` gives them, but of so many pixels, and with their ``planes`` at full size.

        Of clips with ``in_yuv`` alone.
        """
        to_rgb = ToRGB(self._first, (width, height), reducing=(width, height) != self.size)
        to_yuv = _ToPlanes(self._first, self.size)
        return self._converted(lambda frame: Frame(to_rgb(frame), frame.pts, frame.duration or None, to_yuv(frame)))


@contextmanager
def open_clip(
    source: Path | BinaryIO,
    *,
    start: Fraction | float | None = None,
    end: Fraction | float | None = None,
    after: int | None = None,
    longest: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[Clip]:
    """Open a clip and read its first frame.

    Args:
        source: a file, or a stream that is read from where it stands; it need not be seekable.
        start: the first frame is the one that is shown so many seconds after the clip's beginning.
        end: the last frame is the one before so many seconds after the clip's beginning.
        after: the first frame is the one after the frame with this ``pts``; there may be none.
        longest: frames are scaled down to so many pixels on the longer side.
        max_pixels: a clip whose frames have more pixels is refused.

    Raises:
        EngineError: the extra ``video`` is missing.
        PictureError: it cannot be read, holds no moving picture, or is too small or too large.
    """
    av = load_av()
    with open_container(source) as container:
        video = _video(container)
        width, height = video.codec_context.width, video.codec_context.height
        if width * height > max_pixels:
            raise PictureError(
                f"its frames have {width}×{height} pixels, more than {max_pixels:,}", options=("max_pixels",)
            )
        yield _Opening(av, container, video, start, end, after).clip(longest)


@contextmanager
def open_container(source: Path | BinaryIO) -> Iterator[Any]:
    """The file opened by FFmpeg, of which nothing has been read.

    Raises:
        EngineError: the extra ``video`` is missing.
        PictureError: it is missing, empty, or no clip.
    """
    av = load_av()
    if isinstance(source, Path):
        try:
            empty = source.stat().st_size == 0
        except OSError as error:
            raise PictureError(f"it cannot be read: {error.strerror or error}") from error
        if empty:
            raise PictureError("the file is empty")
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file,pipe"}
    try:
        container = av.open(
            str(source) if isinstance(source, Path) else source, options=options, metadata_errors="replace"
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise PictureError(f"it is not a clip that can be read ({_reason(error)})") from error
    with container:
        yield container


def _reason(error: Exception) -> str:
    """FFmpeg's own words, without the file's name."""
    return str(getattr(error, "strerror", None) or error).split(": ")[0].lower() or "no reason is given"


def _video(container: Any) -> Any:
    """The stream that is painted: the best moving picture; a cover is none.

    Raises:
        PictureError: there is none.
    """
    from av.stream import Disposition  # noqa: PLC0415 - see pyav.py

    moving = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    usable = [one for one in moving if one.codec_context is not None]
    if not usable:
        raise PictureError("there is no moving picture in it" + (", only sound" if container.streams.audio else ""))
    return max(usable, key=lambda one: (bool(one.disposition & Disposition.default), -one.index))


class _Opening:
    """From an open container to a clip whose first frame is known."""

    def __init__(
        self,
        av: Any,
        container: Any,
        video: Any,
        start: Fraction | float | None,
        end: Fraction | float | None,
        after: int | None,
    ) -> None:
        self._av, self._container, self._video = av, container, video
        self._damaged = self._interlaced = False
        self._damage: list[str] = []
        self._decoder = self._made_decoder()
        origin = video.start_time or 0
        self._first = None if start is None else origin + _ticks(start, video.time_base)
        self._end = None if end is None else origin + _ticks(end, video.time_base)
        self._begins = self._first
        if after is not None:
            self._first = max(after + 1, self._first or after + 1)
        self._after = after

    def _made_decoder(self) -> Any:
        """FFmpeg's own decoders of VP8 and VP9 lose the alpha, which a stream of its own carries; libvpx has it."""
        video = self._video
        tags = {key.lower(): value for key, value in video.metadata.items()}  # FFmpeg writes them in capitals
        if video.codec_context.name in ("vp8", "vp9") and tags.get("alpha_mode") == "1":
            decoder = self._av.CodecContext.create(f"libvpx{'-vp9' if video.codec_context.name == 'vp9' else ''}", "r")
            decoder.extradata = video.codec_context.extradata
            return decoder
        video.thread_type = "AUTO"
        return video.codec_context

    def clip(self, longest: int | None) -> Clip:
        """The clip, once a frame is decoded that shows what its frames are like.

        Raises:
            PictureError: none can be decoded, they are too small, or none is in the part that is wanted.
        """
        video = self._video
        decoded = self._from_the_first()
        first = next(decoded, None)
        if first is None:
            raise PictureError("no frame of it can be decoded")
        wanted: Iterator[Any] = (
            frame for frame in chain([first], decoded) if self._first is None or frame.pts >= self._first
        )
        if self._after is None:
            foremost = next(wanted, None)
            if foremost is None:
                raise PictureError("it has no frame in that part")
            wanted = chain([foremost], wanted)
        matrix = display_matrix(first)
        size = (first.height, first.width) if swaps_sides(matrix) else (first.width, first.height)
        if min(size) < SMALLEST_SIDE:
            raise PictureError(f"its frames have {size[0]}×{size[1]} pixels; both sides need at least {SMALLEST_SIDE}")
        size = size if longest is None else scaled_within(size, longest)
        to_rgb = ToRGB(first, size[::-1] if swaps_sides(matrix) else size)
        aspect = video.sample_aspect_ratio or Fraction(1)
        clip = Clip(
            size=size,
            time_base=Fraction(video.time_base),
            rate=Fraction(video.average_rate) if video.average_rate else None,
            count=None,
            duration=self._duration(),
            alpha=to_rgb.alpha,
            pixel_aspect=Fraction(1) / aspect if swaps_sides(matrix) and aspect else aspect or Fraction(1),
            interlaced=self._interlaced,
            hdr=to_rgb.is_hdr,
            in_yuv=matrix == AS_IT_IS and longest is None and stay_in_yuv(first),
            container=self._container,
            video=video,
            damage=self._damage,
        )
        clip.count = self._count(clip)
        clip._first = first

        def to_frame(frame: Any) -> Frame:
            return Frame(turned(to_rgb(frame), matrix), frame.pts, frame.duration or None)

        clip._converted = lambda convert: self._frames(wanted, convert or to_frame)
        return clip

    def _from_the_first(self) -> Iterator[Any]:
        """The frames from a key frame before the first that is wanted, or from the beginning where none is found."""
        if self._first is None or self._container.format.name in _STREAMS:
            return self._decoded()
        with suppress(self._av.FFmpegError, OSError):
            self._container.seek(self._first - 1, stream=self._video)
        decoded = self._decoded()
        first = next(decoded, None)
        if first is not None and first.pts < self._first:
            return chain([first], decoded)
        with suppress(self._av.FFmpegError, OSError):  # some indexes lead too far
            self._container.seek(0, any_frame=False)
        self._decoder.flush_buffers()
        return self._decoded()

    def _decoded(self) -> Iterator[Any]:
        """PyAV's frames up to the last that is wanted, with times that never go back."""
        last: int | None = None
        step = _ticks(1 / (self._video.average_rate or USUAL_RATE), self._video.time_base)
        weave: Deinterlacer | None = None
        for frame in self._raw():
            frame.time_base = self._video.time_base
            if frame.pts is None:  # a stream of bare pictures has no times
                frame.pts = (self._video.start_time or 0) if last is None else last + step
            if last is not None and frame.pts <= last:
                frame.pts = last + 1
            last = frame.pts
            if self._end is not None and frame.pts >= self._end:
                return
            if frame.interlaced_frame:
                self._interlaced = True
                weave = weave or Deinterlacer(frame)
            ready = [frame] if weave is None else weave.push(frame)
            yield from ready
        if weave is not None:
            yield from weave.finish()

    def _raw(self) -> Iterator[Any]:
        """Every frame that can be decoded. A damaged packet is left out, a file that breaks off ends there."""
        error = self._av.FFmpegError
        packets = self._container.demux(self._video)
        while True:
            try:
                packet = next(packets, None)
            except (error, OSError) as fault:
                self._damage.append(f"breaks off ({_reason(fault)}): the clip ends there")
                packet = None
            if packet is not None and packet.size == 0:
                continue  # FFmpeg's own sign that the file is at its end: the decoder is flushed below
            try:
                yield from self._decoder.decode(packet)
            except error as fault:
                if not self._damaged:
                    self._damage.append(f"has damaged frames ({_reason(fault)}): those before them stand longer")
                self._damaged = True
            if packet is None:
                return

    def _frames(self, wanted: Iterator[Any], convert: Convert) -> Iterator[Frame]:
        promised, seen = self._video.frames, 0
        for frame in wanted:
            yield convert(frame)
            seen += 1
        if self._first is None and self._end is None and seen < promised and not self._damage:
            self._damage.append(f"ends after {seen:,} of its {promised:,} frames")

    def _duration(self) -> Fraction | None:
        """Of what is read, in seconds, as the file says."""
        video, container = self._video, self._container
        if video.duration:
            whole = Fraction(video.duration * video.time_base)
        elif container.duration:
            whole = Fraction(container.duration, self._av.time_base)
        else:
            return None
        origin = video.start_time or 0
        start = Fraction(0) if self._begins is None else Fraction((self._begins - origin) * video.time_base)
        end = whole if self._end is None else min(whole, Fraction((self._end - origin) * video.time_base))
        return max(end - start, Fraction(0))

    def _count(self, clip: Clip) -> int | None:
        """How many frames there will be: as the file says if all of it is read, otherwise by time and rate."""
        if self._begins is None and self._end is None and self._video.frames:
            return int(self._video.frames)
        if clip.duration is None or clip.rate is None:
            return None
        return max(1, round(clip.duration * clip.rate))


def _ticks(seconds: Fraction | float, time_base: Fraction) -> int:
    """Seconds in whole ticks, up: a frame that is shown exactly then belongs to what follows."""
    return math.ceil(Fraction(seconds).limit_denominator(10**9) / Fraction(time_base))


class _ToPlanes:
    """The planes of frames, of which some may not ``stay_in_yuv``: a clip may change on its way."""

    def __init__(self, first: Any, size: tuple[int, int]) -> None:
        self._first, self._size = first, size
        self._others: tuple[ToRGB, FromRGB] | None = None

    def __call__(self, frame: Any) -> Planes:
        if stay_in_yuv(frame) and (frame.width, frame.height) == self._size:
            return planes_of(frame)
        self._others = self._others or (ToRGB(self._first, self._size), FromRGB(FORMAT))
        to_rgb, from_rgb = self._others
        return planes_of(from_rgb(to_rgb(frame)))
