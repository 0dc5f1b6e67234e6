"""Clips through the command: what is said, what is refused, and that nothing is half-written."""

from __future__ import annotations

import json
import sys
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner

av = pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.cli import app  # noqa: E402
from allaprima.cli.faults import guarded  # noqa: E402
from film.clips import gray_frames, make_broken_clip, make_clip  # noqa: E402


def run(*words, data=b""):
    """The command's exit code, what it wrote to stdout, and the lines that it said."""
    runner = CliRunner()
    with runner.isolation(input=data) as (out, err, _):
        code = guarded(lambda: app.main(["stylize", *map(str, words)], standalone_mode=False))
        return code, out.getvalue(), err.getvalue().decode().splitlines()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sound_alone(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


HOSTILE = {
    "empty": (b"", "the file is empty"),
    "noise": (bytes(range(256)) * 40, "not a clip that can be read"),
    "list": (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\nhttp://127.0.0.1:9/x.ts\n", "not a clip that can be read"),
    "text": (b"hello\n", "not a clip that can be read"),
}


@pytest.mark.parametrize("name", [*HOSTILE, "sound", "cut"])
def test_what_is_no_clip_is_one_sentence(place, name):
    source = place / "c.mp4"
    if name == "sound":
        sound_alone(source)
        words = "no moving picture in it, only sound"
    elif name == "cut":  # without its index, which comes last
        make_clip(source, gray_frames(9), sound=1)
        data, words = source.read_bytes(), "not a clip that can be read"
        source.write_bytes(data[: len(data) // 2])
    else:
        data, words = HOSTILE[name]
        source.write_bytes(data)
    before = source.read_bytes()
    code, _, said = run(source, "-s", "irises", "--stroke", "32")
    assert (code, len(said)) == (2, 1)
    assert words in said[0]
    assert source.read_bytes() == before
    assert [path.name for path in place.iterdir()] == ["c.mp4"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-o", "x.xyz"], "clips are not written as"),
        (["-o", "x.mp4", "--codec", "ffv1"], "holds no ffv1 here; use one of: h264, hevc, av1; try --codec"),
        (["-o", "x.mp4", "--from", "1h"], '"1h" is no time'),
        (["-o", "x.mp4", "--from", "9"], "no frame in that part"),
        (["-o", "x.mp4", "--from", "2", "--to", "1"], "ends before it begins; try --from or --to"),
        (["-o", "x.mp4", "--timeline", "0 irises, 0 udnie"], "must grow"),
        (["-o", "x.mp4", "--timeline", "0 irisis"], "did you mean irises?"),
        (["-o", "c.mp4", "--overwrite"], "would replace"),
        (["-o", "there.mp4"], "there.mp4 exists; try --overwrite"),
        (["-o", "-"], "goes through a pipe as one of: y4m, nut, mkv; try --format"),
        (["-o", "x.mp4", "--mask", "nothere.mp4"], "the mask nothere.mp4: it cannot be read"),
    ],
)
def test_what_is_refused(place, words, sentence):
    make_clip(place / "c.mp4", gray_frames(3))
    (place / "there.mp4").write_bytes(b"precious")
    style = [] if "--timeline" in words else ["-s", "irises"]
    code, _, said = run("c.mp4", *style, "--stroke", "32", *words)
    assert (code, len(said)) == (2, 1)
    assert sentence in said[0]
    assert sorted(path.name for path in place.iterdir()) == ["c.mp4", "there.mp4"]
    assert (place / "there.mp4").read_bytes() == b"precious"


def test_a_folder_of_clips_and_one_that_is_broken(place):
    (place / "in").mkdir()
    make_clip(place / "in" / "a.mp4", gray_frames(2))
    make_clip(place / "in" / "b.avi", gray_frames(2), codec="mpeg4")
    (place / "in" / "c.mkv").write_bytes(b"nothing")
    common = ("in", "-s", "irises", "--stroke", "32", "-o", "out")
    code, _, said = run(*common, "--report", "r.json")
    assert code == 1
    assert said[0].startswith("allaprima: in/c.mkv: it is not a clip")
    assert sorted(path.name for path in (place / "out").iterdir()) == ["a.mp4", "b.mp4"]
    report = json.loads((place / "r.json").read_text())
    assert (report["painted"], report["failed"]) == (2, 1)
    code, _, said = run(*common, "--resume")
    assert (code, said[-1]) == (1, "2 pictures were painted before")


@pytest.mark.parametrize("target", ["p.mp4", "p.gif"])
def test_a_damaged_clip_is_painted_as_far_as_it_goes_and_the_exit_code_is_1(place, target):
    make_broken_clip(place / "c.mp4")
    code, _, said = run("c.mp4", "-s", "irises", "--size", 64, "-o", target, "--quiet")
    assert (code, (place / target).exists()) == (1, True)
    assert len(said) == 1
    assert "c.mp4" in said[0]


@pytest.mark.parametrize("target", ["p.mp4", "p.mkv"])
def test_a_clip_that_begins_before_0_keeps_every_frame_at_its_time(place, target):
    times, muxing = [Fraction(n - 3, 25) for n in range(11)], {"avoid_negative_ts": "disabled"}
    make_clip(place / "c.mkv", gray_frames(10), codec="ffv1", pix_fmt="bgr0", times=times, muxing=muxing)
    code, _, said = run("c.mkv", "-s", "irises", "-o", target)
    assert code == 0, said
    with av.open(target) as container:
        [video] = container.streams.video
        shown = [frame.pts * video.time_base for frame in container.decode(video)]
    assert [time - shown[0] for time in shown] == [Fraction(n, 25) for n in range(10)]


def test_from_pipe_to_pipe(place):
    make_clip(place / "c.mp4", gray_frames(3))
    code, nut, _ = run("c.mp4", "-s", "irises", "--stroke", "32", "-o", "-", "--format", "nut")
    assert (code, nut[:18]) == (0, b"nut/multimedia con")
    code, _, said = run("-", "-s", "irises", "--stroke", "32", "-o", "x.mp4", data=nut)
    assert code == 0
    assert "sound of a stream is left out" in said[0]
    with av.open("x.mp4") as container:
        assert container.streams.video[0].frames == 3


def test_without_the_extra_one_sentence_says_what_to_install(place, monkeypatch):
    make_clip(place / "c.mp4", gray_frames(2))
    monkeypatch.setitem(sys.modules, "av", None)
    code, _, said = run("c.mp4", "-s", "irises")
    assert (code, len(said)) == (2, 1)
    assert "clips need the package av: pip install" in said[0]
    assert [path.name for path in place.iterdir()] == ["c.mp4"]
