"""Which style a clip has when: "0:00 irises, 0:12 the_scream fade 2s"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from allaprima.errors import OptionError, StyleError
from allaprima.style_model import StyleSpec, parse_style

_TIME = r"(?:\d{1,9}:){0,2}\d{1,9}(?:\.\d{1,9})?"
_WHOLE_TIME = re.compile(rf"({_TIME})s?")
_NEXT_ENTRY = re.compile(rf",\s*(?={_TIME}s?\s)")
"""A comma with a time behind it; those of a mixture have a style's name there."""
_ENTRY = re.compile(rf"(?P<start>{_TIME})s?\s+(?P<style>\S+(?:,\s+\S+)*?)(?:\s+fade\s+(?P<fade>\S+))?")
_EXAMPLE = 'write it like "0:00 irises, 0:12 the_scream fade 2s"'


Time = str | float | Fraction | None
"""Seconds, or text as of ``parse_time``."""


def parse_time(text: str) -> Fraction:
    """Seconds of a time as people write it: "90", "90s", "1:30", "0:01:30.5".

    Raises:
        OptionError: it is none.
    """
    found = _WHOLE_TIME.fullmatch(text.strip())
    if found is None:
        raise OptionError(f'"{text}" is no time; write it like 90, 1:30 or 0:01:30.5')
    seconds = Fraction(0)
    for part in found[1].split(":"):
        seconds = 60 * seconds + Fraction(part)
    return seconds


def seconds_of(time: Time) -> Fraction | None:
    """A time as it may be given: text as of ``parse_time``, or seconds.

    Raises:
        OptionError: it is none, or negative.
    """
    if time is None or isinstance(time, str):
        return None if time is None else parse_time(time)
    if not (isinstance(time, int | float | Fraction) and 0 <= time < float("inf")):
        raise OptionError(f"{time!r} is no time; give seconds, or text such as 1:30")
    return Fraction(time).limit_denominator(10**6)


def style_or_first(style: StyleSpec | None, timeline: str | None) -> StyleSpec | None:
    """A style as given; where none is, the timeline's first.

    Raises:
        OptionError: it is no timeline.
    """
    return parse_timeline(timeline).first if style is None and timeline is not None else style


@dataclass(frozen=True)
class Entry:
    """From when on a style is wanted.

    Attributes:
        start: in seconds after the clip's beginning.
        style: a name, or a mixture.
        fade: seconds from ``start`` until nothing is left of what was before.
    """

    start: Fraction
    style: str
    fade: Fraction = Fraction(0)


@dataclass(frozen=True)
class Timeline:
    """Styles one after the other; the first also stands before its own time.

    Attributes:
        entries: by time, at least one.

    Raises:
        OptionError: there is none, or two begin at the same time or in the wrong order.
        StyleError: a style that cannot be read as one.
    """

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if not self.entries:
            raise OptionError(f"the timeline is empty; {_EXAMPLE}")
        starts = [entry.start for entry in self.entries]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise OptionError("the times of the timeline must grow from entry to entry")
        for entry in self.entries:
            parse_style(entry.style)

    @property
    def first(self) -> str:
        """The style at the beginning."""
        return self.entries[0].style

    def at(self, seconds: Fraction) -> StyleSpec:
        """The style at a time: as it was named, or while one fades into the next, a mixture of both."""
        return self._at(len(self.entries) - 1, seconds)

    def _at(self, last: int, seconds: Fraction) -> StyleSpec:
        """As ``at``, of the entries up to one."""
        while last > 0 and self.entries[last].start > seconds:
            last -= 1
        entry = self.entries[last]
        if last == 0 or seconds >= entry.start + entry.fade:
            return entry.style
        share = (seconds - entry.start) / entry.fade
        return _between(self._at(last - 1, seconds), entry.style, float(share))


def parse_timeline(text: str) -> Timeline:
    """A timeline as it is typed: a time, a style or a mixture, perhaps "fade" and for how long; then a comma.

    Raises:
        OptionError: it cannot be read, or as ``Timeline``.
        StyleError: as ``Timeline``.
    """
    entries = []
    for part in _NEXT_ENTRY.split(text.strip()):
        found = _ENTRY.fullmatch(part.strip())
        if found is None:
            raise OptionError(f'the timeline\'s "{part.strip()}" cannot be read; {_EXAMPLE}')
        try:
            fade = Fraction(0) if found["fade"] is None else parse_time(found["fade"])
            parse_style(found["style"])
        except (OptionError, StyleError) as error:
            raise type(error)(f'the timeline\'s "{part.strip()}" cannot be read: {error}') from error
        entries.append(Entry(parse_time(found["start"]), found["style"], fade))
    return Timeline(tuple(entries))


def _between(one: StyleSpec, other: StyleSpec, share: float) -> Mapping[str, float]:
    """A mixture of two styles or mixtures; ``share`` is the second's."""
    if share == 0:
        return _shares(one)
    mixed = {name: (1 - share) * weight for name, weight in _shares(one).items()}
    for name, weight in _shares(other).items():
        mixed[name] = mixed.get(name, 0.0) + share * weight
    return mixed


def _shares(style: StyleSpec) -> dict[str, float]:
    """The weights of a style, which come to 1."""
    weights = parse_style(style)
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
