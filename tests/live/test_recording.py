"""Recordings: whole or not at all, with the times at which paintings were seen."""

from __future__ import annotations

import time
from datetime import datetime
from io import BytesIO

import av
import numpy as np
import pytest

from allaprima.errors import OutputError
from allaprima.film.color import FromRGB
from allaprima.film.reader import open_clip
from allaprima.live import clock
from allaprima.live.loopback import VirtualCamera, check_device
from allaprima.live.recording import Recording, free_name
from lives import until
from support import checkered


def frames_of(path):
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def test_frames_keep_their_times_and_sizes_become_one(tmp_path):
    times = [100.0, 100.04, 100.11, 100.12, 101.5]
    recording = Recording(tmp_path / "new" / "x.mp4", (96, 64))
    for number, at in enumerate(times):
        recording.add(checkered(96, 64) if number % 2 else checkered(48, 32), at)
        time.sleep(0.05)
    path = recording.finish()
    found = frames_of(path)
    assert [at for at, _ in found] == pytest.approx([at - times[0] for at in times], abs=2e-5)
    assert {pixels.shape for _, pixels in found} == {(64, 96, 3)}
    assert abs(found[1][1].astype(int) - checkered(96, 64)).mean() < 12
    with av.open(str(path)) as container:
        assert float(container.duration / av.time_base) == pytest.approx(1.5 + 1 / 30, abs=0.01)


def test_colors_are_those_that_were_painted(tmp_path):
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)]
    picture = np.repeat(np.array(colors, np.uint8)[None], 64, axis=0).repeat(32, axis=1)
    recording = Recording(tmp_path / "x.mp4", (192, 64))
    recording.add(picture, 0.0)
    with open_clip(recording.finish()) as clip:
        pixels = next(iter(clip.frames())).pixels
    for number, color in enumerate(colors):
        assert abs(pixels[16:48, 32 * number + 8 : 32 * number + 24].mean((0, 1)) - color).max() < 4, color


def test_nothing_appears_before_it_is_whole_or_if_nothing_was_painted(tmp_path):
    recording = Recording(tmp_path / "x.mp4", (64, 48))
    recording.add(checkered(64, 48), 0.0)
    assert not (tmp_path / "x.mp4").exists()
    recording.finish()
    assert (tmp_path / "x.mp4").exists()
    assert Recording(tmp_path / "y.mp4", (64, 48)).finish() is None
    with pytest.raises(OutputError, match="exists"):
        Recording(tmp_path / "x.mp4", (64, 48))
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        Recording(tmp_path / "file" / "x.mp4", (64, 48))


def test_an_encoder_that_falls_behind_leaves_frames_out_and_holds_nobody_up(tmp_path):
    recording = Recording(tmp_path / "x.mp4", (640, 480))
    picture = checkered(640, 480)
    start = time.monotonic()
    for number in range(100):
        recording.add(picture, number / 30)
    assert time.monotonic() - start < 1
    assert 1 <= len(frames_of(recording.finish())) < 100


def test_free_names_say_the_style_and_the_time(tmp_path):
    now = datetime(2026, 11, 25, 16, 30, 12)
    first = free_name(tmp_path, "irises", ".mp4", now)
    assert first.name == "irises_2026-11-25_16-30-12.mp4"
    first.touch()
    assert free_name(tmp_path, "irises", ".mp4", now).name == "irises_2026-11-25_16-30-12_2.mp4"


def test_recording_goes_on_without_viewers_and_is_offered_when_it_ends(live):
    live.frame()
    name = live.post("/record", {"on": True})["recording"]
    assert live.post("/record", {"on": True})["recording"] == name  # once is enough
    time.sleep(1.5)
    state = live.post("/record", {"on": False})
    assert (state["recording"], state["saved"]) == (None, [name])
    found = frames_of(live.folder / name)
    assert len(found) > 3
    assert found[-1][0] > 0.8
    number = [clock.read(pixels) for _, pixels in found]
    seen = [(one - number[0]) / 1000 for one in number]  # the clock in the picture goes as the file's times do
    assert np.abs(np.subtract(seen, [at for at, _ in found])).max() < 0.05
    assert live.ask("GET", f"/saved/{name}")[2] == (live.folder / name).read_bytes()


def test_a_recording_that_fails_is_told_and_painting_goes_on(live, monkeypatch):
    number = live.frame()[0]
    broken = type("Broken", (FromRGB,), {"__call__": lambda *_: 1 / 0})
    monkeypatch.setattr("allaprima.live.recording.FromRGB", broken)
    live.post("/record", {"on": True})
    until(lambda: live.state()["problem"] != "")
    state = live.state()
    assert state["recording"] is None
    assert "cannot be written" in state["problem"]
    assert live.frame(live.frame(number)[0])[0] > number
    assert list(live.folder.iterdir()) == []
    monkeypatch.undo()
    assert live.post("/record", {"on": True})["problem"] == ""


def test_a_recording_that_runs_when_all_ends_is_kept(live):
    live.frame()
    name = live.post("/record", {"on": True})["recording"]
    until(lambda: live.loop.stats.fps > 0)
    live.loop.stop()
    assert len(frames_of(live.folder / name)) >= 1


def test_a_virtual_camera_gets_the_last_painting_at_every_tick(tmp_path):
    path = tmp_path / "frames.yuv"
    camera = VirtualCamera(str(path), (64, 48), 50, format="rawvideo")
    camera.show(np.full((24, 32, 3), 128, np.uint8))
    size = 64 * 48 * 3 // 2
    until(lambda: path.exists() and path.stat().st_size >= 5 * size)
    camera.close()
    data = BytesIO(path.read_bytes())
    assert len(data.getvalue()) % size == 0
    assert abs(np.frombuffer(data.read(64 * 48), np.uint8).astype(int) - 126).max() <= 2


@pytest.mark.parametrize(
    ("device", "system", "words"),
    [
        ("/dev/video4093", "linux", "modprobe v4l2loopback video_nr=4093 .*exclusive_caps=1"),
        ("camera.mp4", "linux", "a device such as /dev/video10"),
        ("/dev/video10", "darwin", "browser source"),
    ],
)
def test_a_virtual_camera_that_cannot_be_says_what_makes_one(device, system, words):
    with pytest.raises(OutputError, match=words):
        check_device(device, system)
