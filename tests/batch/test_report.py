"""What became of each picture, as JSON."""

from __future__ import annotations

import json
import sys

import pytest

from allaprima.batch.plan import Job
from allaprima.batch.report import Report, check_report
from allaprima.batch.workers import Outcome
from allaprima.errors import EngineError, ExistsError, OutputError, PictureError
from support import touch


def outcomes(folder):
    job = Job(folder / 'a "quoted" \udcff name.png', folder / "b.png")
    return [Outcome(job, "painted", None, 1.23456), Outcome(job, "failed", PictureError("no")), Outcome(job, "skipped")]


def test_a_row_for_each_and_what_they_come_to(tmp_path):
    path = tmp_path / "report.json"
    with Report(path) as report:
        for outcome in outcomes(tmp_path):
            report.add(outcome)
        assert not path.exists()
    told = json.loads(path.read_text())
    assert [(row["status"], row["reason"], row["seconds"]) for row in told["pictures"]] == [
        ("painted", "", 1.235), ("failed", "no", 0), ("skipped", "it is done", 0),
    ]  # fmt: skip
    assert (told["painted"], told["failed"], told["skipped"]) == (1, 1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_run_it_is_written(tmp_path, error):
    with pytest.raises(error), Report(tmp_path / "report.json") as report:  # noqa: PT012 - the report ends with it
        report.add(outcomes(tmp_path)[0])
        raise error
    assert json.loads((tmp_path / "report.json").read_text())["painted"] == 1


def test_without_a_path_it_counts(tmp_path):
    with Report(None) as report:
        report.add(outcomes(tmp_path)[0])
    assert report.counts["painted"] == 1
    assert not list(tmp_path.iterdir())


def test_it_replaces_nothing_of_the_users(tmp_path):
    photo, earlier = touch(tmp_path / "photo"), touch(tmp_path / "r.json")
    for overwrite in (False, True):
        for path in (tmp_path, photo, tmp_path / "new.jpg", tmp_path / "new.PNG"):
            with pytest.raises(OutputError, match="report"):
                check_report(path, [photo], overwrite=overwrite)
    with pytest.raises(ExistsError):
        check_report(earlier, [photo], overwrite=False)
    check_report(earlier, [photo], overwrite=True)
    check_report(tmp_path / "new.json", [photo], overwrite=False)
    with pytest.raises(ExistsError), Report(earlier):  # what came after the check
        pass
    assert earlier.read_bytes() == b"x"


def test_lines_of_several_runs_make_one(tmp_path):
    for number in range(2):
        with Report(tmp_path / f"{number}.jsonl") as report:
            for outcome in outcomes(tmp_path):
                report.add(outcome)
    lines = "".join((tmp_path / f"{number}.jsonl").read_text() for number in range(2)).splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["painted", "failed", "skipped"] * 2


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_a_run_of_nothing_has_a_report(tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    with Report(tmp_path / f"r.{suffix}"):
        pass
    text = (tmp_path / f"r.{suffix}").read_bytes()
    assert suffix != "json" or json.loads(text) == {"pictures": [], "painted": 0, "skipped": 0, "failed": 0}


def test_parquet_has_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    with Report(tmp_path / "r.parquet") as report:
        for outcome in outcomes(tmp_path):
            report.add(outcome)
    rows = parquet.read_table(tmp_path / "r.parquet").to_pylist()
    assert [(row["status"], row["reason"], row["seconds"]) for row in rows] == [
        ("painted", "", 1.235), ("failed", "no", 0), ("skipped", "it is done", 0),
    ]  # fmt: skip
    assert rows[0]["source"].endswith(r'a "quoted" \udcff name.png')


def test_parquet_without_its_package_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(EngineError, match="needs the package pyarrow: pip install pyarrow"):
        check_report(tmp_path / "r.parquet", (), overwrite=False)
