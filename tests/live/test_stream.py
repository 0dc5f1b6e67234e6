"""Clips and streams as sources: in their own time, upright, in a loop, and gone when they are gone."""

from __future__ import annotations

import gc
import threading
import time
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest

from allaprima.errors import PictureError
from allaprima.live import capture as module
from allaprima.live.capture import Capture
from allaprima.live.place import Place, find_place
from allaprima.live.stream import open_stream
from lives import until
from support import checkered

WIDTH, HEIGHT, RATE = 64, 48, 20


@pytest.fixture
def clip(tmp_path) -> Path:
    """Six frames, each of one gray, a twentieth of a second apart."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 40 * number, np.uint8), "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def grays(stream, count: int) -> list[int]:
    found = islice(stream.grabs(Event()), count)
    return [round(float(grab.convert(WIDTH // 2, HEIGHT // 2).mean()) / 40) for grab in found]


def test_a_clip_is_shown_in_a_loop_in_its_own_time(clip):
    stream = open_stream(find_place(str(clip), 640, 30, list))
    start = time.monotonic()
    assert grays(stream, 14) == [0, 1, 2, 3, 4, 5] * 2 + [0, 1]
    assert time.monotonic() - start > 12 / RATE
    stream.close()


def test_a_clip_of_a_web_server_is_a_clip(clip):
    handler = partial(SimpleHTTPRequestHandler, directory=str(clip.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.func.log_message = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/clip.mp4"
        stream = open_stream(find_place(url, 640, 30, list))
        start = time.monotonic()
        assert grays(stream, 8) == [0, 1, 2, 3, 4, 5, 0, 1]
        assert time.monotonic() - start > 6 / RATE
        stream.close()
        server.shutdown()


def test_a_picture_that_stands_still_does_not_keep_a_core_busy(tmp_path):
    from PIL import Image

    Image.fromarray(checkered(64, 48)).save(tmp_path / "still.png")
    stream = open_stream(find_place(str(tmp_path / "still.png"), 640, 30, list))
    start, began = time.process_time(), time.monotonic()
    for grab in islice(stream.grabs(Event()), 10):
        assert abs(grab.convert(64, 48).astype(int) - checkered(64, 48)).max() <= 1
    assert time.monotonic() - began > 0.25
    assert time.process_time() - start < 0.25
    stream.close()


def _frames_in_memory() -> int:
    return sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())


def test_frames_do_not_wait_for_the_garbage_collector(clip):
    stream = open_stream(find_place(str(clip), 640, 120, list))
    gc.collect()
    gc.disable()
    try:
        before = _frames_in_memory()
        assert sum(1 for _ in islice(stream.grabs(Event()), 40)) == 40
        assert _frames_in_memory() < before + 10
    finally:
        gc.enable()
    stream.close()


def test_a_clip_held_upright_is_painted_upright(tmp_path):
    path = tmp_path / "turned.mp4"
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2] = 255  # white on the left; turned a quarter, it is above or below
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(90)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    stream = open_stream(find_place(str(path), 640, 30, list))
    grab = next(iter(stream.grabs(Event())))
    assert grab.size == (HEIGHT, WIDTH)
    pixels = grab.convert(*grab.size).astype(int)
    assert pixels.shape == (WIDTH, HEIGHT, 3)
    assert abs(pixels[:10].mean() - pixels[-10:].mean()) > 200
    stream.close()


def test_a_file_that_is_gone_is_lost_and_taken_again_when_it_is_back(clip, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.02)
    place = find_place(str(clip), 640, 30, list)
    away = clip.rename(clip.with_name("away.mp4"))
    capture = Capture(partial(open_stream, place))
    capture.start()
    capture.wake()
    until(lambda: capture.state[0] == "lost")
    assert "no such file" in capture.state[1]
    away.rename(clip)
    until(lambda: capture.newest(3, 0) is not None)
    assert capture.state == ("running", "")
    capture.stop()


def test_sound_alone_has_no_pictures(tmp_path):
    path = tmp_path / "sound.mka"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(PictureError, match=r"sound.mka has no pictures"):
        open_stream(find_place(str(path), 640, 30, list))


def test_a_busy_or_missing_camera_says_so():
    with pytest.raises(PictureError, match="Webcam cannot be opened: "):
        open_stream(Place("camera", "Webcam", "/dev/video4093", "v4l2", ({"framerate": "30"}, {})))
