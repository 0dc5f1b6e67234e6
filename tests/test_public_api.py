"""What was promised is still there: names, parameters, options, paths; ``public_api.py`` says how one changes it."""

from __future__ import annotations

import inspect

import pytest

from public_api import PROMISED, parameter_lines, public_api

pytest.importorskip("fastapi", reason="the extra studio is not installed")


def test_nothing_that_was_promised_is_gone():
    gone = set(PROMISED.read_text("utf-8").splitlines()) - set(public_api())
    assert not gone, "this breaks programs of others; tests/public_api.py says what to do if it must be"


def test_all_kinds_of_promises_are_kept():
    promised = PROMISED.read_text("utf-8").splitlines()
    for line in (
        "python stylize(1: style = None)",
        "python StyleError is ValueError",
        "command stylize --style value",
        "command stylize --color luminance",
        "http POST /api/v1/stylize query style, required",
        "extra train",
    ):
        assert line in promised


def function(body: str) -> object:
    names: dict[str, object] = {}
    exec(f"def paint({body}): ...", names)
    assert inspect.isfunction(names["paint"])
    return names["paint"]


@pytest.mark.parametrize(
    ("after", "breaks"),
    [
        ("picture, style=None, *, size=None", False),
        ("picture, style=None, strength=1.0, *, size=None, color=None", False),
        ("picture, style=None, *, size=None, **more", False),
        ("picture, *, style=None, size=None", True),
        ("picture, size=None, style=None", True),
        ("picture, style, *, size=None", True),
        ("picture, style='udnie', *, size=None", True),
        ("picture, style=None", True),
        ("picture, style=None, *, color, size=None", True),
    ],
)
def test_a_break_is_told_from_an_addition(after, breaks):
    before = set(parameter_lines("paint", function("picture, style=None, *, size=None")))
    assert bool(before - set(parameter_lines("paint", function(after)))) == breaks
