"""What users name as a source becomes what FFmpeg opens; cameras go by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from allaprima.errors import OptionError, PictureError
from allaprima.live.cameras import Camera, chosen, linux_cameras
from allaprima.live.place import find_place

CAMERAS = [Camera("HD Pro Webcam C920", "/dev/video0"), Camera("Integrated Camera", "/dev/video2")]


def place(wanted, system="linux", size=1280, fps=30):
    return find_place(wanted, size, fps, lambda: CAMERAS, system)


def test_the_kernels_cameras_go_by_name_and_metadata_nodes_are_none(tmp_path):
    for node, name, index in [("video0", "C920", "0"), ("video1", "C920", "1"), ("video10", "Virtual", "0")]:
        folder = tmp_path / node
        folder.mkdir()
        (folder / "name").write_text(name + "\n")
        (folder / "index").write_text(index + "\n")
    found = linux_cameras(tmp_path, Path("/dev"))
    assert found == [Camera("C920", "/dev/video0"), Camera("Virtual", "/dev/video10")]
    assert linux_cameras(tmp_path / "missing") == []


@pytest.mark.parametrize("wanted", ["integrated", "Integrated Camera", "1", "/dev/video2", "CAMERA"])
def test_a_camera_is_chosen_by_part_of_its_name_its_number_or_its_device(wanted):
    assert chosen(wanted, CAMERAS) == CAMERAS[1]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("nikon", "there are: HD Pro Webcam C920, Integrated Camera"), ("c", "choose by number: 0 .*, 1 "), ("7", "no")],
)
def test_a_wrong_camera_is_told_which_there_are(wanted, words):
    with pytest.raises(PictureError, match=words):
        chosen(wanted, CAMERAS)


def test_without_a_camera_something_else_is_proposed():
    with pytest.raises(PictureError, match="there is no camera") as caught:
        chosen("0", [])
    assert caught.value.options == ("source",)


def test_cameras_of_linux_are_asked_for_mjpeg_first_and_for_anything_at_last():
    first, *_, last = place(None).attempts
    assert first == {"input_format": "mjpeg", "video_size": "1280x720", "framerate": "30"}
    assert last == {}


def test_a_mac_without_the_wanted_rate_is_asked_for_others():
    rates = [attempt.get("framerate") for attempt in place(None, "darwin", fps=24).attempts]
    assert rates[:4] == ["24", "30", "25", "15"]
    assert rates[-1] is None


def test_files_urls_screens_and_the_test_picture(tmp_path, monkeypatch):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    assert place(str(clip)).kind == "file"
    stream = place("rtsp://user:secret@cam/1")
    assert (stream.kind, stream.label) == ("network", "rtsp://cam/1")
    assert stream.attempts[0]["rtsp_transport"] == "tcp"
    assert place("test").kind == "test"
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    screen = place("screen:800x600+10+20")
    assert (screen.format, screen.address) == ("x11grab", ":0")
    assert screen.attempts[0] == {"framerate": "30", "video_size": "800x600", "grab_x": "10", "grab_y": "20"}
    assert place("window:Paint", "win32").address == "title=Paint"


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ("missing.mp4", PictureError, "there is no file missing.mp4"),
        ("gopher://x", OptionError, "gopher:// cannot be painted"),
        ("screen:big", OptionError, "screen:WIDTHxHEIGHT"),
        ("window:", OptionError, "window:TITLE"),
        (".", PictureError, "is a folder"),
    ],
)
def test_what_cannot_be_painted(wanted, error, words):
    with pytest.raises(error, match=words):
        place(wanted)


def test_wayland_is_said_to_hide_the_screen(monkeypatch):
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(OptionError, match="Wayland does not let"):
        place("screen")
