"""``--painter``: a function of anybody's gives painters, which are looked at while they paint."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from allaprima.errors import ModelError, OptionError, StyleError
from allaprima.evaluation.guests import guests
from support import checkered

MODULE = """
from contextlib import contextmanager
from allaprima.evaluation.painters import Painter
from allaprima.errors import EngineError

log = []
number = 7

def plain(paintings):
    return [Painter("dark", style, lambda pixels: pixels // 2) for style in paintings]

def shifted(paintings, spec):
    return (Painter(f"plus {spec}", "waves", lambda pixels: pixels + int(spec)) for _ in range(1))

@contextmanager
def held(paintings):
    log.append("open")
    yield plain(paintings)
    log.append("closed")

def other_style(paintings):
    return [Painter("x", "cubism", abs)]

def no_painters(paintings):
    return [1]

def nothing(paintings):
    return None

def fails(paintings):
    raise FileNotFoundError("no weights")

def refuses(paintings):
    raise EngineError("no such engine")

def bad(paintings):
    return [Painter("large", "waves", lambda pixels: pixels[:-1]), Painter("float", "waves", lambda p: p / 255),
            Painter("broken", "waves", lambda p: p.nothing), Painter("none", "waves", lambda p: None)]
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    """A module in the current folder, which is not on the path of imports."""
    (tmp_path / "door_for_guests.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    yield "door_for_guests"
    sys.modules.pop("door_for_guests", None)


def test_a_function_gives_painters_and_may_be_given_words(module, styles):
    path, pixels = list(sys.path), checkered(20, 12)
    with guests(f"{module}:plain", styles) as painters:
        assert [(p.name, p.style) for p in painters] == [("dark", "waves"), ("dark", "stars")]
        assert np.array_equal(painters[1].paint(pixels), pixels // 2)
    with guests(f"{module}:shifted:3", styles) as (painter,):
        assert painter.name == "plus 3"
        assert np.array_equal(painter.paint(pixels), pixels + np.uint8(3))
    assert sys.path == path


def test_what_it_holds_open_is_closed_after_measuring(module, styles):
    with guests(f"{module}:held", styles) as painters:
        assert len(painters) == 2
        assert sys.modules[module].log == ["open"]
    assert sys.modules[module].log == ["open", "closed"]


@pytest.mark.parametrize(
    ("door", "error", "sentence"),
    [
        ("door_for_guests", OptionError, "MODULE:FUNCTION"),
        (":plain", OptionError, "MODULE:FUNCTION"),
        ("no_such_module:plain", OptionError, "no_such_module cannot be imported"),
        ("door_for_guests:none", OptionError, "door_for_guests has no function none"),
        ("door_for_guests:number", ModelError, "TypeError"),
        ("door_for_guests:shifted", ModelError, "spec"),
        ("door_for_guests:fails", ModelError, "FileNotFoundError: no weights"),
        ("door_for_guests:refuses", Exception, "^no such engine$"),
        ("door_for_guests:no_painters", ModelError, "gave int, not a Painter"),
        ("door_for_guests:nothing", ModelError, "gave NoneType, not a list of Painter"),
        ("door_for_guests:other_style", StyleError, "cubism, which is not measured; styles: waves, stars"),
    ],
)
def test_what_is_no_painter_is_a_sentence(door, error, sentence, styles):
    with pytest.raises(error, match=sentence), guests(door, styles):
        pass


def test_pictures_of_another_size_or_kind_are_refused(module, styles):
    with guests(f"{module}:bad", styles) as painters:
        for painter, sentence in zip(
            painters, (r"large gave uint8 \(11, 20, 3\)", "float gave float64", "broken failed", "none gave NoneType"),
            strict=True,
        ):  # fmt: skip
            with pytest.raises(ModelError, match=sentence):
                painter.paint(checkered(20, 12))
