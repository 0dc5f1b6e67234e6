"""From a clip to a painted one, segment by segment.

What a segment is made of comes from ``steps``, and is encoded here.
"""

from __future__ import annotations

import hashlib
import operator
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from allaprima.engine.progress import Progress
from allaprima.errors import AllaPrimaError, OptionError, PictureError
from allaprima.file_painter import FilePainter
from allaprima.files import move, write_bytes
from allaprima.film.animated import animated
from allaprima.film.direction import Direction, Director, is_clip
from allaprima.film.encoder import ToEncode, open_segment
from allaprima.film.encoding import CODECS, Encoding, choose_encoding
from allaprima.film.frame import USUAL_RATE, Frame
from allaprima.film.joining import join
from allaprima.film.moments import sheet_of_moments
from allaprima.film.outputs import kind_of
from allaprima.film.planes import FORMAT, InPlanes
from allaprima.film.reader import Clip, open_clip, open_container
from allaprima.film.segments import MOST_FRAMES, SECONDS, Segment, Times, Work
from allaprima.film.sequence import write_sequence
from allaprima.film.steps import painted
from allaprima.film.stream import write_stream
from allaprima.film.timeline import Time, Timeline, parse_timeline, seconds_of
from allaprima.look.stroke import reduced_size
from allaprima.options import STEADY, check
from allaprima.painter import Pixels
from allaprima.picture.picture import Picture
from allaprima.provenance import Stamp, digest, version_of
from allaprima.session import FrameInWork, Session

Publish = Callable[[bool], None]
"""Puts a finished result in its place; True replaces what is there."""


class StoppedError(AllaPrimaError):
    """All was to end; what is whole of a clip stays for ``resume``."""


@dataclass(frozen=True)
class ClipPainter:
    """Paints clips; what ``FilePainter`` is for pictures.

    Attributes:
        files: the model, the look, and what clips have in common with pictures.
        steady: 0 to 1, see ``Session``.
        direction: what of the look changes with time.
        codec: one of ``options.CLIP_CODECS``; None is what the container usually has.
        start: paint from so many seconds after the clip's beginning on; None is all.
        end: up to so many seconds after the clip's beginning; None is all.
        sheet: paint some moments on one sheet instead.
        version: of the clip, for the result's stamp; empty is the digest of its bytes.
    """

    files: FilePainter
    steady: float = STEADY
    direction: Direction = field(default_factory=Direction)
    codec: str | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    sheet: bool = False
    version: str = ""

    def __post_init__(self) -> None:
        painter = self.files.painter
        for style in self.direction.styles:  # a wrong one is found before any work
            painter.with_look(replace(painter.look, style=style))

    @property
    def digest(self) -> str:
        """Of all that decides how a result looks."""
        mask = None if self.direction.mask is None else known_by(self.direction.mask)
        choices = self.steady, self.direction.timeline, mask, self.codec, self.start, self.end, self.sheet
        return digest(self.files.digest, *choices)

    def paint_file(
        self,
        source: Path | BinaryIO,
        target: Path,
        progress: Progress | None = None,
        *,
        resume: bool = False,
        overwrite: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Publish:
        """Paint a clip.

        Args:
            source: the clip; of a stream that cannot be read twice the picture alone is painted.
            target: where it will go; its extension is its container.
            progress: is called with the frames done and all of them, as far as the clip says.
            resume: go on with a painting that was interrupted.
            overwrite: drop a painting that was interrupted.
            stopped: whether all is to end.

        Returns:
            What puts the result in its place.

        Raises:
            PictureError: the clip cannot be read.
            OutputError: the result cannot be written, or an unfinished one was begun with something else.
            EngineError: the extra ``video`` is missing.
            StoppedError: it was to end.
        """
        kind = "sheet" if self.sheet else kind_of(target)
        if kind == "clip":
            return self._paint_clip(source, target, progress, resume, overwrite, stopped)
        if kind == "sheet":
            if not isinstance(source, Path):
                raise PictureError("moments of a stream cannot be shown: it is read only once")
            data = self._sheet(source).encode(target.suffix, self.files.quality)
            return lambda replacing: write_bytes(data, target, overwrite=replacing)
        with self._opened(source) as clip, self._painted(clip, source, progress, stopped) as frames:
            if kind == "sequence":
                write_sequence(frames, target, overwrite=overwrite)
                return lambda _: None
            count = clip.count or 1
            if isinstance(source, Path) and target.suffix.lower() in (".webp", ".avif"):
                count = self._counted(source)
            data = animated(frames, clip.time_base, count, target.suffix, self.files.quality, self._stamp(source))
        return lambda replacing: write_bytes(data, target, overwrite=replacing)

    def paint_stream(
        self,
        source: Path | BinaryIO,
        sink: BinaryIO,
        format: str,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Paint a clip into a pipe, the picture alone; see ``stream.write_stream``."""
        with self._opened(source) as clip, self._painted(clip, source, None, stopped) as frames:
            if isinstance(source, Path) and clip.container.streams.audio:
                self.files.note(f"{source}: sound is left out, a pipe has the picture alone")
            write_stream(frames, clip, sink, format)

    def _opened(self, source: Path | BinaryIO, after: int | None = None) -> AbstractContextManager[Clip]:
        files = self.files
        return open_clip(
            source, start=self.start, end=self.end, after=after, longest=files.size, max_pixels=files.max_pixels
        )

    @contextmanager
    def _painted(
        self,
        clip: Clip,
        source: Path | BinaryIO,
        progress: Progress | None,
        stopped: Callable[[], bool],
    ) -> Iterator[Iterator[Frame]]:
        """Painted frames, while other threads decode and paint those that follow."""
        session = Session(self.files.painter, self.steady)
        shown = _Shown(progress, 0, clip.count)

        def finish(frame: Frame, _: FrameInWork, painting: Pixels) -> Frame:
            return replace(frame, pixels=painting)

        def told(results: Iterator[tuple[Frame, Frame, bytes | None]]) -> Iterator[Frame]:
            for _, frame, _ in results:
                yield frame
                shown.one_more()

        with self.direction.of(self.files.painter.look) as director:
            see = _Seeing(session, director, clip, stopped)
            with painted(clip.frames(), session, see, FrameInWork.blend, finish) as results:
                yield told(results)
        self._tell_of_reading(clip, source)

    def _paint_clip(
        self,
        source: Path | BinaryIO,
        target: Path,
        progress: Progress | None,
        resume: bool,
        overwrite: bool,
        stopped: Callable[[], bool],
    ) -> Publish:
        key = {
            "clip": known_by(source) if isinstance(source, Path) else "a stream",
            "model or look": self.digest,
            "format": target.suffix.lower(),
        }
        choose_encoding(target.suffix, self.codec, self.files.quality, alpha=False)
        if isinstance(source, Path):
            with self._opened(source) as clip:  # before anything is written
                self._tell(clip, self._encoding(clip, target), source)
        with Work(target, key) as work:
            segments = work.begin(resume=resume and isinstance(source, Path), overwrite=overwrite)
            after = segments[-1].times[-1][0] if segments else None
            with self._opened(source, after) as clip:
                encoding = self._encoding(clip, target)
                session = Session(self.files.painter, self.steady)
                if segments:
                    session.restore(segments[-1].state_file.read_bytes())
                with self.direction.of(self.files.painter.look) as director:
                    seen = self._seen_in_yuv(clip, encoding)
                    run = _Run(clip, session, director, encoding, seen, work, segments, progress, stopped)
                    run.carry_out()
                self._tell_of_reading(clip, source)
                if not segments:
                    raise PictureError("it has no frame in that part")
                finished = work.folder / f"finished{target.suffix}"
                if not isinstance(source, Path):
                    self.files.note("stdin: only the picture is painted; sound of a stream is left out")
                    join(segments, None, clip, finished, encoding, stamp="", note=self.files.note)
            if isinstance(source, Path):
                self._join(source, segments, finished, encoding)
        work.give_up()

        def publish(replacing: bool) -> None:
            move(finished, target, overwrite=replacing)
            work.remove()

        return publish

    def _join(self, source: Path, segments: list[Segment], finished: Path, encoding: Encoding) -> None:
        with open_clip(source, max_pixels=self.files.max_pixels) as clip, open_container(source) as all_tracks:
            origin = Fraction((clip.video.start_time or 0) * clip.time_base)
            join(
                segments,
                all_tracks,
                clip,
                finished,
                encoding,
                start=None if self.start is None else origin + self.start,
                end=None if self.end is None else origin + self.end,
                stamp=str(self._stamp(source)),
                keep_gps=self.files.keep_gps,
                note=lambda text: self.files.note(f"{source}: {text}"),
            )

    def _encoding(self, clip: Clip, target: Path) -> Encoding:
        return choose_encoding(target.suffix, self.codec, self.files.quality, alpha=clip.alpha)

    def _seen_in_yuv(self, clip: Clip, encoding: Encoding) -> tuple[int, int] | None:
        """(height, width) of what the network sees where all the rest can be done in YUV; see ``planes``."""
        look, (width, height) = self.files.painter.look, clip.size
        if not look.plain or self.direction.mask is not None or encoding.pix_fmt != FORMAT or width % 2 or height % 2:
            return None
        small = None if look.longest is None else reduced_size(height, width, look.longest)
        if small is None:
            return height, width
        return small if clip.in_yuv else None

    def _sheet(self, source: Path) -> Picture:
        painter = self.files.painter
        with self.direction.of(painter.look) as director:

            def paint(pixels: Pixels, seconds: Fraction) -> Pixels:
                return Session(painter.with_look(director.at(seconds)), self.steady).paint(pixels)

            return sheet_of_moments(source, paint, start=self.start, end=self.end, max_pixels=self.files.max_pixels)

    def _counted(self, source: Path) -> int:
        with self._opened(source) as clip:
            return clip.counted()

    def _stamp(self, source: Path | BinaryIO) -> Stamp | None:
        if not isinstance(source, Path):
            return None
        return Stamp(self.digest, source.stat().st_size, self.version or version_of(source))

    def _tell(self, clip: Clip, encoding: Encoding, source: Path) -> None:
        note = self.files.note
        if clip.alpha and not encoding.alpha:
            note(f"{source}: its transparency is left out, which {encoding.codec} does not hold")
        if clip.hdr:
            note(f"{source}: its HDR or wide colors are painted as BT.709")
        if clip.interlaced:
            note(f"{source}: its interlaced frames are made whole first")
        if CODECS[encoding.codec].even and any(side % 2 for side in clip.size):
            note(f"{source}: {encoding.codec} needs even sides, so the last row or column is there twice")

    def _tell_of_reading(self, clip: Clip, source: Path | BinaryIO) -> None:
        for words in clip.damage:
            self.files.lost(f"{_name(source)} {words}")


def make_clip_painter(
    files: FilePainter,
    *,
    mask: object = None,
    steady: float = STEADY,
    timeline: str | Timeline | None = None,
    start: Time = None,
    end: Time = None,
    codec: str | None = None,
    sheet: bool = False,
) -> ClipPainter:
    """A painter of clips by the options as they are given.

    Raises:
        OptionError: one that has no such value.
        StyleError: the timeline names a style that the model does not have.
    """
    check(steady=steady, codec=codec, sheet=sheet)
    line = parse_timeline(timeline) if isinstance(timeline, str) else timeline
    moving = Path(mask) if isinstance(mask, str | os.PathLike) and is_clip(Path(mask)) else None
    begin, stop = seconds_of(start), seconds_of(end)
    if begin is not None and stop is not None and stop <= begin:
        raise OptionError("the part of the clip ends before it begins", options=("start", "end"))
    return ClipPainter(files, steady, Direction(line, moving), codec, begin, stop, sheet)


@dataclass(frozen=True, eq=False)
class _Timed:
    """A frame that is part of a segment."""

    frame: Frame
    duration: int
    ends: bool
    """Whether it is the last of its segment."""


_Result = tuple[_Timed, Any, bytes | None]
"""A frame, its painting as PyAV's frame, and at the end of a segment the session's state."""


class _Seeing:
    """The first step of each frame of a clip, in the look that its time has."""

    def __init__(self, session: Session, director: Director, clip: Clip, stopped: Callable[[], bool]) -> None:
        self._session, self._director, self._stopped = session, director, stopped
        self._origin, self._time_base = clip.video.start_time or 0, clip.time_base

    def __call__(self, frame: Frame) -> FrameInWork:
        if self._stopped():
            raise StoppedError("it was stopped")
        look = self._director.at((frame.pts - self._origin) * self._time_base)
        if look is not self._session.look:
            self._session.look = look
        return self._session.see(frame.pixels)


class _Run:
    """One clip on its way into segments."""

    def __init__(
        self,
        clip: Clip,
        session: Session,
        director: Director,
        encoding: Encoding,
        seen: tuple[int, int] | None,
        work: Work,
        segments: list[Segment],
        progress: Progress | None,
        stopped: Callable[[], bool],
    ) -> None:
        self._clip, self._session, self._director = clip, session, director
        self._seen, self._encoding, self._work, self._segments, self._stopped = seen, encoding, work, segments, stopped
        self._rate = clip.rate or USUAL_RATE
        self._length = max(1, min(MOST_FRAMES, round(SECONDS * self._rate)))
        self._step = max(1, round(1 / (self._rate * clip.time_base)))
        self._shown = _Shown(progress, sum(len(segment.times) for segment in segments), clip.count)

    def carry_out(self) -> None:
        """Paint what is left; whole segments are added to those that there are."""
        see = _Seeing(self._session, self._director, self._clip, self._stopped)
        with self._painted(lambda one: see(one.frame)) as results:
            first = next(results, None)
            while first is not None:
                self._encode_segment(first, results)
                first = next(results, None)

    def _painted(self, see: Callable[[_Timed], FrameInWork]) -> AbstractContextManager[Iterator[_Result]]:
        """Frames as the encoder takes them."""
        clip, size, ends = self._clip, self._seen, operator.attrgetter("ends")
        if size is None:
            finish = ToEncode(self._encoding, clip.size)
            timed = self._timed(clip.frames())
            return painted(timed, self._session, see, FrameInWork.blend, lambda _, __, pixels: finish(pixels), ends)
        planes = InPlanes(clip.size[::-1], size)
        timed = self._timed(clip.frames_in_yuv(*size) if clip.in_yuv else clip.frames())
        return painted(
            timed,
            self._session,
            see,
            lambda frame: frame.blend_planes(planes.of_painting),
            lambda one, frame, painting: planes.frame(one.frame.planes, painting, frame.share),
            ends,
        )

    def _timed(self, frames: Iterator[Frame]) -> Iterator[_Timed]:
        """Every frame with its duration, which is known once the next one is there."""
        frame, number = next(frames, None), 0
        while frame is not None:
            number += 1
            following = next(frames, None)
            duration = frame.duration or self._step if following is None else following.pts - frame.pts
            yield _Timed(frame, duration, following is None or number % self._length == 0)
            frame = following

    def _encode_segment(self, result: _Result, rest: Iterator[_Result]) -> None:
        number, times = len(self._segments), Times()
        item, frame, state = result
        clip, place = self._clip, self._work.place(number)
        with open_segment(place, self._encoding, clip.size, self._rate, clip.pixel_aspect) as encoder:
            while True:
                encoder.write(frame)
                times.append((item.frame.pts, item.duration))
                self._shown.one_more()
                if state is not None:
                    break
                item, frame, state = next(rest)
        self._segments.append(self._work.keep(number, times, state))


class _Shown:
    """Tells how many frames are done."""

    def __init__(self, progress: Progress | None, done: int, count: int | None) -> None:
        self._progress, self._done, self._count = progress, done, count or 0

    def one_more(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self._done, self._count))


def known_by(path: Path) -> str:
    """The digest of a file.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:32]
    except OSError as error:
        raise PictureError(f"it cannot be read: {error.strerror or error}") from error


def _name(source: Path | BinaryIO) -> str:
    return str(source) if isinstance(source, Path) else "stdin"
