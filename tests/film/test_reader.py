"""Clips are read upright, in the right colors, each frame once and with its own time."""

from __future__ import annotations

import io
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allaprima.errors import PictureError

av = pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.film.reader import open_clip  # noqa: E402
from film.clips import gray_frames, level, make_broken_clip, make_clip  # noqa: E402


def read(path, **options):
    with open_clip(path, **options) as clip:
        return clip, list(clip.frames())


def test_every_frame_once_with_its_own_time(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(30), rate=Fraction(24000, 1001), time_base=Fraction(1, 24000))
    clip, frames = read(path)
    assert (clip.size, clip.count, clip.rate, clip.alpha, clip.damage) == (
        (64, 48),
        30,
        Fraction(24000, 1001),
        False,
        [],
    )
    assert [frame.pts * clip.time_base for frame in frames] == [Fraction(1001 * n, 24000) for n in range(30)]
    assert [abs(int(frame.pixels[40, 40, 0]) - level(n)) <= 3 for n, frame in enumerate(frames)] == [True] * 30


def test_uneven_times_and_the_last_duration(tmp_path):
    times = [Fraction(n, 600) for n in (0, 20, 30, 90, 91, 200)]
    path = make_clip(tmp_path / "c.mp4", gray_frames(5), times=times, time_base=Fraction(1, 600), options={"bf": "0"})
    clip, frames = read(path)
    assert [frame.pts * clip.time_base for frame in frames] == times[:-1]
    assert clip.duration is not None


@pytest.mark.parametrize("turn", [(degrees, h, v) for degrees in (0, 90, 180, 270) for h in (0, 1) for v in (0, 1)])
def test_frames_are_upright(tmp_path, turn):
    """The matrix says what is done with a picture to be upright: turned counterclockwise, and then mirrored."""
    degrees, hflip, vflip = turn
    path = make_clip(tmp_path / "c.mp4", gray_frames(1), rotation=(degrees, bool(hflip), bool(vflip)))
    clip, (frame,) = read(path)
    wanted = np.rot90(gray_frames(1)[0], degrees // 90)
    wanted = wanted[:, ::-1] if hflip else wanted
    wanted = wanted[::-1] if vflip else wanted
    assert clip.size == wanted.shape[1::-1]
    assert np.abs(frame.pixels.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize(
    ("rows", "tag", "coefficients"), [(64, None, 6), (720, None, 1), (64, 1, 1), (720, 6, 6), (64, 9, 9)]
)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_colors_are_those_that_the_clip_says(rows, tag, coefficients, full, pix_fmt):
    """Frames made of numbers by the matrices of Recommendation ITU-T H.273, not by FFmpeg."""
    from allaprima.film.color import ToRGB

    for color in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 100, 50), (128, 128, 128)):
        frame = frame_of(color, coefficients, full, pix_fmt, rows)
        frame.color_range = 2 if full else 1
        if tag is not None:
            frame.colorspace = tag
        assert np.abs(ToRGB(frame)(frame).astype(int) - color).max() <= 2


def frame_of(color, coefficients, full, pix_fmt, rows):
    kr, kb = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}[coefficients]
    red, green, blue = (value / 255 for value in color)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = ((blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr)))
    bits = 10 if "10" in pix_fmt else 8
    top, scale = 2**bits - 1, 2 ** (bits - 8)
    if full:
        values = [luma * top, *(c * top + 2 ** (bits - 1) for c in chroma)]
    else:
        values = [(16 + 219 * luma) * scale, *((128 + 224 * c) * scale for c in chroma)]
    frame = av.VideoFrame(96, rows, pix_fmt)
    for plane, value in zip(frame.planes, values, strict=True):
        kind = np.uint16 if bits > 8 else np.uint8
        size = plane.buffer_size // np.dtype(kind).itemsize
        plane.update(np.full(size, min(top, round(value)), kind).tobytes())
    return frame


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(16, 90), height=st.integers(16, 70), count=st.integers(1, 9),
    kind=st.sampled_from([("mkv", "ffv1", "bgr0"), ("mkv", "libx264", "yuv444p"), ("webm", "libvpx-vp9", "yuv420p")]),
    rate=st.sampled_from([Fraction(12), Fraction(30000, 1001), Fraction(120)]),
)  # fmt: skip
def test_any_size_and_count(tmp_path, width, height, count, kind, rate):
    suffix, codec, pix_fmt = kind
    path = make_clip(
        tmp_path / f"c.{suffix}", gray_frames(count, width, height), codec=codec, pix_fmt=pix_fmt, rate=rate
    )
    clip, frames = read(path)
    assert clip.size == (width, height)
    assert [frame.pixels.shape for frame in frames] == [(height, width, 3)] * count
    for number, frame in enumerate(frames):
        assert abs(float(frame.pts * clip.time_base) - number / rate) <= 0.0005 + 1e-9
        assert abs(int(frame.pixels[-1, -1, 0]) - level(number)) <= 6


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"), [("webm", "libvpx-vp9", "yuva420p"), ("mov", "prores_ks", "yuva444p10le")]
)
def test_alpha_comes_in(tmp_path, suffix, codec, pix_fmt):
    frames = [
        np.dstack([pixels, np.full(pixels.shape[:2], 60 * n, np.uint8)]) for n, pixels in enumerate(gray_frames(4))
    ]
    clip, read_frames = read(make_clip(tmp_path / f"c.{suffix}", frames, codec=codec, pix_fmt=pix_fmt))
    assert clip.alpha
    for number, frame in enumerate(read_frames):
        assert np.abs(frame.pixels[..., 3].astype(int) - 60 * number).max() <= 3


def test_a_part_of_a_clip_is_exact_to_the_frame(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(50), options={"g": "20"})
    clip, frames = read(path, start=Fraction(23, 25), end=Fraction(31, 25))
    assert [round(frame.pts * clip.time_base * 25) for frame in frames] == list(range(23, 31))
    assert abs(int(frames[0].pixels[40, 40, 0]) - level(23)) <= 3
    assert (clip.count, clip.duration) == (8, Fraction(8, 25))


def test_a_stream_that_cannot_go_back(tmp_path):
    path = make_clip(tmp_path / "c.mkv", gray_frames(6), codec="ffv1", pix_fmt="bgr0")

    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.data = io.BytesIO(data)

        def read(self, size=-1):
            return self.data.read(size)

        def seekable(self):
            return False

        def readable(self):
            return True

    _, frames = read(Pipe(path.read_bytes()))
    assert [int(frame.pixels[40, 40, 0]) for frame in frames] == [level(n) for n in range(6)]


def test_woven_fields_are_taken_apart(tmp_path):
    comb = [np.zeros((64, 64, 3), np.uint8) for _ in range(6)]
    for number, pixels in enumerate(comb):
        pixels[::2, 8 * number : 8 * number + 8] = 255  # the two fields see the bar at two places
        pixels[1::2, 8 * number + 4 : 8 * number + 12] = 255
    path = make_clip(tmp_path / "c.mkv", comb, codec="mpeg2video", options={"flags": "+ildct+ilme", "qmax": "2"})
    clip, frames = read(path)
    assert clip.interlaced
    assert len(frames) == 6
    rows = np.abs(np.diff(frames[3].pixels[16:48, :, 1].astype(int), axis=0)).mean()
    assert rows < np.abs(np.diff(comb[3][16:48, :, 1].astype(int), axis=0)).mean() / 2


def hlg(tmp_path, transfer):
    options = {"x265-params": f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:log-level=none"}
    gray = [np.full((64, 64, 3), value, np.uint8) for value in (0, 128, 255)]
    return make_clip(tmp_path / "c.mp4", gray, codec="libx265", pix_fmt="yuv420p10le", options=options)


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_brought_to_sdr(tmp_path, transfer):
    clip, frames = read(hlg(tmp_path, transfer))
    assert clip.hdr
    black, middle, white = (int(frame.pixels[32, 32, 1]) for frame in frames)
    assert black <= 3
    assert black < middle < white
    assert white >= 250


def test_what_is_no_clip_gets_one_sentence(tmp_path):
    whole = make_clip(tmp_path / "c.mp4", gray_frames(40), options={"g": "5"}).read_bytes()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a clip")
    (tmp_path / "head.mp4").write_bytes(whole[:60])
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/passwd\n#EXT-X-ENDLIST\n")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for name, words in {
        "empty.mp4": "the file is empty",
        "text.mp4": "not a clip that can be read",
        "head.mp4": "can be",
        "list.mp4": "not a clip that can be read",
        "sound.mp4": "no moving picture in it, only sound",
        "missing.mp4": "cannot be read: No such file",
    }.items():
        with pytest.raises(PictureError, match=words):
            read(tmp_path / name)
    make_clip(tmp_path / "large.mp4", gray_frames(1, 400, 300))
    with pytest.raises(PictureError, match="400×300") as caught:
        read(tmp_path / "large.mp4", max_pixels=100_000)
    assert caught.value.options == ("max_pixels",)


def test_a_clip_that_breaks_off_says_so(tmp_path):
    clip, frames = read(make_broken_clip(tmp_path / "c.mp4"))
    assert 5 <= len(frames) < 40
    assert len(clip.damage) == 1


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_frames_of_open_groups_are_the_same_wherever_reading_begins(tmp_path, suffix):
    """Frames before a key frame in time may stand behind it and need the group before."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (96, 160, 3)).astype(np.uint8)
    frames = [np.roll(noise, 3 * t, 1) for t in range(40)]
    options = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0"}
    path = make_clip(tmp_path / f"c.{suffix}", frames, options=options, time_base=Fraction(1, 90000))
    _, whole = read(path)
    assert len(whole) == 40
    for number in range(8, 30):
        _, rest = read(path, after=whole[number].pts)
        assert [frame.pts for frame in rest] == [frame.pts for frame in whole[number + 1 :]]
        for one, other in zip(rest, whole[number + 1 :], strict=True):
            assert np.array_equal(one.pixels, other.pixels)


def test_a_clip_that_begins_before_0(tmp_path):
    times, muxing = [Fraction(n - 3, 25) for n in range(31)], {"avoid_negative_ts": "disabled"}
    path = make_clip(tmp_path / "c.mkv", gray_frames(30), codec="ffv1", pix_fmt="bgr0", times=times, muxing=muxing)
    clip, frames = read(path)
    assert [frame.pts * clip.time_base for frame in frames] == times[:-1]
    _, frames = read(path, start=Fraction(15, 25), end=Fraction(20, 25))
    assert [int(frame.pixels[40, 40, 0]) for frame in frames] == [level(n) for n in range(15, 20)]


def test_frames_of_another_size_in_the_middle_are_scaled_to_that_of_the_first(tmp_path):
    parts = [make_clip(tmp_path / f"{n}.h264", gray_frames(10, *size)) for n, size in enumerate([(160, 96), (96, 160)])]
    path = tmp_path / "c.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    clip, frames = read(path)
    assert clip.size == (160, 96)
    assert [frame.pixels.shape for frame in frames] == [(96, 160, 3)] * 20
    for number, frame in enumerate(frames):
        assert abs(int(frame.pixels[80, 140, 0]) - level(number % 10)) <= 4


def test_without_the_extra_one_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from pathlib import Path; from allaprima.film.reader import open_clip\n"
        "try:\n    open_clip(Path('c.mp4')).__enter__()\n"
        "except Exception as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("EngineError clips need the package av: pip install")
