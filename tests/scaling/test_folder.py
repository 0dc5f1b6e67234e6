"""A folder painted by processes: the same results as by one, whatever happens to them."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import signal
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from allaprima.batch.many import stylize_files
from allaprima.cli import app
from allaprima.cli.faults import guarded
from allaprima.errors import EngineError, OptionError, OutputError, PictureError
from allaprima.scale import helper, worker
from allaprima.scale.folder import FolderJob
from allaprima.scale.here import Here
from allaprima.scale.plan import rows
from allaprima.scale.rows import Done, Row
from scaling.jobs import files, make_folder, painted
from support import touch


def fates(job):
    with job.run() as run:
        return [(fate.status, fate.done.row.source, fate.reason) for fate in run]


def test_results_are_those_of_one_process(tmp_path):
    folder = make_folder(tmp_path / "in")
    expected = painted(folder, tmp_path / "one")
    for index in range(2):
        fates(FolderJob(folder, tmp_path / "two", "udnie", shard=f"{index}/2", threads=1))
    assert files(tmp_path / "two") == expected
    finished = FolderJob(folder, tmp_path / "two", "udnie", on="dask:tcp://127.0.0.1:9")  # which nobody has to answer
    assert {status for status, *_ in fates(finished)} == {"skipped"}
    assert files(tmp_path / "two") == expected


def test_killed_processes_change_nothing(tmp_path):
    """Twenty children are killed at random moments; what they were about is done by others, once."""
    folder = make_folder(tmp_path / "in", 40)
    expected = painted(folder, tmp_path / "one")
    job = FolderJob(folder, tmp_path / "two", "udnie", threads=2)
    chance, ended = random.Random(0), threading.Event()

    def kill_some(engine):
        killed = 0
        while killed < 20 and not ended.wait(chance.uniform(0.05, 0.3)):
            for child in list(engine._helpers._all)[:1]:
                child.kill()
                killed += 1

    with job.run() as run:
        coming = iter(run)
        told = [next(coming).done.row.source]
        killer = threading.Thread(target=kill_some, args=(run._engine,))
        killer.start()
        try:
            told += [fate.done.row.source for fate in coming]
        finally:
            ended.set()
            killer.join()
    assert sorted(told) == sorted(expected)
    fates(job)  # what was killed three times in a row
    assert files(tmp_path / "two") == expected


def test_any_engine_may_hand_out_the_rows(tmp_path):
    folder = make_folder(tmp_path / "in", 4)
    job = FolderJob(folder, tmp_path / "two", "udnie")
    plan = [*job.rows(), Row("closed", "closed", refusal="no")]
    parts = [plan[:2], plan[1:]]  # one is handed out twice
    statuses = [done.status for part in parts for done in worker.paint_all(job.order, part)]
    worker._HELPERS.close()
    assert statuses == ["painted", "painted", "skipped", "painted", "painted", "failed"]
    assert files(tmp_path / "two") == painted(folder, tmp_path / "one")


def test_results_of_another_look_are_left_or_painted_again(tmp_path):
    folder = make_folder(tmp_path / "in", 2)
    target = tmp_path / "out"
    before = painted(folder, target, "irises")
    left = fates(FolderJob(folder, target, "udnie", threads=1))
    assert [(status, reason.split()[-1]) for status, _, reason in left] == [("failed", "exists")] * 2
    assert files(target) == before
    assert {status for status, *_ in fates(FolderJob(folder, target, "udnie", threads=1, resume=True))} == {"painted"}
    assert files(target) == painted(folder, tmp_path / "other")


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        ({}, ["skipped", "failed", "painted"]),
        ({"resume": True}, ["skipped", "painted", "painted"]),
        ({"resume": True, "overwrite": True}, ["skipped", "painted", "painted"]),
        ({"overwrite": True}, ["painted", "painted", "painted"]),
    ],
)
def test_what_is_there_is_skipped_or_replaced_as_without_an_engine(tmp_path, options, statuses):
    """The first result is done, the second is of another look, the third is not there."""
    folder = make_folder(tmp_path / "in", 3)
    first, second, _ = sorted(path.relative_to(folder) for path in folder.rglob("*.png"))
    painted(folder, tmp_path / "udnie")
    painted(folder, tmp_path / "wave", "great_wave")
    for by in ("plain", "job"):
        for name, look in ((first, "udnie"), (second, "wave")):
            (tmp_path / by / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / look / name, tmp_path / by / name)
    plain = {
        outcome.job.source: outcome.status
        for outcome in stylize_files(folder, tmp_path / "plain", "udnie", workers=1, **options)
    }
    job = FolderJob(folder, tmp_path / "job", "udnie", threads=1, **options)
    assert [status for status, *_ in sorted(fates(job), key=lambda fate: fate[1])] == statuses
    if options:  # otherwise the plain way refuses what is there
        assert [status for _, status in sorted(plain.items())] == statuses
    assert files(tmp_path / "plain") == files(tmp_path / "job")


def test_a_picture_that_takes_too_long_is_given_up(tmp_path):
    folder = make_folder(tmp_path / "in", 1, (2000, 1500))
    job = FolderJob(folder, tmp_path / "out", "udnie", threads=1, time_limit=0.02)
    assert fates(job) == [("failed", "d0/p0000.png", "it took more than 0.02 seconds")]
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_became_of_a_broken_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_folder(tmp_path / "in", 3)
    touch(folder / "broken.jpg")
    words = ["stylize", "in", "-s", "udnie", "-o", "out", "--shard", "0/1", "--report", "r.jsonl"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    broken = folder / "broken.jpg"
    assert result.stderr.splitlines() == [
        f"allaprima: {broken}: it is not a picture of a known format",
        f"painted 3 pictures into {tmp_path}/out/",
    ]
    told = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert sorted(row["status"] for row in told) == ["failed", "painted", "painted", "painted"]
    good = next(row for row in told if row["status"] == "painted")
    assert good["read"] == Path(good["source"]).stat().st_size
    assert good["written"] == Path(good["target"]).stat().st_size


def test_default_places_are_those_of_the_plain_command(tmp_path):
    make_folder(tmp_path / "in", 1)
    assert FolderJob(tmp_path / "in", style="udnie").target == str(tmp_path / "in_udnie")
    assert FolderJob(f"file://{tmp_path}/in", f"file://{tmp_path}/o%20ut", "udnie").target == str(tmp_path / "o ut")


def test_names_of_results_are_those_of_the_plain_command(tmp_path):
    for name in ("a.png", "a.tga", "b.heic", "c.jpg"):
        touch(tmp_path / "in" / name)
    all_rows = list(rows(str(tmp_path / "in"), str(tmp_path / "out"), None))
    assert {row.source: row.result for row in all_rows} == {
        "a.png": "a.png", "a.tga": "a.tga.png", "b.heic": "b.png", "c.jpg": "c.jpg",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"on": "spark"}, OptionError, 'there is no engine "spark"'),
        ({"on": "dask:"}, OptionError, "there is no engine"),
        ({"on": "ray:auto", "threads": 3}, OptionError, "leave out threads"),
        ({"target": "in/.."}, OutputError, "among the photographs"),
        ({"target": "in"}, OutputError, "among the photographs"),
        ({"source": "nothing"}, PictureError, "there is no folder nothing"),
        ({"source": "https://example.org/"}, PictureError, "download it first"),
        ({"target": "nonsense://x"}, (PictureError, EngineError), "nonsense|fsspec"),
        ({"style": "unknown"}, OptionError, "unknown"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(tmp_path, monkeypatch, options, error, words):
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "in", 1)
    with pytest.raises(error, match=words):
        FolderJob(**{"source": "in", "target": "out", "style": "udnie", **options})
    assert not Path("out").exists()


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(PictureError, match="holds no pictures"):
        FolderJob(tmp_path, tmp_path / "out", "udnie")


@pytest.mark.parametrize(
    "words",
    [
        ["in", "in2", "--shard", "0/2"],
        ["in", "--watch", "--on", "dask"],
        ["-", "--shard", "0/2"],
        ["in", "-o", "-", "--time-limit", "3"],
    ],
)
def test_the_command_refuses_what_does_not_go_together(words, capsys):
    assert guarded(lambda: app.main(["stylize", *words, "-s", "udnie"], standalone_mode=False)) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "--time-limit" in said[0]


class Mortal:
    """A child that ends with a picture called bad."""

    def __init__(self, order):
        self.order = order

    def standings(self, rows):
        return ["missing"] * len(rows)

    def paint(self, row, stands):
        if row.source == "bad":
            raise helper.HelperEndedError("signal 11", late=False)
        return Done(row, "painted")

    def close(self):
        pass


def test_a_picture_that_ends_its_process_is_one_failure(monkeypatch):
    monkeypatch.setattr(worker, "Helper", Mortal)
    done = worker.Helpers().paint_rows(None, [Row(name, name) for name in ("a", "bad", "b")])
    assert [(one.status, one.reason) for one in done] == [
        ("painted", ""), ("failed", "the process that painted it ended 3 times (signal 11)"), ("painted", ""),
    ]  # fmt: skip


def test_rows_that_were_not_begun_in_time_are_given_back(monkeypatch):
    monkeypatch.setattr(worker, "Helper", Mortal)
    monkeypatch.setattr(worker, "TURN", -1)
    assert len(worker.Helpers().paint_rows(None, [Row(name, name) for name in "abc"])) == 1


def test_another_model_is_refused(tmp_path):
    from dataclasses import replace

    folder = make_folder(tmp_path / "in", 1)
    order = replace(FolderJob(folder, tmp_path / "out", "udnie").order, look="0" * 16)
    here = Here(1)
    with pytest.raises(EngineError, match="another model"):
        here.paint_rows(order, [])
    here.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_child_ends_with_its_parent(tmp_path):
    """The child sees the end of its stdin, in the middle of whatever it does."""
    folder = make_folder(tmp_path / "in", 1)
    child = helper.Helper(FolderJob(folder, tmp_path / "out", "udnie").order)
    child._process.stdin.close()
    assert child._process.wait(20) == 0
    child.close()


def test_a_hundred_thousand_names_take_little_memory(tmp_path, monkeypatch):
    """A twentieth of what a million may take; measured beside what Python and its packages take."""
    import tracemalloc

    from allaprima.scale import stores

    names = [f"IMG_{number:08}.JPG" for number in range(100_000)]
    monkeypatch.setattr(stores, "names_below", lambda *_: iter([(tmp_path, names)]))
    tracemalloc.start()
    try:
        count = sum(1 for _ in rows(str(tmp_path), str(tmp_path / "out"), ".png"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == len(names)
    assert peak < 40e6


def test_a_child_that_does_not_start_is_no_pictures_fault(monkeypatch):
    starts = []

    def start(order):
        starts.append(order)
        if len(starts) in (1, 3, 4, 5):
            raise helper.HelperEndedError("signal 9", late=False)
        return Mortal(order)

    monkeypatch.setattr(worker, "Helper", start)
    assert [one.status for one in worker.Helpers().paint_rows(None, [Row("a", "a")])] == ["painted"]
    with pytest.raises(helper.NoHelperError, match=r"does not start \(signal 9\)"):
        worker.Helpers().paint_rows(None, [Row("a", "a")])


def test_what_a_worker_raises_survives_the_way_back():
    error = pickle.loads(pickle.dumps(helper.HelperEndedError("signal 9", late=True)))
    assert (error.how, error.late) == ("signal 9", True)
    assert pickle.loads(pickle.dumps(EngineError("no", options=("model",)))).options == ("model",)
