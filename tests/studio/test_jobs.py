"""What the API paints for later, and in numbers: jobs, and zips in and out."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.stylizer import Stylizer
from studios import STYLIZE, pixels, png, problem, wait_until_ready

archive = pytest.importorskip("allaprima.studio.archive", reason="the extra studio is not installed")
from allaprima.studio.problems import ProblemError  # noqa: E402

ASYNC = {"Prefer": "respond-async"}


def begin(client, picture: bytes, **parameters) -> str:
    answer = client.post(STYLIZE, params={"style": "irises"} | parameters, content=picture, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "running"
    return answer.headers["location"]


def test_a_job_is_fetched_when_it_is_done(client):
    place = begin(client, png())
    with client.stream("GET", f"{place}/events") as stream:
        lines = [line for line in stream.iter_lines() if line.startswith("event")]
    assert lines[-1] == "event: done"
    assert client.get(place).json()["state"] == "done"
    result = client.get(f"{place}/result")
    assert np.abs(pixels(result.content) - pixels(Stylizer().stylize(png(), "irises"))).max() <= 1
    assert client.delete(place).status_code == 204
    assert problem(client.get(place), 404)


def test_a_job_that_fails_says_why(client):
    place = begin(client, png()[:-80])
    with client.stream("GET", f"{place}/events") as stream:
        states = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data")]
    assert states[-1]["problem"]["status"] == 422
    assert "cannot be read" in problem(client.get(f"{place}/result"), 422)


def test_a_job_that_is_cancelled_makes_way(server):
    client, _ = server("--workers", "1", "--queue", "1")
    wait_until_ready(client)
    slow = begin(client, png(2600, 2000), stroke="own")
    assert "running" in problem(client.get(f"{slow}/result"), 409)
    waiting = begin(client, png())
    assert problem(client.post(STYLIZE, params={"style": "irises"}, content=png(), headers=ASYNC), 429)
    assert client.delete(slow).status_code == 204
    with client.stream("GET", f"{waiting}/events") as stream:
        assert "event: done" in list(stream.iter_lines())


def test_results_make_way_and_are_forgotten(tmp_path):
    jobs_module = pytest.importorskip("allaprima.studio.jobs")
    from allaprima.studio.pool import Painted
    from allaprima.studio.tasks import Produced

    async def scenario(monkeypatch):
        monkeypatch.setattr(jobs_module, "MOST_BYTES", {False: 10, True: 10})
        jobs = jobs_module.Jobs()

        async def result(of):
            return of

        def file(name: str, size: int) -> Produced:
            path = tmp_path / name / "painting.mp4"
            path.parent.mkdir()
            path.write_bytes(bytes(size))
            return Produced(path, size)

        first = jobs.begin(result(file("first", 6)))
        await first.work
        memory = jobs.begin(result(Painted(bytes(6), "PNG", 0.0, 0.0)))
        await memory.work
        await asyncio.sleep(0)
        assert jobs.find(first.name) is first, "what lies on the disk takes no memory"
        second = jobs.begin(result(file("second", 6)))
        await second.work
        await asyncio.sleep(0)
        with pytest.raises(ProblemError, match="no longer kept"):
            jobs.find(first.name)
        assert not (tmp_path / "first").exists()
        assert jobs.find(second.name).result.path.exists()
        second.ended -= second.result.kept
        with pytest.raises(ProblemError, match="no longer kept"):
            jobs.find(second.name)
        assert not (tmp_path / "second").exists()
        assert jobs.find(memory.name).state == "done"

    with pytest.MonkeyPatch.context() as monkeypatch:
        asyncio.run(scenario(monkeypatch))


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return buffer.getvalue()


def test_a_zip_of_pictures_becomes_a_zip_of_paintings(client):
    files = {"a/one.png": png(), "../../b.png": png(70), "words.txt": b"words", "a/one.webp": png(50)}
    answer = client.post("api/v1/batch", params={"style": "udnie", "format": "png"}, content=zipped(files))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as result:
        assert result.testzip() is None
        assert result.namelist() == ["a/one.png", "b.png", "a/one-2.png", "report.json"]
        wanted = pixels(Stylizer().stylize(png(70), "udnie"))
        assert np.abs(pixels(result.read("b.png")) - wanted).max() <= 1
        report = json.loads(result.read("report.json"))
    assert [row["picture"] for row in report] == list(files)
    assert [row["problem"]["status"] for row in report if "problem" in row] == [415]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"no zip", 415, "not a zip"),
        (zipped({}), 422, "0 files"),
        (zipped({f"{number}": b"" for number in range(1001)}), 422, "1001 files"),
    ],
    ids=["no zip", "empty", "too many"],
)
def test_zips_that_are_refused(client, data, status, words):
    assert words in problem(client.post("api/v1/batch", params={"style": "udnie"}, content=data), status)


def test_a_zip_that_unpacks_to_far_more_costs_one_picture(client):
    data = zipped({"bomb.png": bytes(80 * 2**20), "fine.png": png()})
    assert len(data) < 200_000
    answer = client.post("api/v1/batch", params={"style": "udnie"}, content=data)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as result:
        assert result.namelist() == ["fine.png", "report.json"]
        assert json.loads(result.read("report.json"))[0]["problem"]["status"] == 413


@given(st.text())
def test_names_stay_below_their_folder(name):
    parts = archive.safe(name).split("/")
    assert all(part not in ("", ".", "..") and ":" not in part and "\\" not in part for part in parts)


@given(st.lists(st.sampled_from(["a", "a.png", "b/a.jpg", "a-2.png"])))
def test_names_are_given_once(names):
    taken: set[str] = set()
    found = [archive.unused(name, "png", taken) for name in names]
    assert len(set(found)) == len(found)
