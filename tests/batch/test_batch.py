"""Many pictures: found without a list of them, painted by several workers, resumed, watched, reported."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from allaprima.batch.plan import Job, Plan, pictures_below
from allaprima.batch.workers import is_done, paint_all, watch
from allaprima.cli import app
from allaprima.errors import OutputError, PictureError
from allaprima.files import write_bytes
from support import checkered


def touch(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_searching_is_lazy_and_follows_no_circle(tmp_path):
    folder = tmp_path / "in"
    for name in ("a.jpg", "deep/b.PNG", ".hidden.jpg", ".git/c.jpg", "notes.txt", "out/d.jpg"):
        touch(folder / name)
    (folder / "circle").symlink_to(folder)
    (folder / "itself.jpg").symlink_to(folder / "itself.jpg")
    (folder / "nothing.jpg").symlink_to(folder / "gone.jpg")
    os.mkfifo(folder / "pipe.jpg")
    found = {path.relative_to(folder).as_posix() for path in pictures_below(folder, leave_out=folder / "out")}
    assert found == {"a.jpg", "deep/b.PNG"}
    assert next(pictures_below(folder, leave_out=folder / "out"))


def test_jobs_are_taken_only_a_few_ahead():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Job(Path("a.png"), Path("b.png"))

    outcomes = paint_all(endless(), lambda _: b"", lambda _: refuse(), workers=3)
    assert [outcome.status for outcome in islice(outcomes, 10)] == ["failed"] * 10
    outcomes.close()
    assert taken < 10 + 3 * 3


def refuse():
    raise PictureError("no")


def test_workers_paint_all_of_them(tmp_path):
    jobs = [Job(tmp_path / f"{n}.png", tmp_path / "out" / f"{n}.png") for n in range(20)]
    outcomes = list(paint_all(jobs, lambda job: job.source.name.encode(), lambda _: None, workers=4))
    assert {outcome.job for outcome in outcomes} == set(jobs)
    assert all(job.target.read_bytes() == job.source.name.encode() for job in jobs)


def test_results_never_replace_pictures_of_a_folder(tmp_path):
    for name in ("one/a.png", "two/a.png"):
        touch(tmp_path / name)
    one, two = tmp_path / "one", tmp_path / "two"
    plan = Plan((one, two), two, "x")
    for job in plan.jobs():
        with pytest.raises(PictureError, match="would"):
            plan.check(job, overwrite=True)
    rivals = Plan((one, two), tmp_path / "out", "x")
    first, second = rivals.jobs()
    rivals.check(first, overwrite=False)
    with pytest.raises(PictureError, match="both be written"):
        rivals.check(second, overwrite=True)


def test_what_is_done(tmp_path):
    job = Job(touch(tmp_path / "a.png"), tmp_path / "b.png")
    assert not is_done(job)
    touch(job.target)
    assert is_done(job)
    os.utime(job.target, (1, 1))
    assert not is_done(job)
    assert not is_done(Job(job.source, job.source))


def test_watching_takes_what_has_settled_once(tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "out" / "a.png"
    events = iter(
        [
            lambda: touch(source, b"half"),
            lambda: touch(source, b"all of it"),
            lambda: None,
            lambda: None,  # failed and unchanged: not again
            lambda: touch(source, b"mended, longer"),
        ]
    )
    jobs = watch(lambda: [Job(source, target)] if source.exists() else [], 0, lambda _: next(events, lambda: None)())
    assert next(jobs).source.read_bytes() == b"all of it"
    assert next(jobs).source.read_bytes() == b"mended, longer"


def test_resume_skips_and_the_report_tells(tmp_path):
    for name in ("a", "b"):
        Image.fromarray(checkered(32, 32)).save(tmp_path / f"{name}.png")
    touch(tmp_path / "bad.png")
    words = ["stylize", str(tmp_path), "-s", "great_wave", "-o", str(tmp_path / "out"), "--resume"]
    report = tmp_path / "report.json"
    counts = []
    for _ in range(2):
        result = CliRunner().invoke(app, [*words, "--report", str(report)])
        assert result.exit_code == 1, result.stderr
        told = json.loads(report.read_text())
        counts.append((told["painted"], told["skipped"], told["failed"]))
        assert "known format" in next(row["reason"] for row in told["pictures"] if row["status"] == "failed")
    assert counts == [(2, 0, 1), (0, 2, 1)]
    assert not list(tmp_path.glob("*.part"))


def test_a_watched_folder_until_interrupted(tmp_path):
    (tmp_path / "in").mkdir()
    words = ["stylize", "in", "-s", "great_wave", "-o", "out", "--watch"]
    with subprocess.Popen([sys.executable, "-m", "allaprima", *words], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        Image.fromarray(checkered(32, 32)).save(tmp_path / "in" / "a.png")
        for _ in range(600):
            if (tmp_path / "out" / "a.png").exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    with Image.open(tmp_path / "out" / "a.png") as image:
        image.load()


def test_killed_at_any_time_there_are_whole_files_or_none(tmp_path):
    photographs = {}
    (tmp_path / "in").mkdir()
    for number in range(60):
        path = tmp_path / "in" / f"{number}.png"
        Image.fromarray(checkered(200, 150, number)).save(path)
        photographs[path] = path.read_bytes()
    words = ["stylize", "in", "-s", "great_wave", "-o", "out", "--threads", "2", "--overwrite"]
    moments = random.Random(0)
    for _ in range(4):
        before = written(tmp_path / "out")
        command = [sys.executable, "-m", "allaprima", *words]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
            for _ in range(600):
                if written(tmp_path / "out") != before or process.poll() is not None:
                    break
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 0.3))
            process.kill()
        for path in (tmp_path / "out").iterdir():
            with Image.open(path) as image:
                assert image.size == (200, 150)
                image.load()
    assert len(written(tmp_path / "out")) >= 4
    assert all(path.read_bytes() == data for path, data in photographs.items())


def written(folder):
    """The results there are, as often as each has been replaced."""
    return {(path.name, path.stat().st_ino) for path in folder.glob("*.png")}


@pytest.mark.parametrize("nameless", [True, False], ids=["nameless", "named"])
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch, nameless):
    target = tmp_path / "a.png"
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_bytes(b"first", target)
    assert target.read_bytes() == b"first"
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_bytes(b"second", target)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert target.read_bytes() == b"first"
