"""Clips from file to file: times, sound, what is carried, and going on after an end."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from allaprima import Stylizer  # noqa: E402
from allaprima.errors import ExistsError, OptionError, OutputError, PictureError  # noqa: E402
from allaprima.file_painter import FilePainter  # noqa: E402
from allaprima.film import segments  # noqa: E402
from allaprima.film.clip_painter import StoppedError, make_clip_painter  # noqa: E402
from allaprima.film.encoding import CODECS, CONTAINERS, choose_encoding  # noqa: E402
from allaprima.film.reader import open_clip  # noqa: E402
from allaprima.film.tracks import commented, read_stamp  # noqa: E402
from allaprima.options import CLIP_CODECS  # noqa: E402
from film.clips import gray_frames, make_clip  # noqa: E402
from support import checkered  # noqa: E402


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer(threads=1)


def painter(stylizer, notes=None, style="irises", strength=0.0, stroke=32, **options):
    look = stylizer.look(style, strength, stroke=stroke)
    files = FilePainter(stylizer.painter(look), note=(notes if notes is not None else []).append)
    return make_clip_painter(files, **options)


def painted(stylizer, source, target, notes=None, **options):
    painter(stylizer, notes, **options).paint_file(source, target)(False)
    return target


def times(path):
    with open_clip(path) as clip:
        return [frame.pts * clip.time_base for frame in clip.frames()]


def packets(path, kind="audio"):
    with av.open(str(path)) as container:
        return [
            [
                (packet.pts * packet.time_base, hashlib.sha256(bytes(packet)).hexdigest())
                for packet in open_again(path, stream.index)
            ]
            for stream in container.streams
            if stream.type == kind
        ]


def open_again(path, index):
    with av.open(str(path)) as container:
        yield from (packet for packet in container.demux(container.streams[index]) if packet.size)


UNEVEN = [Fraction(n, 600) for n in (0, 20, 30, 90, 91, 150, 160, 200)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 120, None])
def test_every_frame_and_every_packet_of_sound_keeps_its_time(stylizer, tmp_path, suffix, rate):
    source = make_clip(
        tmp_path / "c.mp4",
        gray_frames(7),
        rate=rate or 25,
        times=None if rate else UNEVEN,
        time_base=Fraction(1, 24000 if rate else 600),
        options={"bf": "0"},
        sound=2,
    )
    target = painted(stylizer, source, tmp_path / f"p{suffix}")
    within = 0.0005 if suffix == ".mkv" else 0
    assert [abs(one - other) <= within for one, other in zip(times(source), times(target), strict=True)] == [True] * 7
    for before, after in zip(packets(source), packets(target), strict=True):
        assert [code for _, code in before] == [code for _, code in after]
        assert all(abs(one - other) <= within for (one, _), (other, _) in zip(before, after, strict=True))
    with av.open(str(source)) as one, av.open(str(target)) as other:
        if suffix != ".mov":  # whose languages are fewer
            languages = [[track.metadata["language"] for track in clip.streams.audio] for clip in (one, other)]
            assert languages[0] == languages[1]
        if suffix != ".mkv":
            lengths = [clip.streams.video[0].duration * clip.streams.video[0].time_base for clip in (one, other)]
            assert lengths[0] == lengths[1]


def test_strength_0_gives_the_clip_back(stylizer, tmp_path):
    source = make_clip(tmp_path / "c.mp4", gray_frames(5, 64, 48))
    target = painted(stylizer, source, tmp_path / "p.mp4")
    with open_clip(source) as one, open_clip(target) as other:
        for before, after in zip(one.frames(), other.frames(), strict=True):
            assert np.abs(before.pixels.astype(int) - after.pixels).mean() <= 2
    with av.open(str(target)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, context.profile) == ("h264", "yuv420p", "High")
        assert (context.color_range, context.colorspace, context.color_trc, context.color_primaries) == (1, 1, 1, 1)
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(
    ("suffix", "codec", "name", "size"),
    [
        (".mp4", "hevc", "hevc", (66, 34)), (".mp4", "av1", "av1", (66, 34)), (".webm", None, "vp9", (65, 33)),
        (".mov", "prores", "prores", (66, 34)), (".mkv", "ffv1", "ffv1", (65, 33)), (".mp4", None, "h264", (66, 34)),
    ],
)  # fmt: skip
def test_codecs_and_odd_sizes(stylizer, tmp_path, suffix, codec, name, size):
    source = make_clip(tmp_path / "c.mkv", gray_frames(3, 65, 33), codec="ffv1", pix_fmt="bgr0")
    notes = []
    target = painted(stylizer, source, tmp_path / f"p{suffix}", notes, codec=codec)
    with av.open(str(target)) as container:
        context = container.streams.video[0].codec_context
        assert context.name == ("libdav1d" if name == "av1" else name)
        assert (context.width, context.height) == size
        assert name != "hevc" or context.codec_tag == "hvc1"
    assert any("even sides" in note for note in notes) == (size != (65, 33))
    with open_clip(source) as one, open_clip(target) as other:
        for before, after in zip(one.frames(), other.frames(), strict=True):
            height, width = before.pixels.shape[:2]
            assert np.abs(before.pixels.astype(int) - after.pixels[:height, :width]).mean() <= 3


@pytest.mark.parametrize(("suffix", "kept"), [(".webm", True), (".mov", False), (".mp4", False), (".mkv", True)])
def test_alpha_is_kept_where_there_is_a_place(stylizer, tmp_path, suffix, kept):
    frames = [np.dstack([p, np.full(p.shape[:2], 60 * n, np.uint8)]) for n, p in enumerate(gray_frames(3))]
    source = make_clip(tmp_path / "c.webm", frames, codec="libvpx-vp9", pix_fmt="yuva420p")
    notes = []
    target = painted(stylizer, source, tmp_path / f"p{suffix}", notes)
    kept = choose_encoding(suffix, None, 92, alpha=True).alpha
    with open_clip(target) as clip:
        assert clip.alpha == kept
        if kept:
            for number, frame in enumerate(clip.frames()):
                assert np.abs(frame.pixels[..., 3].astype(int) - 60 * number).max() <= 4
    assert any("transparency" in note for note in notes) == (not kept)


def test_a_part_begins_at_0_and_its_sound_with_it(stylizer, tmp_path):
    source = make_clip(tmp_path / "c.mp4", gray_frames(50), sound=1)
    target = painted(stylizer, source, tmp_path / "p.mp4", start="0.4", end=1.2)
    assert times(target) == [Fraction(n, 25) for n in range(20)]
    inside = [(time, code) for time, code in packets(source)[0] if 0.4 <= time < 1.2]
    assert [code for _, code in inside] == [code for _, code in packets(target)[0]]
    assert packets(target)[0][0][0] == pytest.approx(float(inside[0][0]) - 0.4, abs=1e-4)


def test_what_a_container_does_not_hold_is_said(stylizer, tmp_path):
    source = make_clip(tmp_path / "c.mp4", gray_frames(5), sound=1)
    notes = []
    target = painted(stylizer, source, tmp_path / "p.webm", notes)
    assert any("the sound (aac) is encoded anew" in note for note in notes)
    with av.open(str(target)) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["opus"]


def test_tags_are_carried_but_not_the_place(stylizer, tmp_path):
    tags = {
        "title": "Spring",
        "comment": "mine",
        "creation_time": "2020-01-02T03:04:05.000000Z",
        "location": "+48+002/",
    }
    source = make_clip(tmp_path / "c.mkv", gray_frames(2), tags=tags)
    target = painted(stylizer, source, tmp_path / "p.mp4")
    with av.open(str(target)) as container:
        found = dict(container.metadata)
    assert (found["title"], found["creation_time"]) == ("Spring", tags["creation_time"])
    assert found["comment"].startswith("mine\nAlla Prima ")
    assert "location" not in found
    assert read_stamp(target).size == source.stat().st_size


def test_a_comment_has_one_stamp():
    one, other = (f"Alla Prima 1.0 look:{digit * 16} source:5" for digit in "ab")
    assert commented(commented("mine", one), other) == f"mine\n{other}"


def test_the_tables_agree():
    assert tuple(CODECS) == CLIP_CODECS
    assert {name for names in CONTAINERS.values() for name in names} == set(CODECS)
    with pytest.raises(OutputError, match="holds no prores"):
        choose_encoding(".mp4", "prores", 90, alpha=False)


@pytest.fixture
def short_segments(monkeypatch):
    monkeypatch.setattr("allaprima.film.clip_painter.SECONDS", Fraction(1, 5))


@pytest.mark.parametrize(("stroke", "matrix"), [("own", "1"), (64, "1"), (64, "5")])
def test_a_painting_that_was_stopped_goes_on_to_the_same_bytes(stylizer, tmp_path, short_segments, stroke, matrix):
    """At its own size in YUV, reduced in YUV, and in RGB; what is painted moves, so that paintings go on, too."""
    frames = [np.roll(checkered(128, 96), n, axis=1) for n in range(23)]
    source = make_clip(tmp_path / "c.mp4", frames, sound=1, options={"colorspace": matrix, "color_range": "1"})
    whole = painted(stylizer, source, tmp_path / "whole.mp4", strength=1.0, stroke=stroke)
    target, asked = tmp_path / "p.mp4", iter([False] * 13)
    with pytest.raises(StoppedError):
        painter(stylizer, strength=1.0, stroke=stroke).paint_file(source, target, stopped=lambda: next(asked, True))
    assert not target.exists()
    assert len(list(tmp_path.glob(".p.mp4.parts/*.json"))) >= 3  # two segments or more, and what they depend on
    assert len(list(tmp_path.glob(".p.mp4.parts/*.state"))) == 1  # each is as large as a painting
    with pytest.raises(ExistsError, match="unfinished"):
        painter(stylizer, strength=1.0, stroke=stroke).paint_file(source, target)
    with pytest.raises(ExistsError, match="another model or look"):
        painter(stylizer, strength=0.9, stroke=stroke).paint_file(source, target, resume=True)
    seen = []
    publish = painter(stylizer, strength=1.0, stroke=stroke).paint_file(
        source, target, lambda done, total: seen.append((done, total)), resume=True
    )
    publish(False)
    assert target.read_bytes() == whole.read_bytes()
    assert seen[0][0] > 5  # the first segment was not painted again
    assert seen[-1] == (23, 23)
    assert list(tmp_path.glob(".*")) == []


def test_another_clip_is_not_mixed_in(stylizer, tmp_path, short_segments):
    source = make_clip(tmp_path / "c.mp4", gray_frames(23))
    asked = iter([False] * 13)
    with pytest.raises(StoppedError):
        painter(stylizer).paint_file(source, tmp_path / "p.mp4", stopped=lambda: next(asked, True))
    data = bytearray(source.read_bytes())
    data[len(data) // 2] ^= 1
    source.write_bytes(data)
    with pytest.raises(ExistsError, match="another clip"):
        painter(stylizer).paint_file(source, tmp_path / "p.mp4", resume=True)


def test_segments_without_a_state_are_painted_again(tmp_path):
    """A run that was killed between two steps left the state of the one before, and that is where it goes on."""
    with segments.Work(tmp_path / "p.mp4", {}) as work:
        work.begin(resume=False)
        for number in range(3):
            work.place(number).write_bytes(b"frames")
            work.keep(number, [(number, 1)], b"state %d" % number)
        last = work.place(2)
    again = segments.Work(tmp_path / "p.mp4", {})
    assert [one.times for one in again.begin(resume=True)] == [[(0, 1)], [(1, 1)], [(2, 1)]]
    assert segments.Segment(last).state_file.read_bytes() == b"state 2"
    again.give_up()
    last.with_suffix(".state").unlink()
    last.with_name("00001.state").write_bytes(b"state 1")
    assert len(again.begin(resume=True)) == 2
    again.give_up()


def test_two_runs_do_not_paint_one_clip(tmp_path):
    with segments.Work(tmp_path / "p.mp4", {}) as work:
        work.begin(resume=False)
        with segments.Work(tmp_path / "p.mp4", {}) as other, pytest.raises(OutputError, match="another run"):
            other.begin(resume=True)
        assert work.folder.exists()


def test_killed_runs_go_on_to_the_same_bytes(tmp_path):
    """Real kills, at any moment. Of frames of two macroblocks x264 itself does not always give the same bytes."""
    source = make_clip(tmp_path / "c.mp4", gray_frames(620, 128, 96), sound=1)
    command = [sys.executable, "-m", "allaprima", "stylize", source, "-s", "udnie", "--stroke", "32", "-q", "-o"]
    subprocess.run([*command, tmp_path / "whole.mp4"], check=True, timeout=120)
    chance = random.Random(0)
    for number in range(3):
        target = tmp_path / f"p{number}.mp4"
        with subprocess.Popen([*command, target, "--resume"]) as process:
            try:
                process.wait(chance.uniform(1.0, 4.0))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        subprocess.run([*command, target, "--resume"], check=True, timeout=120)
        assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert list(tmp_path.glob(".*")) == []


def test_python_paints_clips_as_pictures(stylizer, tmp_path):
    source = make_clip(tmp_path / "c.mp4", gray_frames(3))
    target = stylizer.stylize_file(source, tmp_path / "p.webm", timeline="0:00 irises, 0:01 udnie", stroke=32)
    assert len(times(target)) == 3
    with pytest.raises(ExistsError):
        stylizer.stylize_file(source, target, "irises")
    with pytest.raises(OptionError, match="ends before"):
        stylizer.stylize_file(source, tmp_path / "q.mp4", "irises", start=2, end="0:01")
    with pytest.raises(PictureError, match="no frame in that part"):
        stylizer.stylize_file(source, tmp_path / "q.mp4", "irises", start=5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.mp4", "p.webm"]
