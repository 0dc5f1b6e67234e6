"""The page's server: who is answered, and what with."""

from __future__ import annotations

import json
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from allaprima.errors import OptionError
from allaprima.live import clock
from allaprima.live.server import PAGE, is_ours, start_server
from allaprima.live.shown import LOOKS, Shown
from allaprima.session import FrameInWork
from lives import until


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost:9000", "[::1]:1", "LOCALHOST:5"])
def test_this_machine_is_answered_by_any_of_its_names_and_through_any_port(host):
    assert is_ours(host, None, None)
    assert is_ours(host, f"http://{host}", "same-origin")


@pytest.mark.parametrize(
    ("host", "origin", "site"),
    [
        ("evil.example:8322", None, None),
        ("127.0.0.1.evil.example", None, None),
        ("", None, None),
        ("[::1", None, None),
        ("localhost:8322", "http://evil.example", None),
        ("localhost:8322", "http://localhost:3000", None),
        ("localhost:8322", "null", None),
        ("localhost:8322", None, "cross-site"),
        ("localhost:8322", None, "same-site"),
    ],
)
def test_strangers_are_not_answered(host, origin, site):
    assert not is_ours(host, origin, site)


def test_every_answer_to_a_stranger_is_a_refusal(live):
    for method, path in [
        ("GET", "/"),
        ("GET", "/frame"),
        ("GET", "/state"),
        ("POST", "/record"),
        ("POST", "/snapshot"),
    ]:
        body = {} if method == "POST" else None
        status, headers, _ = live.ask(method, path, body, {"Origin": "http://evil.example"})
        assert status == 403
        assert "Access-Control-Allow-Origin" not in headers
        assert live.ask(method, path, body, {"Host": "evil.example"})[0] == 403
    assert list(live.folder.iterdir()) == []


def test_the_page_asks_nobody_else(live):
    for path in PAGE:
        status, headers, data = live.ask("GET", path)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        text = data.decode().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", "") or "://" not in text


def test_the_newest_painting_is_young_whatever_the_pace_of_the_viewer(live):
    number = live.frame()[0]
    ages = []
    for _ in range(20):
        time.sleep(0.15)  # a slow viewer: four frames pass for each that it asks for
        number, _, data = live.frame(number)
        ages.append(clock.age(np.asarray(Image.open(BytesIO(data))), time.monotonic()))
    assert np.median(ages) < 0.5
    assert np.median(ages[-5:]) < np.median(ages[:5]) + 0.3


def test_frames_that_would_wait_are_computed_side_by_side_and_shown_in_order(live, stylizer, monkeypatch):
    most = stylizer.session("irises").at_once
    if most == 1:
        pytest.skip("one core computes one frame at a time")
    inside, together, shown = [], [], []
    compute, show = FrameInWork.compute, Shown.show

    def slow(frame, *, many=False):
        inside.append(frame)
        together.append((len(inside), many))
        time.sleep(0.15)
        try:
            return compute(frame, many=many)
        finally:
            inside.remove(frame)

    monkeypatch.setattr(FrameInWork, "compute", slow)
    monkeypatch.setattr(Shown, "show", lambda *it: shown.append(it[1]) or show(*it))
    number = 0
    for _ in range(8):
        number = live.frame(number)[0]
    assert max(count for count, _ in together) == most
    assert all(many for count, many in together if count > 1)
    assert shown == sorted(shown)


def test_choices_are_taken_and_wrong_ones_refused_in_a_sentence(live):
    state = live.post("/change", {"style": "udnie", "strength": 0.5, "mirror": True})
    assert state["choice"]["style"] == "udnie"
    status, _, data = live.ask("POST", "/change", {"strength": 7})
    assert status == 422
    assert json.loads(data)["error"] == "strength must be a number between 0 and 1, not 7"
    assert live.state()["choice"]["strength"] == 0.5


@pytest.mark.parametrize("body", ["", "[1]", "{", '"x"', "null"])
def test_a_body_that_is_no_object_is_refused(live, body):
    assert live.ask("POST", "/change", body)[0] == 400


def test_other_types_and_large_bodies_are_refused(live):
    assert live.ask("POST", "/change", "strength=1", {"Content-Type": "text/plain"})[0] == 415
    assert live.ask("POST", "/change", "x" * 20_000)[0] == 400
    assert live.ask("GET", "/nothing")[0] == 404
    assert live.ask("GET", "/saved/../../etc/passwd")[0] == 404
    assert live.ask("GET", "/saved/%2e%2e%2fsecret")[0] == 404
    assert live.ask("GET", "/thumbnail/nobody")[0] in (204, 404)


def test_mirror_swaps_left_and_right(live):
    live.post("/change", {"strength": 0})
    until(lambda: live.loop.painting is not None or live.frame()[0] < 0)
    live.post("/change", {"mirror": True})
    number, _, _ = live.frame()
    for _ in range(3):
        number, _, data = live.frame(number)
    pixels = np.asarray(Image.open(BytesIO(data)))
    assert clock.age(pixels[:, ::-1], time.monotonic()) < 5


def test_small_pictures_show_the_frame_in_a_style(live):
    live.frame()
    until(lambda: live.loop.frame is not None)
    status, _, data = live.ask("GET", "/thumbnail/udnie")
    assert status == 200
    assert max(Image.open(BytesIO(data)).size) <= 192


def test_a_snapshot_is_the_painting_as_a_file(live):
    live.frame()
    until(lambda: live.loop.painting is not None)
    [name] = live.post("/snapshot", {})["saved"]
    assert Image.open(live.folder / name).format == "PNG"
    assert live.ask("GET", f"/saved/{name}")[2] == (live.folder / name).read_bytes()


def test_without_viewers_the_source_is_closed_and_the_first_viewer_opens_it(live):
    live.frame()
    until(lambda: live.state()["asleep"], LOOKS + 10)
    until(lambda: live.capture.state[0] == "resting")
    _, age, _ = live.frame(live.frame()[0])
    assert age < 2
    assert not live.state()["asleep"]


def test_a_viewer_counts_until_it_has_been_silent_for_a_while():
    now = [0.0]
    shown = Shown(lambda: now[0])
    assert not shown.watched
    shown.show(0.0, b"x")
    assert shown.wait(0, 0).jpeg == b"x"
    assert shown.wait(1, 0) is None
    now[0] = LOOKS - 0.1
    assert shown.watched
    now[0] = LOOKS + 0.1
    assert not shown.watched


def test_a_taken_port_is_a_sentence(live):
    with pytest.raises(OptionError, match=f"port {live.port} is taken") as caught:
        start_server(None, live.port)
    assert caught.value.options == ("port",)
