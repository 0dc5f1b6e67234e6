"""Segments and the clip's other tracks -> one file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from allaprima.errors import OutputError
from allaprima.film.encoding import CODECS, Encoding
from allaprima.film.pyav import load_av
from allaprima.film.reader import Clip
from allaprima.film.segments import Segment
from allaprima.film.tracks import Tracks, commented, merged

_OPTIONS = {".mp4": "+faststart", ".m4v": "+faststart", ".mov": "+faststart"}
"""The index at the front, so that a browser begins to play before it has all."""
_LARGEST = 2**31
"""What does not fit into an index of mp4."""


def join(
    segments: Sequence[Segment],
    source: Any,
    clip: Clip,
    place: Path,
    encoding: Encoding,
    *,
    start: Fraction | None = None,
    end: Fraction | None = None,
    stamp: str,
    keep_gps: bool = False,
    note: Callable[[str], None],
) -> None:
    """Write the finished clip.

    Args:
        segments: in order; there is at least one.
        source: PyAV's input container of the clip, for its other tracks; None of a stream.
        clip: whose frames were painted.
        place: the file to be written.
        encoding: how the segments were encoded.
        start: where the result begins in the clip, in seconds of its own times; None is its beginning.
        end: where it ends; None is its end.
        stamp: how it was made, for the tag that says so.
        keep_gps: whether tags may say where it was taken.
        note: is told what of the other tracks could not be carried.

    Raises:
        OutputError: the container refuses a track, or the file cannot be written.
    """
    av = load_av()
    options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}  # sound may begin before the first frame
    if encoding.suffix in _OPTIONS:
        options["movflags"] = _OPTIONS[encoding.suffix]
        options["movie_timescale"] = str(_timescale(clip.time_base, source))
    base = clip.time_base
    begin = _begin(segments, source, base) if start is None else round(start / base)
    try:
        with (
            av.open(str(segments[0].frames)) as first,
            av.open(str(place), "w", format=_format(encoding.suffix), options=options) as output,
        ):
            # The decoder of AV1 has another name than its encoder, for which PyAV would look.
            stream = output.add_stream_from_template(first.streams.video[0], opaque=encoding.codec == "av1")
            stream.time_base = base
            if encoding.alpha and encoding.codec == "vp9":
                stream.metadata["alpha_mode"] = "1"
            tag = CODECS[encoding.codec].tag.get(encoding.suffix)
            if tag is not None:
                stream.codec_context.codec_tag = tag
            others: Iterator[tuple[Fraction, Any]] = iter(())
            if source is not None:
                tracks = Tracks(
                    source, output, encoding.suffix, clip.video, begin * base, start is not None, end, keep_gps, note
                )
                others = tracks.packets()
                output.metadata["comment"] = commented(tracks.comment, stamp)
            for packet in merged(_frames(av, segments, stream, base, begin), others):
                output.mux_one(packet)
    except av.FFmpegError as error:
        raise OutputError(f"the clip cannot be written ({error.strerror or error})") from error


def _frames(
    av: Any, segments: Sequence[Segment], stream: Any, base: Fraction, shift: int
) -> Iterator[tuple[Fraction, Any]]:
    """The packets of all segments with their own times: no encoder reorders, so the nth packet is the nth frame."""
    for segment in segments:
        with av.open(str(segment.frames)) as part:
            packets = (packet for packet in part.demux(part.streams.video[0]) if packet.size)
            for packet, (pts, duration) in zip(packets, segment.times, strict=True):
                packet.stream, packet.time_base = stream, base
                packet.pts = packet.dts = pts - shift
                packet.duration = duration
                yield (pts - shift) * base, packet


def _begin(segments: Sequence[Segment], source: Any, base: Fraction) -> int:
    """The tick of the clip at which all tracks of the result begin together.

    It is 0, so that times stay as they are, but for two: the clock of a broadcast, which may have run for a day, and
    frames before 0, which an index of mp4 would cut off, and whose times readers of Matroska lose.
    """
    first = segments[0].times[0][0]
    if source is not None and source.format.name in ("mpegts", "mpeg"):
        return first if source.start_time is None else min(first, round(Fraction(source.start_time, 10**6) / base))
    return min(0, first)


def _timescale(base: Fraction, source: Any) -> int:
    """Ticks of a second in which mp4 and mov say when a track begins; milliseconds would round."""
    rates = [] if source is None else [stream.rate for stream in source.streams.audio if stream.codec_context]
    scale = math.lcm(base.denominator, *rates)
    return scale if scale < _LARGEST else min(base.denominator, _LARGEST - 1)


def _format(suffix: str) -> str:
    return {".mkv": "matroska", ".m4v": "mp4"}.get(suffix, suffix[1:])
