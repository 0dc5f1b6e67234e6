"""Many files from Python."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

import allaprima
from allaprima import OptionError, Outcome, OutputError, PictureError, StyleError, Stylizer
from support import checkered

STYLE = "udnie"


@pytest.fixture
def holiday(tmp_path):
    """Five pictures in a tree, and a broken one."""
    folder = tmp_path / "holiday"
    for number, name in enumerate(("a.jpg", "b.png", "deep/c.png", "deep/er/d.webp", "e.png")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(checkered(40, 32, number)).save(path)
    (folder / "bad.jpg").write_bytes(b"nothing")
    return folder


def by_status(outcomes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for outcome in outcomes:
        assert isinstance(outcome, Outcome)
        found.setdefault(outcome.status, set()).add(outcome.job.source.name)
    return found


GOOD = {"a.jpg", "b.png", "c.png", "d.webp", "e.png"}


@pytest.mark.parametrize("workers", [1, 3, None])
def test_a_folder_keeps_its_tree_and_one_failure_stops_nothing(holiday, tmp_path, workers):
    outcomes = list(allaprima.stylize_files(holiday, tmp_path / "out", STYLE, stroke=32, workers=workers))
    assert by_status(outcomes) == {"painted": GOOD, "failed": {"bad.jpg"}}
    (failed,) = (outcome for outcome in outcomes if outcome.status == "failed")
    assert "not a picture" in failed.reason
    painted = np.asarray(Image.open(tmp_path / "out" / "deep" / "c.png"))
    assert np.array_equal(painted, np.asarray(allaprima.stylize(holiday / "deep" / "c.png", STYLE, stroke=32)))


def test_resume_skips_what_was_painted_like_this(holiday, tmp_path):
    def again(**options) -> dict[str, set[str]]:
        return by_status(allaprima.stylize_files([holiday], tmp_path / "out", **{"style": STYLE, **options}))

    assert again() == {"painted": GOOD, "failed": {"bad.jpg"}}
    assert again() == {"failed": GOOD | {"bad.jpg"}}  # nothing is replaced unasked
    assert again(resume=True) == {"skipped": GOOD, "failed": {"bad.jpg"}}
    assert again(resume=True, style="cossacks") == {"painted": GOOD, "failed": {"bad.jpg"}}
    assert again(overwrite=True) == {"painted": GOOD, "failed": {"bad.jpg"}}


def test_files_get_their_style_in_their_names(holiday):
    sources = [holiday / "a.jpg", str(holiday / "b.png")]
    outcomes = list(allaprima.stylize_files(sources, style=STYLE, format="png", stylizer=Stylizer("fast", threads=1)))
    assert {outcome.job.target.name for outcome in outcomes} == {"a_udnie.png", "b_udnie.png"}
    assert all(outcome.job.target.exists() and outcome.seconds > 0 for outcome in outcomes)


def test_ending_early_ends_the_work(holiday, tmp_path):
    before = threading.active_count()
    outcomes = allaprima.stylize_files(
        [holiday / name for name in ("b.png", "e.png")], tmp_path / "out", STYLE, workers=1
    )
    assert next(outcomes).status == "painted"
    outcomes.close()
    for thread in threading.enumerate():
        if thread.name.startswith("painter"):
            thread.join(10)
    assert threading.active_count() <= before
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"style": "udnei"}, StyleError, "did you mean udnie"),
        ({"quality": 101}, OptionError, "quality must be"),
        ({"workers": 0}, OptionError, "threads must be|workers must be"),
        ({"feather": 3}, OptionError, "needs a mask"),
        ({"format": "doc"}, OutputError, "not written as"),
        ({"sources": "https://example.com/a.jpg"}, PictureError, "is a URL"),
        ({"sources": ""}, PictureError, "is empty"),
        ({"sources": 3}, TypeError, "not by int"),
        ({"sources": [b"data"]}, TypeError, "not by bytes"),
        ({"colour": "photo"}, TypeError, "colour"),
    ],
)
def test_mistakes_are_found_before_any_work(holiday, tmp_path, arguments, error, words):
    with pytest.raises(error, match=words):
        allaprima.stylize_files(**{"sources": holiday, "output": tmp_path / "out", "style": STYLE, **arguments})
    assert not (tmp_path / "out").exists()


def test_an_empty_folder(tmp_path):
    with pytest.raises(PictureError, match="holds no pictures"):
        allaprima.stylize_files(tmp_path, style=STYLE)
