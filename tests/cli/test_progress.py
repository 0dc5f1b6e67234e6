"""The progress bar: on a terminal, and nowhere else."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest
import tqdm

from allaprima.cli.progress import Bar, late_progress, progress, say


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Eager(tqdm.tqdm):
    """Draws every step."""

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, mininterval=0, **options)


@pytest.fixture
def terminal(monkeypatch):
    """What is shown on a terminal of 80 columns where every step is drawn."""
    monkeypatch.setattr("tqdm.tqdm", Eager)
    monkeypatch.setenv("COLUMNS", "80")
    screen = Terminal()
    # Not sys.stderr itself, which pytest takes back between fixture and test.
    monkeypatch.setattr("allaprima.cli.progress.sys", SimpleNamespace(stderr=screen, modules=sys.modules))
    return screen


def test_nothing_is_shown_where_nobody_watches(capsys):
    with progress(range(5), "painting") as bar:
        assert list(bar) == list(range(5))
    with late_progress("painting") as tell:
        tell(1, 2)
    assert capsys.readouterr().err == ""


def test_items_pass_through_and_are_described(terminal):
    with progress("abc", "measuring", show=lambda item: f"now {item}") as bar:
        assert list(bar) == ["a", "b", "c"]
    shown = terminal.getvalue()
    assert "measuring:   0%" in shown
    assert "3/3" in shown
    assert "now c" in shown


def test_a_training_that_goes_on_shows_where_it_is(terminal):
    with progress(None, "training", 180, done=60) as bar:
        bar.update(1)
    assert "60/180" in terminal.getvalue()
    assert "61/180" in terminal.getvalue()


@pytest.mark.parametrize("when", ["before", "while"])
def test_an_end_that_becomes_known_later(terminal, when):
    bar = Bar(None, "painting")
    if when == "before":
        bar.expect(10)
    with bar:
        bar.expect(10)
        bar.update(5)
    assert " 50%" in terminal.getvalue()
    assert "5/10" in terminal.getvalue()


def test_parts_of_a_picture_are_percents(terminal):
    with late_progress("painting") as tell:
        for done in (0, 109_000_000, 218_000_000):
            tell(done, 218_000_000)
    assert " 50%" in terminal.getvalue()
    assert "109000000" not in terminal.getvalue()


def test_a_line_is_said_above_the_bar(terminal):
    with Bar(None, "painting", 10) as bar:
        bar.update(5)
        say("allaprima: a.png: no")
    lines = terminal.getvalue().splitlines()
    assert any(line.strip() == "allaprima: a.png: no" for line in lines)


def test_hidden_and_single_steps_show_nothing(terminal):
    with Bar([1, 2], "painting", 2, hidden=True) as bar:
        assert list(bar) == [1, 2]
    with progress([1], "painting") as bar:
        assert list(bar) == [1]
    assert terminal.getvalue() == ""
