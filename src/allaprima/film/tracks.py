"""What a clip has beside its frames: sound, subtitles, chapters, attachments, tags; carried into another file."""

from __future__ import annotations

import heapq
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from allaprima.film.pyav import load_av
from allaprima.provenance import Stamp, stamp_in

LEFT_TO_THE_WRITER = frozenset({
    "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "handler_name", "vendor_id",
    "number_of_frames", "number_of_bytes", "bps", "_statistics_tags", "_statistics_writing_app", "alpha_mode",
    "_statistics_writing_date_utc",
})  # fmt: skip
"""Tags, in lower case, that say how the source's own file was made."""

SOUND = {".mp4": "aac", ".m4v": "aac", ".mov": "aac", ".mkv": "flac", ".webm": "libopus"}
"""The codec of sound that the container does not hold as it is."""


@dataclass
class _Copied:
    """A track that goes over packet for packet."""

    source: Any
    target: Any

    def packets(self, packet: Any) -> Iterator[Any]:
        packet.stream = self.target
        yield packet

    def finish(self) -> Iterator[Any]:
        yield from ()


@dataclass
class _Encoded:
    """A track of sound that the container does not hold: decoded and encoded anew."""

    source: Any
    target: Any
    resampler: Any

    def packets(self, packet: Any) -> Iterator[Any]:
        frames: list[Any] = []
        with suppress(load_av().FFmpegError):  # a damaged packet is a moment of silence
            frames = packet.decode()
        for frame in frames:
            yield from self._feed(frame)

    def finish(self) -> Iterator[Any]:
        yield from self._feed(None)
        yield from self.target.encode(None)

    def _feed(self, frame: Any) -> Iterator[Any]:
        for resampled in self.resampler.resample(frame):
            yield from self.target.encode(resampled)


@dataclass
class Tracks:
    """The other tracks of an open clip, on their way into an open output.

    Attributes:
        source: PyAV's input container.
        output: PyAV's output container, whose video stream is there already.
        suffix: the output's extension.
        video: the stream of the source that is painted.
        begin: the time of the source, in seconds, that is 0 in the output.
        cut: whether what comes before that is left out.
        end: where the output ends in the source; None is its end.
        keep_gps: whether tags may say where the clip was taken.
        note: is told what could not be carried.
    """

    source: Any
    output: Any
    suffix: str
    video: Any
    begin: Fraction
    cut: bool
    end: Fraction | None
    keep_gps: bool
    note: Callable[[str], None]
    _routes: dict[int, _Copied | _Encoded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        left: list[str] = []
        for stream in self.source.streams:
            if stream.index != self.video.index:
                left += self._route(stream)
        for what in dict.fromkeys(left):
            number = left.count(what)
            self.note(f"{what} left out" + (f", {number} times" if number > 1 else ""))
        self._carry_words()

    def _route(self, stream: Any) -> list[str]:
        """Prepare a track's way; what is left out, by name."""
        name = stream.codec_context.name if stream.codec_context is not None else stream.type
        if stream.type == "attachment" and self.suffix == ".mkv":
            self.output.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)
            return []
        wanted = stream.type in ("audio", "subtitle") or (stream.type == "video" and _is_cover(stream))
        holds = wanted and stream.codec_context is not None and _holds(self.output, stream)
        if holds:
            target = self.output.add_stream_from_template(stream)
            self._routes[stream.index] = _Copied(stream, target)
        elif stream.type == "audio" and stream.codec_context is not None:
            target = self.output.add_stream(SOUND[self.suffix], rate=_rate_for(self.suffix, stream))
            target.layout = stream.layout
            resampler = load_av().AudioResampler(
                target.codec_context.format, stream.layout, target.rate, target.codec_context.frame_size or None
            )
            self._routes[stream.index] = _Encoded(stream, target, resampler)
            self.note(f"the sound ({name}) is encoded anew, since {self.suffix} does not hold it")
        else:
            kinds = {"subtitle": "subtitles", "attachment": "an attachment", "video": "a second picture"}
            return [f"{kinds.get(stream.type, 'a track of data')} ({name})"]
        for key, value in stream.metadata.items():
            if key.lower() not in LEFT_TO_THE_WRITER:
                target.metadata[key] = value
        target.disposition = stream.disposition
        return []

    @property
    def comment(self) -> str:
        """The source's; Matroska spells tags in capitals."""
        return next((value for key, value in self.source.metadata.items() if key.lower() == "comment"), "")

    def _carry_words(self) -> None:
        for key, value in self.source.metadata.items():
            if key.lower() not in LEFT_TO_THE_WRITER and (self.keep_gps or not _tells_a_place(key)):
                self.output.metadata[key.lower() if key.isupper() else key] = value
        chapters = [moved for one in self.source.chapters() if (moved := self._moved(one)) is not None]
        if chapters:
            self.output.set_chapters(chapters)

    def _moved(self, chapter: Any) -> Any:
        """A chapter at its place in the output; None if it lies outside."""
        base = Fraction(chapter["time_base"])
        start, end = chapter["start"] - round(self.begin / base), chapter["end"] - round(self.begin / base)
        length = None if self.end is None else round((self.end - self.begin) / base)
        if self.cut:
            start = max(0, start)
        if length is not None:
            end = min(end, length)
        return {**chapter, "start": start, "end": end} if start < end else None

    def _demuxed(self, streams: list[Any]) -> Iterator[Any]:
        """The packets of tracks, as far as the file can be read."""
        try:
            yield from self.source.demux(streams)
        except (load_av().FFmpegError, OSError):
            self.note("the sound ends where the file cannot be read any further")

    def packets(self) -> Iterator[tuple[Fraction, Any]]:
        """All packets with their times in the output, in seconds, track by track in order."""
        if not self._routes:
            return
        streams = [route.source for route in self._routes.values()]
        if self.cut:
            with suppress(load_av().FFmpegError):
                self.source.seek(int(self.begin * load_av().time_base), backward=True)
        for packet in self._demuxed(streams):
            if packet.size == 0 or packet.pts is None:
                continue
            base = Fraction(packet.time_base)
            time = (packet.dts if packet.dts is not None else packet.pts) * base
            shown = packet.pts * base
            if (self.cut and shown < self.begin) or (self.end is not None and shown >= self.end):
                continue
            ticks = round(self.begin / base)
            packet.pts -= ticks
            packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
            for ready in self._routes[packet.stream.index].packets(packet):
                yield time - self.begin, ready
        for route in self._routes.values():
            for ready in route.finish():
                yield (ready.dts or 0) * Fraction(ready.time_base), ready


def _tells_a_place(key: str) -> bool:
    """Whether a tag says where a clip was taken: "location", "com.apple.quicktime.location.ISO6709", "GPS…"."""
    return "location" in key.lower() or "gps" in key.lower()


def commented(comment: str, stamp: str) -> str:
    """A clip's comment with the stamp below it, in the place of an older one."""
    lines = [line for line in comment.splitlines() if stamp_in(line.encode()) is None]
    return "\n".join([*lines, stamp])


def read_stamp(path: Path) -> Stamp | None:
    """The stamp of a painted clip; None if it has none, or cannot be read."""
    av = load_av()
    with suppress(av.FFmpegError, OSError, ValueError), av.open(str(path), metadata_errors="replace") as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
        return stamp_in(tags.get("comment", "").encode())
    return None


def _holds(output: Any, stream: Any) -> bool:
    """Whether a container takes a track as it is: a file without packets is written, to nowhere."""
    av = load_av()
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.FFmpegError, OSError, ValueError, TypeError):
        return False
    return True


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition  # noqa: PLC0415 - see pyav.py

    return bool(stream.disposition & Disposition.attached_pic)


def _rate_for(suffix: str, stream: Any) -> int:
    """Opus knows 48 kHz alone of the rates that are usual."""
    return 48_000 if SOUND[suffix] == "libopus" else int(stream.rate)


def merged(video: Iterator[tuple[Fraction, Any]], others: Iterator[tuple[Fraction, Any]]) -> Iterator[Any]:
    """Two streams of packets as one, in the order of their times."""
    ordered = heapq.merge(video, others, key=lambda pair: pair[0])
    return (packet for _, packet in ordered)
