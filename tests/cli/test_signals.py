"""Ctrl-C, SIGTERM and kills at any moment of the command, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from support import checkered

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

BEGIN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, {sigint})  # whatever this test was started with
from allaprima.cli import main
{change}
main()
"""
SLOW = """
from allaprima.file_painter import FilePainter
quick = FilePainter.paint
FilePainter.paint = lambda *args: (time.sleep(0.03), quick(*args))[1]
"""
STUCK = "FilePainter = __import__('allaprima.file_painter', fromlist=['']).FilePainter\n" + (
    "FilePainter.paint = lambda *args: (print('working', flush=True), time.sleep(60))\n"
)


@contextmanager
def started(folder, *words: str, change: str = "", sigint: str = "signal.default_int_handler") -> Iterator:
    """The command at work; it is ended with the block, however that ends."""
    program = BEGIN.format(change=change, sigint=sigint)
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", program, *words], cwd=folder, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process) -> tuple[int, list[str]]:
    """Exit code and what was said."""
    _, said = process.communicate(timeout=30)
    return process.returncode, [line for line in said.decode().splitlines() if line.strip()]


def wait_for(true, seconds: float = 30) -> None:
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


@pytest.fixture
def folder(tmp_path):
    """Sixty photographs in ``in``."""
    (tmp_path / "in").mkdir()
    for number in range(60):
        Image.fromarray(checkered(48, 32, number)).save(tmp_path / "in" / f"{number}.png")
    return tmp_path


def results(folder) -> list[str]:
    return sorted(path.name for path in (folder / "out").glob("*")) if (folder / "out").exists() else []


WORDS = ("stylize", "in", "-s", "udnie", "-o", "out", "--threads", "4", "--report", "r.json")


@pytest.mark.parametrize(
    ("name", "times", "code", "sentence"),
    [("SIGINT", 1, 130, "interrupted"), ("SIGINT", 3, 130, "interrupted"), ("SIGTERM", 1, 143, "terminated")],
)
def test_what_was_painted_is_kept_and_reported(folder, name, times, code, sentence):
    with started(folder, *WORDS, change=SLOW) as process:
        wait_for(lambda: len(results(folder)) >= 5)
        for _ in range(times):
            process.send_signal(getattr(signal, name))
            time.sleep(0.01)
        assert ended(process) == (code, [f"allaprima: {sentence}"])
    told = json.loads((folder / "r.json").read_text())
    painted = sorted(Path(row["target"]).name for row in told["pictures"] if row["status"] == "painted")
    assert painted == results(folder)
    assert 5 <= len(painted) == told["painted"] < 60
    for result in (folder / "out").iterdir():
        with Image.open(result) as image:
            image.load()


def test_a_picture_that_takes_long_is_left_at_once(folder):
    with started(folder, "stylize", "in/1.png", "-s", "udnie", change=STUCK) as process:
        assert process.stdout.readline() == b"working\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, ["allaprima: interrupted"])
        assert time.monotonic() - began < 5
    assert not list((folder / "in").glob("*udnie*"))


@pytest.mark.parametrize("module", ["allaprima.cli.verbs", "numpy", "onnxruntime"])
def test_while_it_is_loading(folder, module):
    """The signal comes in the middle of an import, which is no place for an exception."""
    change = f"""
import importlib.abc
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
    with started(folder, "stylize", "in/1.png", "-s", "udnie", change=change) as process:
        assert ended(process) == (130, ["allaprima: interrupted"])


def test_a_watched_folder_until_terminated_where_ctrl_c_is_ignored(tmp_path):
    """As in the background of a script: SIGINT is nothing, SIGTERM ends it."""
    (tmp_path / "in").mkdir()
    words = ("stylize", "in", "-s", "udnie", "-o", "out", "--watch", "--report", "r.json", "--threads", "3")
    with started(tmp_path, *words, sigint="signal.SIG_IGN") as process:
        assert process.stderr.readline() == b"watching in/; Ctrl-C ends it\n"
        (tmp_path / "in" / "bad.png").write_bytes(b"nothing")
        Image.fromarray(checkered(32, 32)).save(tmp_path / "in" / "a.png")
        lines = sorted(process.stderr.readline().decode() for _ in range(2))  # while it goes on
        assert lines == ["allaprima: in/bad.png: it is not a picture of a known format\n", "wrote out/a.png\n"]
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (143, ["allaprima: terminated"])
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["painted"], told["failed"]) == (1, 1)


def test_killed_at_any_time_there_are_whole_files_or_none(folder):
    photographs = {path: path.read_bytes() for path in (folder / "in").iterdir()}
    for _ in range(3):
        before = {path.stat().st_ino for path in (folder / "out").glob("*")}
        with started(folder, *WORDS[:-2], "--overwrite") as process:
            wait_for(lambda before=before: {path.stat().st_ino for path in (folder / "out").glob("*.png")} - before)
            process.kill()
        for name in results(folder):
            with Image.open(folder / "out" / name) as image:
                assert image.size == (48, 32)
                image.load()
    assert all(path.read_bytes() == data for path, data in photographs.items())


def test_two_runs_on_one_folder_paint_each_picture_once(folder):
    words = ("stylize", "in", "-s", "udnie", "-o", "out", "--resume", "--threads", "2", "--report")
    with started(folder, *words, "1.json") as one, started(folder, *words, "2.json") as two:
        assert {ended(one)[0], ended(two)[0]} == {0}
    reports = [json.loads((folder / name).read_text()) for name in ("1.json", "2.json")]
    assert sum(told["painted"] for told in reports) == 60
    assert sum(told["skipped"] for told in reports) == 60
    assert len(results(folder)) == 60
