"""Clips and trainings over HTTP: jobs in processes of their own, counted, limited and cancelled."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studios import STYLIZE, application, last_event, png, problem
from support import checkered, random_vgg16

pytest.importorskip("allaprima.studio.job_api", reason="the extra studio is not installed")

CLIPS, TRAININGS = "api/v1/clips", "api/v1/trainings"
CLIP = {"style": "irises", "size": 32}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A server that trains as well, with a loss network of random weights, and takes two jobs at a time."""
    torch = pytest.importorskip("safetensors.torch", reason="the extra train is not installed")
    folder = tmp_path_factory.mktemp("training")
    torch.save_file(random_vgg16(), folder / "vgg16.safetensors")
    (folder / "photos").mkdir()
    for number in range(2):
        Image.fromarray(checkered(90, 80, seed=number)).save(folder / "photos" / f"{number}.png")
    vgg16, photos = str(folder / "vgg16.safetensors"), str(folder / "photos")
    with application(workers=1, tasks=2, vgg16=vgg16, photos=photos) as found:
        yield found


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    """Twelve frames with a tone."""
    pytest.importorskip("av", reason="the extra video is not installed")
    from film.clips import gray_frames, make_clip

    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", gray_frames(12), sound=1).read_bytes()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory) -> bytes:
    """More than is painted while a test looks."""
    pytest.importorskip("av", reason="the extra video is not installed")
    from film.clips import gray_frames, make_clip

    return make_clip(
        tmp_path_factory.mktemp("clip") / "long.mkv", gray_frames(6, 320, 240) * 100, options={"preset": "ultrafast"}
    ).read_bytes()


def begin(client, path: str, body: bytes, **parameters) -> str:
    answer = client.post(path, params=parameters, content=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    assert answer.headers["preference-applied"] == "respond-async"
    return answer.headers["location"]


def test_a_clip_is_painted_with_its_sound(client, clip, tmp_path):
    import av

    place = begin(client, CLIPS, clip, **CLIP, timeline="0 irises, 0.2 udnie", end="0.4")
    told = last_event(client, place)
    assert told["state"] == "done", told
    assert told["progress"] == {"done": 10, "of": 10}
    result = client.get(f"{place}/result")
    assert result.headers["content-type"] == "video/mp4"
    assert result.headers["content-security-policy"].endswith("sandbox")
    (tmp_path / "painted.mp4").write_bytes(result.content)
    with av.open(tmp_path / "painted.mp4") as container:
        assert container.streams.audio
        frames = list(container.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames] == [(32, 24)] * 10
    assert frames[-1].time == pytest.approx(float(Fraction(9, 25)))
    assert client.delete(place).status_code == 204
    assert problem(client.get(f"{place}/result"), 404)


@pytest.mark.parametrize("moving", [False, True], ids=["a picture", "a clip"])
def test_a_mask_keeps_a_part_of_a_clip(client, clip, tmp_path, moving):
    import av

    from film.clips import make_clip

    half = np.zeros((48, 64), np.uint8)
    half[:, :32] = 255
    Image.fromarray(half).save(tmp_path / "mask.png")
    if moving:
        make_clip(tmp_path / "mask.mp4", [np.repeat(half[..., None], 3, 2)] * 12)
    mask = (tmp_path / ("mask.mp4" if moving else "mask.png")).read_bytes()
    query = {"style": "irises", "feather": 0, "invert_mask": "true", "steady": 0}
    answer = client.post(CLIPS, params=query, files={"mask": mask, "clip": clip})
    assert answer.status_code == 202, answer.text
    told = last_event(client, answer.headers["location"])
    assert told["state"] == "done", told

    def frames(data: bytes) -> np.ndarray:
        with av.open(io.BytesIO(data)) as container:
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(int)

    change = np.abs(frames(client.get(f"{answer.headers['location']}/result").content) - frames(clip)).mean((0, 1, 3))
    assert change[:28].max() < 4, change
    assert change[36:].min() > 8, change


def test_forms_with_a_clip_that_are_wrong(client, clip):
    def said(status: int, **files: bytes) -> str:
        return problem(client.post(CLIPS, params=CLIP, files=files), status)

    assert "no clip" in said(400, mask=clip)
    assert "there are: clip, mask" in said(400, image=clip)
    assert "not a clip" in said(415, clip=png(), mask=png())
    answer = client.post(CLIPS, params=CLIP, files={"clip": clip, "mask": b"no picture"})
    told = last_event(client, answer.headers["location"])
    assert told["problem"]["status"] == 422
    assert told["problem"]["detail"].startswith("the mask")


def test_a_clip_becomes_a_sheet_or_another_container(client, clip):
    place = begin(client, CLIPS, clip, **CLIP, format="webm", steady=0)
    assert last_event(client, place)["state"] == "done"
    assert client.get(f"{place}/result").content[:4] == b"\x1a\x45\xdf\xa3"
    place = begin(client, CLIPS, clip, **CLIP, sheet="true")
    assert last_event(client, place)["state"] == "done"
    assert client.get(f"{place}/result").headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("style=iris", 404, "did you mean irises"),
        ("", 400, "choose a style"),
        ("style=irises&steady=2", 400, "between 0 and 1"),
        ("style=irises&start=2&end=1", 400, "ends before it begins"),
        ("style=irises&start=now", 400, "is no time"),
        ("style=irises&timeline=0+iris", 404, "did you mean irises"),
        ("style=irises&timeline=later", 400, "cannot be read"),
        ("style=irises&codec=mpeg1", 400, "one of: h264"),
        ("style=irises&format=doc", 400, "not written as"),
        ("style=irises&mask_style=iris", 404, "did you mean irises"),
        ("style=irises&model=slow", 404, "there are: fast, fine"),
    ],
)
def test_parameters_that_are_wrong(client, clip, query, status, words):
    assert words in problem(client.post(f"{CLIPS}?{query}", content=clip), status)


def test_what_is_no_clip(client, clip):
    assert "not a clip" in problem(client.post(CLIPS, params=CLIP, content=b"#EXTM3U\nhttp://127.0.0.1/a.ts\n"), 415)
    assert "not a clip" in problem(client.post(CLIPS, params=CLIP, content=png()), 415)
    assert "no clip" in problem(client.post(CLIPS, params=CLIP, content=b""), 400)
    place = begin(client, CLIPS, clip[:200], **CLIP)
    told = last_event(client, place)
    assert told["state"] == "failed"
    assert told["problem"]["status"] == 422
    assert "/" not in told["problem"]["detail"], "where a file lay is nobody's business"
    assert problem(client.get(f"{place}/result"), 422)
    assert "allaprima_tasks 0" in client.get("metrics").text


def test_more_than_it_takes_and_cancelled(client, clip, long_clip):
    slow = begin(client, CLIPS, long_clip, style="irises", stroke="own")
    waiting = begin(client, CLIPS, clip, **CLIP)
    assert client.get(waiting).json()["state"] == "waiting"
    assert "2 clips and trainings" in problem(client.post(CLIPS, params=CLIP, content=clip), 429)
    assert client.post(STYLIZE, params={"style": "irises"}, content=png()).status_code == 200, "pictures go on"
    assert "running" in problem(client.get(f"{slow}/result"), 409)
    assert client.delete(slow).status_code == 204
    assert last_event(client, waiting)["state"] == "done"


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
def test_a_process_that_is_killed_fails_its_job_alone(client, clip, long_clip):
    slow = begin(client, CLIPS, long_clip, style="irises", stroke="own")
    for number in wait_for_task():
        os.kill(number, signal.SIGKILL)
    told = last_event(client, slow)
    assert told.get("problem", {}).get("status") == 503, told
    assert last_event(client, begin(client, CLIPS, clip, **CLIP))["state"] == "done"


def wait_for_task() -> list[int]:
    """Our processes that do a task."""
    for _ in range(100):
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                if b"allaprima.studio.task" in words and parent == os.getpid():
                    found.append(int(path.name))
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("no task was started")


def test_a_job_takes_no_longer_than_it_may(long_clip):
    with application(workers=1, task_seconds=2) as client:
        place = begin(client, CLIPS, long_clip, style="irises", stroke="own")
        assert last_event(client, place)["problem"]["status"] == 504


def test_a_painting_is_learnt(client, tmp_path):
    from allaprima.stylizer import Stylizer

    place = begin(
        client, TRAININGS, png(90, 70), name="mine", title="Squares", steps=2, size=64, style_size=64, extend="true"
    )
    told = last_event(client, place)
    assert told["state"] == "done", told
    assert told["progress"] == {"done": 2, "of": 2}
    result = client.get(f"{place}/result")
    assert result.headers["content-disposition"] == 'attachment; filename="style.onnx"'
    (tmp_path / "mine.onnx").write_bytes(result.content)
    style = Stylizer(tmp_path / "mine.onnx").styles[-1]
    assert (style.name, style.title) == ("mine", "Squares")
    assert str(tmp_path).encode() not in result.content


def test_a_painting_that_cannot_be_learnt(client):
    place = begin(client, TRAININGS, b"words", steps=1)
    assert last_event(client, place)["problem"]["status"] == 415
    assert "1 to 60 letters" in problem(client.post(TRAININGS, params={"name": "a,b"}, content=png()), 400)
    assert "did you mean steps" in problem(client.post(TRAININGS, params={"step": 1}, content=png()), 400)


def test_what_a_server_is_not_made_for_is_refused(monkeypatch, clip):
    with application(workers=1, tasks=0) as client:
        assert "VGG16" in problem(client.post(TRAININGS, content=png()), 501)
        assert "0 clips" in problem(client.post(CLIPS, params=CLIP, content=clip), 429)
        monkeypatch.setattr("allaprima.studio.job_api.find_spec", lambda _: None)
        assert "pip install" in problem(client.post(CLIPS, params=CLIP, content=clip), 501)
        assert "pip install" in problem(client.post(TRAININGS, content=png()), 501)


def test_a_server_without_a_place_for_files_paints_pictures_alone(monkeypatch, clip):
    def refuse(**_):
        raise OSError("a file system that is not written to")

    with monkeypatch.context() as patch:
        patch.setattr("allaprima.studio.tasks.tempfile.mkdtemp", refuse)
        with application(workers=1) as client:
            assert "no place" in problem(client.post(CLIPS, params=CLIP, content=clip), 507)
            assert client.get("healthz").status_code == 200
