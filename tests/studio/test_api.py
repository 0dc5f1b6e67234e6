"""The HTTP API: a painting like Python's, and whatever strangers may send."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.stylizer import Stylizer
from broken import broken_files
from studios import STYLIZE, pixels, png, problem, wait_until_ready

httpx = pytest.importorskip("httpx")
PROJECT = Path(__file__).parents[2]


def test_a_painting_is_python_s(client):
    look = {"style": "irises:0.7,udnie:0.3", "strength": 0.8, "stroke": 40, "color": "photo"}
    answer = client.post(STYLIZE, params=look, content=png())
    assert answer.headers["content-type"] == "image/png"
    assert np.abs(pixels(answer.content) - pixels(Stylizer().stylize(png(), **look))).max() <= 1
    assert re.fullmatch(r"queue;dur=[\d.]+, paint;dur=[\d.]+", answer.headers["server-timing"])
    assert answer.headers["content-security-policy"].endswith("sandbox")
    jpeg = client.post(STYLIZE, params={"style": "udnie", "format": "jpg", "quality": 50, "size": 30}, content=png())
    assert jpeg.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(jpeg.content)).size == (30, 22)


def test_a_mask_comes_in_a_form(client):
    mask = io.BytesIO()
    Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 2, axis=0)).save(mask, "PNG")
    files = {"image": ("p.png", png()), "mask": ("m.png", mask.getvalue())}
    answer = client.post(STYLIZE, params={"style": "irises", "feather": 0, "format": "png"}, files=files)
    wanted = Stylizer().stylize(png(), "irises", mask=mask.getvalue(), feather=0, format="png")
    assert np.abs(pixels(answer.content) - pixels(wanted)).max() <= 1
    assert "no picture" in problem(client.post(STYLIZE, params={"style": "irises"}, files={"mask": b"x"}), 400)
    words = problem(client.post(STYLIZE, params={"style": "irises"}, files={"image": png(), "style": b"x"}), 400)
    assert words == "the form has a field style; there are: image, mask. Parameters stand in the URL"


def test_what_has_not_changed_is_not_painted_again(client):
    first = client.post(STYLIZE, params={"style": "irises"}, content=png())
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.post(STYLIZE, params={"style": "irises"}, content=png(), headers=tag).status_code == 304
    assert client.post(STYLIZE, params={"style": "udnie"}, content=png(), headers=tag).status_code == 200
    assert client.post(STYLIZE, params={"style": "irises"}, content=png(61), headers=tag).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("style=iris", 404, "did you mean irises"),
        ("style=irises&model=slow", 404, "there are: fast, fine"),
        ("style=irises&model=/etc/passwd", 404, "no model"),
        ("stile=irises", 400, "did you mean style?"),
        ("style=irises&style=udnie", 400, "given twice"),
        ("style=irises&strength=2", 400, "between 0 and 1, not 2.0"),
        ("style=irises&strength=nan", 400, "strength"),
        ("style=irises&stroke=3", 400, "at least 16"),
        ("style=irises&format=doc", 400, "not written as"),
        ("style=irises&keep_gps=maybe", 400, "true or false"),
        ("style=irises&feather=3", 400, "needs a mask"),
        ("style=a:b:c", 400, "not a number"),
        ("", 400, "choose a style"),
        ("style=irises&output=x.png", 400, "no parameter output"),
    ],
)
def test_wrong_parameters(client, query, status, words):
    assert words in problem(client.post(f"{STYLIZE}?{query}", content=png()), status)


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, "no picture"),
        (b"words", 415, "not a picture"),
        (b"%PDF-1.4", 415, "PDF"),
        (png()[:-80], 422, "cannot be read"),
        (png(9, 9), 422, "16"),
    ],
    ids=["empty", "words", "pdf", "cut", "tiny"],
)
def test_wrong_pictures(client, data, status, words):
    assert words in problem(client.post(STYLIZE, params={"style": "irises"}, content=data), status)


def test_thirty_kinds_of_broken_files(client, tmp_path):
    for path in broken_files(tmp_path):
        answer = client.post(STYLIZE, params={"style": "irises"}, content=path.read_bytes())
        assert answer.status_code in (400, 415, 422), (path.name, answer.text)
        assert problem(answer, answer.status_code), path.name
    assert 'result="crashed"} 0' in client.get("metrics").text


@pytest.mark.parametrize(
    "body",
    [b"", b"--x", b"--x\r\n\r\n--x--", b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n', b"\r\n--x" * 40],
)
def test_damaged_forms(client, body):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(client.post(STYLIZE, params={"style": "irises"}, content=body, headers=headers), 400)


def test_bodies_are_counted_while_they_come(client):
    def endless():
        for _ in range(70):
            yield bytes(2**20)

    try:
        answer = client.post(STYLIZE, params={"style": "irises"}, content=endless())
        assert "the most that this server takes" in problem(answer, 413)
    except httpx.WriteError:
        pass  # the server has closed the connection meanwhile, which is as good


def test_only_our_own_page_and_programs_are_answered(client):
    evil = client.post(STYLIZE, params={"style": "irises"}, content=png(), headers={"Origin": "https://evil.example"})
    assert "evil.example" in problem(evil, 403)
    rebound = client.get("healthz", headers={"Host": "evil.example"})
    assert "evil.example" in problem(rebound, 421)
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert client.post(STYLIZE, params={"style": "irises"}, content=png(), headers=own).status_code == 200


def test_a_token_guards_the_api_alone(server):
    token = "a token of sixteen characters"
    client, _ = server(environment={"ALLAPRIMA_TOKEN": token})
    assert client.get("").status_code == client.get("healthz").status_code == 200
    assert "token" in problem(client.get("api/v1/styles"), 401)
    assert problem(client.get("metrics", headers={"Authorization": "Bearer wrong"}), 401)
    assert client.get("api/v1/styles", headers={"Authorization": f"Bearer {token}"}).json()[0]["name"] == "great_wave"


def test_a_proxy_s_name_is_known(server):
    client, _ = server("--name", "studio.example.org", "--workers", "1")
    known = {"Host": "studio.example.org", "Origin": "https://studio.example.org"}
    assert "choose a style" in problem(client.post(STYLIZE, content=png(), headers=known), 400)
    assert problem(client.post(STYLIZE, content=png(), headers={**known, "Origin": "https://other.example.org"}), 403)


def test_openapi_has_the_table_of_options(client):
    described = client.get("openapi.json").json()
    post = described["paths"]["/api/v1/stylize"]["post"]
    names = [parameter["name"] for parameter in post["parameters"]]
    assert names == [
        "style", "model", "strength", "stroke", "color", "mask_style", "invert_mask", "feather", "size", "format",
        "quality", "keep_gps",
    ]  # fmt: skip
    assert {"200", "400", "404", "413", "415", "422", "429", "503", "504"} <= set(post["responses"])


def test_what_is_asked_for_in_other_ways(client):
    assert problem(client.get("api/v1/nothing"), 404)
    assert problem(client.delete(STYLIZE), 405)
    assert problem(client.get("../../../../etc/passwd"), 404)
    assert [model["name"] for model in client.get("api/v1/models").json()] == ["fast", "fine"]
    page = client.get("")
    assert client.get("", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    assert client.head("").status_code == 200


def test_more_requests_than_it_takes_are_told_to_come_again(server):
    client, _ = server("--workers", "1", "--queue", "2")
    wait_until_ready(client)

    def ask(_):
        answer = client.post(STYLIZE, params={"style": "irises"}, content=png(500, 400))
        return answer.status_code, answer.headers.get("retry-after")

    with ThreadPoolExecutor(12) as threads:
        answers = [threads.submit(ask, number) for number in range(12)]
        begin = time.monotonic()
        assert client.get("healthz").status_code == 200
        assert time.monotonic() - begin < 2
        found = [answer.result() for answer in answers]
    assert {status for status, _ in found} == {200, 429}
    assert all(int(after) >= 1 for status, after in found if status == 429)
    assert 'result="refused"} 0' not in client.get("metrics").text


def test_a_picture_that_takes_too_long(server):
    client, _ = server("--workers", "1", "--timeout", "1")
    wait_until_ready(client)
    slow = client.post(STYLIZE, params={"style": "irises", "stroke": "own", "model": "fine"}, content=png(2600, 2000))
    assert "more than 1 seconds" in problem(slow, 504)
    wait_until_ready(client)
    assert client.post(STYLIZE, params={"style": "irises"}, content=png()).status_code == 200


def test_too_many_pixels(server):
    client, _ = server("--workers", "1", "--max-pixels", "10000")
    wait_until_ready(client)
    assert "more than the limit" in problem(
        client.post(STYLIZE, params={"style": "irises"}, content=png(200, 100)), 422
    )


def workers_of(process) -> list[int]:
    """The processes that a server has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process.pid:
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_that_dies_costs_one_request(server):
    client, process = server("--workers", "1")
    wait_until_ready(client)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(
            client.post, STYLIZE, params={"style": "irises", "stroke": "own"}, content=png(2600, 2000)
        )
        while "working 1" not in client.get("metrics").text:
            time.sleep(0.02)
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        assert "has ended" in problem(slow.result(), 503)
    assert client.post(STYLIZE, params={"style": "irises"}, content=png()).status_code == 200


def test_work_that_nobody_waits_for_is_cancelled(server):
    client, _ = server("--workers", "1")
    wait_until_ready(client)
    with pytest.raises(httpx.ReadTimeout):
        client.post(STYLIZE, params={"style": "irises", "stroke": "own"}, content=png(2600, 2000), timeout=1)
    assert client.post(STYLIZE, params={"style": "irises"}, content=png()).status_code == 200
    assert 'result="cancelled"} 1' in client.get("metrics").text


def test_a_server_that_is_to_end_finishes_its_answers(server):
    client, process = server("--workers", "1")
    wait_until_ready(client)
    with ThreadPoolExecutor(3) as threads:
        query, picture = {"style": "irises", "stroke": "own"}, png(1500, 1200)  # which take a while
        sent = [threads.submit(client.post, STYLIZE, params=query, content=picture) for _ in range(3)]
        while "waiting 2" not in client.get("metrics").text:
            assert not any(answer.done() for answer in sent)
            time.sleep(0.01)
        process.terminate()
        assert [answer.result().status_code for answer in sent] == [200, 200, 200]
    assert process.wait(20) == 0


def test_the_example_client(address, client, tmp_path):
    (tmp_path / "in.png").write_bytes(png())
    command = [sys.executable, PROJECT / "examples/http_client.py", "in.png", "out.png", "irises", address]
    subprocess.run(command, cwd=tmp_path, check=True)
    wanted = client.post(STYLIZE, params={"style": "irises"}, content=png()).content
    assert (tmp_path / "out.png").read_bytes() == wanted
    command[4] = "iris"
    failed = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert failed.stderr == "404: there is no style iris in this model; did you mean irises?\n"
