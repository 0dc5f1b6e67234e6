"""Pictures that come into folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import islice

import pytest

from allaprima.batch.plan import Plan
from allaprima.batch.watching import LONGEST_PAUSE, SHARE, Watch
from support import touch


def watched(folder, events: list[Callable[[], object]], notes: list[str] | None = None):
    """The names and contents that a watch takes while one event happens between two looks; then it ends."""
    waiting = iter(events)

    def pause(_: float) -> bool:
        event = next(waiting, None)
        if event is not None:
            event()
        return event is None

    notes = [] if notes is None else notes
    plan = Plan((folder,), folder.parent / "out", "x")
    return [(job.source.name, job.source.read_bytes()) for job in Watch(plan, pause, notes.append).jobs()]


def nothing() -> None:
    """Happens."""


def test_a_picture_is_taken_once_it_stands_still(tmp_path):
    source = tmp_path / "in" / "a.png"
    events = [
        lambda: touch(source, b"half"),
        lambda: touch(source, b"all of it"),
        nothing,
        nothing,
        nothing,  # taken and unchanged: not again
        lambda: touch(source, b"another, longer"),
        nothing,
        nothing,
    ]
    source.parent.mkdir()
    assert watched(source.parent, events) == [("a.png", b"all of it"), ("a.png", b"another, longer")]


def test_what_is_there_is_taken_and_what_comes_into_subfolders(tmp_path):
    touch(tmp_path / "in" / "a.png")
    events = [nothing, lambda: touch(tmp_path / "in" / "deep" / "b.png"), nothing, nothing]
    assert [name for name, _ in watched(tmp_path / "in", events)] == ["a.png", "b.png"]


def test_a_copy_that_keeps_an_old_time_is_a_change(tmp_path):
    source = touch(tmp_path / "in" / "a.png", b"half")
    events = [nothing, lambda: (touch(source, b"whole, of long ago"), os.utime(source, (1, 1))), nothing, nothing]
    assert watched(tmp_path / "in", events) == [("a.png", b"half"), ("a.png", b"whole, of long ago")]


def test_a_folder_that_vanishes_for_a_moment_is_said_once(tmp_path):
    folder, away, notes = tmp_path / "in", tmp_path / "away", []
    touch(folder / "a.png")
    events = [nothing, lambda: shutil.move(folder, away), nothing, nothing, lambda: shutil.move(away, folder)]
    events += [nothing, lambda: touch(folder / "b.png"), nothing, nothing]
    assert [name for name, _ in watched(folder, events, notes)] == ["a.png", "b.png"]
    assert len(notes) == 1
    assert "cannot be searched" in notes[0]


def test_a_picture_that_is_removed_and_comes_back_is_taken_again(tmp_path):
    source = touch(tmp_path / "in" / "a.png", b"one")
    os.utime(source, (1, 1))
    events = [nothing, source.unlink, nothing, lambda: (touch(source, b"two"), os.utime(source, (1, 1))), nothing]
    assert watched(tmp_path / "in", [*events, nothing]) == [("a.png", b"one"), ("a.png", b"two")]


@pytest.mark.parametrize(("took", "pause"), [(0.001, 1.0), (0.1, 5.0), (60.0, LONGEST_PAUSE)])
def test_the_longer_a_look_the_longer_the_pause(tmp_path, monkeypatch, took, pause):
    """And what is painted meanwhile is not looking."""
    touch(tmp_path / "in" / "a.png")
    clock, pauses = iter([0.0, took, 1000.0, 1000.0, 1000.0 + took]), []
    times = {"looks": [0.0, took], "takes": [1000.0, 1000.0, 2000.0, 1000.0 + 1000.0 + took]}
    clock = iter([*times["looks"], *times["takes"]])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    plan = Plan((tmp_path / "in",), tmp_path / "out", "x")
    watch = Watch(plan, lambda seconds: pauses.append(seconds) or len(pauses) == 2, print)
    assert len(list(watch.jobs())) == 1
    assert pauses == pytest.approx([pause, pause])
    assert pytest.approx(0.02) == SHARE


def test_a_look_asks_for_each_picture_once(tmp_path, monkeypatch):
    """Twenty thousand pictures are looked at every few seconds: no names are tried, no results are asked for."""
    for number in range(50):
        touch(tmp_path / "in" / f"{number}.tga")
    asked = []
    plan = Plan((tmp_path / "in",), tmp_path / "out", "x", ".png")
    looks = iter(range(4))
    stat = os.stat

    def counted(path, *args, **kwargs):
        asked.append(path)
        return stat(path, *args, **kwargs)

    watch = Watch(plan, lambda _: next(looks, None) is None, print)
    assert len(list(islice(watch.jobs(), 50))) == 50
    monkeypatch.setattr(os, "stat", counted)  # not that of directory entries
    asked.clear()
    list(watch._look())
    assert len(asked) <= 4
