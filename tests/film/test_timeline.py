"""Timelines: read as they are typed, and mixed while they fade."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import OptionError, StyleError
from allaprima.film.timeline import Entry, Timeline, parse_time, parse_timeline
from allaprima.style_model import parse_style


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1:30", 90),
        ("0:01:30.5", Fraction(181, 2)),
        ("1:00:00", 3600),
        (" 0.04 ", Fraction(1, 25)),
    ],
)
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "1h", "1:", "nan", "1e9", "½"])
def test_what_is_no_time(text):
    with pytest.raises(OptionError, match="is no time"):
        parse_time(text)


def test_entries_with_mixtures_and_fades():
    line = parse_timeline("0:00 irises, 0:12 the_scream:0.6,udnie:0.4 fade 2s,1:00.5 irises")
    assert line.entries == (
        Entry(Fraction(0), "irises"),
        Entry(Fraction(12), "the_scream:0.6,udnie:0.4", Fraction(2)),
        Entry(Fraction(121, 2), "irises"),
    )


def test_a_fade_mixes_what_was_and_what_comes():
    line = parse_timeline("0 irises, 10 udnie fade 4s, 20 irises")
    assert line.at(Fraction(9)) == "irises"
    assert line.at(Fraction(11)) == {"irises": 0.75, "udnie": 0.25}
    assert line.at(Fraction(14)) == "udnie"
    assert line.at(Fraction(20)) == "irises"


def test_a_fade_that_begins_within_another():
    line = parse_timeline("0 a, 10 b fade 10s, 15 c fade 10s")
    assert line.at(Fraction(15)) == {"a": 0.5, "b": 0.5}
    assert line.at(Fraction(20)) == {"b": 0.5, "c": 0.5}
    assert line.at(Fraction(25)) == "c"


def test_the_first_style_stands_before_its_time():
    assert parse_timeline("5 a fade 2s, 9 b").at(Fraction(0)) == "a"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"), ("irises", "cannot be read"), ("0:00", "cannot be read"), ("0 a fade", "cannot be"),
        ("0 a fade soon", '"soon" is no time'), ("5 a, 5 b", "must grow"), ("5 a, 3 b", "must grow"),
        ("0 a:x", "not a number"), ("0 a,,b", "empty name"),
    ],
)  # fmt: skip
def test_what_is_no_timeline(text, words):
    with pytest.raises((OptionError, StyleError), match=words):
        parse_timeline(text)


def test_long_text_is_refused_at_once():
    """A server reads timelines of strangers; the time that this takes must not grow with a power of their length."""
    for text in (f"0 {'a,' * 60}a b fade", f"0 {'a, ' * 60}a b fade", "9" * 5000 + " a", "0 " + "1:" * 5000):
        with pytest.raises(OptionError):
            parse_timeline(text)


def test_nothing_is_no_timeline():
    with pytest.raises(OptionError, match="empty"):
        Timeline(())


styles = st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 5), min_size=1).map(
    lambda weights: ",".join(f"{name}:{weight}" for name, weight in weights.items())
)
times = st.fractions(0, 60, max_denominator=100)


@given(
    st.lists(st.tuples(times, styles, times), min_size=1, max_size=5, unique_by=lambda entry: entry[0]),
    st.fractions(0, 130, max_denominator=30),
)
def test_weights_always_come_to_a_whole_and_never_jump_in_a_fade(entries, moment):
    line = Timeline(tuple(Entry(*entry) for entry in sorted(entries)))
    now = shares(line.at(moment))
    assert sum(now.values()) == pytest.approx(1)
    entry = max((one for one in line.entries if one.start <= moment), key=lambda one: one.start, default=None)
    if entry is not None and entry.fade > 1 and line.entries[0] is not entry and moment < entry.start + entry.fade:
        others = [one.start for one in line.entries if one.start > moment]
        step = min([Fraction(1, 1000), *(start - moment for start in others)]) / 2
        after = shares(line.at(moment + step))
        assert all(abs(after.get(name, 0) - now.get(name, 0)) < 0.01 for name in {*now, *after})


def shares(style):
    weights = parse_style(style)
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
