"""Dask and Ray as engines: the results of one process, also if workers are killed, and nothing left behind."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from allaprima.errors import EngineError
from allaprima.scale.engines import open_engine
from allaprima.scale.folder import FolderJob
from killing import killing, named
from scaling.jobs import files, make_folder, painted
from support import touch

WORKERS = {"dask": "spawn_main|forkserver", "ray": "^ray::paint_rows"}
"""What the command line of an engine's worker has."""

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")


@needs_proc
@pytest.mark.parametrize("on", ["dask", "ray"])
def test_killed_workers_change_nothing(tmp_path, on, capsys):
    if find_spec({"dask": "distributed"}.get(on, on)) is None:  # Ray is not to be loaded before the engine loads it
        pytest.skip(f"the extra {on} is not installed")
    folder = make_folder(tmp_path / "in", 120, (200, 150))
    expected = painted(folder, tmp_path / "one")
    touch(folder / "broken.png")
    job = FolderJob(folder, tmp_path / "two", "udnie", on=on, threads=2)
    with job.run() as run:
        fates = iter(run)
        told = [next(fates)]
        with killing(WORKERS[on], 3, 0.01, 0.1) as killed:
            told += fates
    assert killed
    assert sorted(fate.done.row.source for fate in told) == sorted([*expected, "broken.png"])
    assert [fate.done.row.source for fate in told if fate.status == "failed"] == ["broken.png"]
    assert files(tmp_path / "two") == expected
    assert not named("allaprima.scale.helper")
    assert capsys.readouterr() == ("", "")  # the command's own words are all that is said


@pytest.mark.parametrize(("on", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_without_its_package_an_engine_says_what_to_install(monkeypatch, on, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"allaprima.scale.{on}", raising=False)
    with pytest.raises(EngineError, match=f"^the engine {on} needs the package {package}: pip install {package}$"):
        open_engine(on, 1)


def test_a_cluster_that_does_not_answer_is_said(monkeypatch):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    from allaprima.scale import dask

    monkeypatch.setattr(dask, "_PATIENCE", 0.5)
    with pytest.raises(EngineError, match=r"Dask does not answer at tcp://127\.0\.0\.1:9"):
        open_engine("dask:tcp://127.0.0.1:9", 1)
