"""Frames of a clip as an animated GIF, WebP, PNG or AVIF."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from allaprima.film.frame import Frame
from allaprima.options import DEFAULT_QUALITY
from allaprima.picture.animation import Animation
from allaprima.picture.picture import Picture
from allaprima.provenance import Stamp, stamped, with_comment

SUFFIXES = (".gif", ".webp", ".png", ".apng", ".avif")
"""What clips are written as that is a picture to everyone else."""
_USUAL = 1000 // 25
_TICK = {".gif": 10}
"""Milliseconds in which a format counts; one is all others' here."""


def animated(
    frames: Iterable[Frame],
    time_base: Fraction,
    count: int,
    suffix: str,
    quality: int = DEFAULT_QUALITY,
    stamp: Stamp | None = None,
) -> bytes:
    """An animation that plays for ever, as the bytes of a file.

    A frame stands until the next one comes. Times are rounded, not durations, so that errors do not add up.

    Args:
        frames: all of one size; with alpha or without.
        time_base: seconds in a tick of their times.
        count: how many there are, exactly: WebP and AVIF must know.
        suffix: of the format, one of ``SUFFIXES``.
        quality: of WebP and AVIF, 1 to 100.
        stamp: how it was made.

    Raises:
        OutputError: the format cannot hold pictures of this size.
    """
    pictures = _pictures(iter(frames), time_base, _TICK.get(suffix.lower(), 1))
    first = next(pictures)
    animation: Picture | Animation = Animation(itertools.chain([first], pictures), first.size, count)
    if stamp is None:
        return animation.encode(suffix, quality)
    data = stamped(animation, stamp).encode(suffix, quality)
    return with_comment(data, stamp) if suffix.lower() == ".gif" else data


def _pictures(frames: Iterator[Frame], time_base: Fraction, tick: int) -> Iterator[Picture]:
    waiting: Frame | None = None
    for frame in frames:
        if waiting is not None:
            yield _picture(waiting, _rounded(frame.pts * time_base, tick) - _rounded(waiting.pts * time_base, tick))
        waiting = frame
    if waiting is not None:
        yield _picture(waiting, _rounded((waiting.duration or 0) * time_base, tick) or _USUAL)


def _rounded(seconds: Fraction, tick: int) -> int:
    return round(seconds * 1000 / tick) * tick


def _picture(frame: Frame, milliseconds: int) -> Picture:
    return replace(frame.picture, duration=max(1, milliseconds))
