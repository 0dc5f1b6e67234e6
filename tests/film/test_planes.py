"""Frames that stay in YUV: the same paintings as by way of RGB, and only where that is possible."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image, ImageFilter

av = pytest.importorskip("av", reason="the extra video is not installed")

from allaprima import Stylizer  # noqa: E402
from allaprima.film import clip_painter  # noqa: E402
from allaprima.film.color import FromRGB, ToRGB  # noqa: E402
from allaprima.film.planes import FORMAT, InPlanes, planes_of  # noqa: E402
from allaprima.film.reader import open_clip  # noqa: E402
from allaprima.look.stroke import Enlarger, reduce  # noqa: E402
from allaprima.session import FrameInWork  # noqa: E402
from film.clips import gray_frames, make_clip  # noqa: E402


def photograph(width, height, seed=0):
    """Smooth areas, edges, and fine grain."""
    noise = np.random.default_rng(seed).integers(60, 200, (height // 16, width // 16, 3), np.uint8)
    large = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(seed + 1).normal(0, 6, (height, width, 1))
    return np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("size", "small"), [((128, 192), (64, 96)), ((162, 288), (54, 96)), ((150, 230), (62, 96))])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_paintings_are_enlarged_as_by_way_of_rgb(size, small, share):
    photo = photograph(size[1], size[0])
    frame = FromRGB(FORMAT)(photo)
    seen = reduce(photo, *small)
    painted = np.asarray(Image.fromarray(255 - seen).filter(ImageFilter.BoxBlur(1)))
    planes = InPlanes(size, small)
    result = planes.frame(planes_of(frame), planes.of_painting(painted), share)
    assert (result.format.name, result.width, result.height) == (FORMAT, size[1], size[0])
    in_yuv = ToRGB(result)(result).astype(float)
    in_rgb = ToRGB(result)(FromRGB(FORMAT)(Enlarger(seen, painted, size, share).rows(photo, 0))).astype(float)
    inside = np.s_[8:-8, 8:-8]
    luminance = [(one @ [0.2126, 0.7152, 0.0722])[inside] for one in (in_yuv, in_rgb)]
    assert np.abs(luminance[0] - luminance[1]).mean() < 2
    assert np.abs(in_yuv - in_rgb)[inside].mean() < 4
    steps = [np.abs(np.diff(one, axis=1)).mean() for one in luminance]
    assert 0.9 < steps[0] / steps[1] < 1.1


def test_the_photograph_itself_comes_back_to_the_byte():
    frame = FromRGB(FORMAT)(photograph(192, 128))
    planes, made = planes_of(frame), InPlanes((128, 192), (64, 96))
    result = made.frame(planes, made.of_painting(np.zeros((64, 96, 3), np.uint8)), 1.0)
    assert all(np.array_equal(a, b) for a, b in zip(planes, planes_of(result), strict=True))


def test_a_painting_in_planes_comes_back_in_rgb():
    painted = np.asarray(Image.fromarray(photograph(96, 64)).filter(ImageFilter.GaussianBlur(3)))
    planes = InPlanes((64, 96), (64, 96))
    back = planes.pixels(planes.of_painting(painted))
    assert np.abs(back.astype(int) - painted).mean() < 2


TAGGED = {"colorspace": "1", "color_range": "1"}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"options": TAGGED}, True),
        ({"options": {"colorspace": "5", "color_range": "1"}}, False),
        ({"options": {"colorspace": "1", "color_range": "2"}}, False),
        ({}, False),  # so small a picture is BT.601's
        ({"options": TAGGED, "pix_fmt": "yuv444p"}, False),
        ({"options": TAGGED, "pix_fmt": "yuv420p10le"}, False),
        ({"options": TAGGED, "rotation": (90, False, False)}, False),
    ],
)
def test_only_what_encoders_take_stays_in_yuv(tmp_path, choices, expected):
    path = make_clip(tmp_path / "c.mp4", gray_frames(2), **choices)
    with open_clip(path) as clip:
        assert clip.in_yuv is expected
    with open_clip(path, longest=32) as clip:
        assert not clip.in_yuv


def test_frames_in_yuv_are_those_of_the_clip(tmp_path):
    path = make_clip(tmp_path / "c.mp4", gray_frames(5), options=TAGGED)
    with open_clip(path) as clip, open_clip(path) as other:
        for frame, small in zip(clip.frames(), other.frames_in_yuv(24, 32), strict=True):
            assert (frame.pts, frame.duration) == (small.pts, small.duration)
            assert small.pixels.shape == (24, 32, 3)
            assert small.planes is not None
            assert [plane.shape for plane in small.planes] == [(48, 64), (24, 32), (24, 32)]
            assert np.abs(small.pixels.astype(int) - frame.pixels[::2, ::2]).mean() < 3


@pytest.mark.parametrize("steady", [0, 0.5])
@pytest.mark.parametrize("stroke", ["own", 96])
@pytest.mark.parametrize("tagged", [True, False])
def test_a_clip_is_painted_in_yuv_where_it_can_be(tmp_path, monkeypatch, stroke, steady, tagged):
    """And looks like the one that goes by way of RGB. At its own size a clip of BT.601 is painted so, too."""
    frames = [np.roll(photograph(192, 128), 2 * n, axis=1) for n in range(4)]
    options = {"color_primaries": "1", "color_trc": "1", "crf": "4"} | (TAGGED if tagged else {})
    source = make_clip(tmp_path / "c.mp4", frames, options=options)
    stylizer, results = Stylizer(threads=1), []
    blended_in_yuv = []
    blend_planes = FrameInWork.blend_planes
    monkeypatch.setattr(FrameInWork, "blend_planes", lambda *it: blended_in_yuv.append(1) or blend_planes(*it))
    for name in ("yuv", "rgb"):
        if name == "rgb":
            monkeypatch.setattr(clip_painter.ClipPainter, "_seen_in_yuv", lambda *_: None)
        stylizer.stylize_file(source, tmp_path / f"{name}.mp4", "irises", stroke=stroke, steady=steady, quality=100)
        with open_clip(tmp_path / f"{name}.mp4") as clip:
            results.append([(frame.pts * clip.time_base, frame.pixels.astype(int)) for frame in clip.frames()])
    assert [time for time, _ in results[0]] == [time for time, _ in results[1]] == [Fraction(n, 25) for n in range(4)]
    assert len(blended_in_yuv) == (4 if tagged or stroke == "own" else 0)
    for (_, yuv), (_, rgb) in zip(*results, strict=True):
        assert np.abs(yuv - rgb).mean() < 6
        assert np.abs(yuv.mean((0, 1)) - rgb.mean((0, 1))).max() < 2


@pytest.mark.parametrize("stroke", ["own", 32])
def test_a_clip_that_is_not_painted_comes_back(tmp_path, stroke):
    frames = [photograph(96, 64, seed) for seed in range(3)]
    source = make_clip(tmp_path / "c.mp4", frames, options=TAGGED | {"crf": "4"})
    Stylizer(threads=1).stylize_file(source, tmp_path / "p.mkv", "irises", 0, stroke=stroke, quality=100, codec="h264")
    with open_clip(source) as clip, open_clip(tmp_path / "p.mkv") as painted:
        for before, after in zip(clip.frames(), painted.frames(), strict=True):
            assert np.abs(before.pixels.astype(int) - after.pixels).mean() < 2


@pytest.mark.parametrize(
    ("options", "size", "suffix"),
    [
        ({"color": "photo"}, (64, 48), ".mp4"),
        ({"mask": np.eye(9) > 0}, (64, 48), ".mp4"),
        ({"codec": "ffv1"}, (64, 48), ".mkv"),
        ({"stroke": "own", "codec": "vp9"}, (63, 49), ".mkv"),
    ],
)
def test_other_looks_formats_and_sizes_go_by_way_of_rgb(tmp_path, monkeypatch, options, size, suffix):
    monkeypatch.setattr(InPlanes, "frame", lambda *_: 1 / 0)
    frames, further = gray_frames(2, *size), {} if size[0] % 2 == 0 else {"codec": "ffv1", "pix_fmt": "bgr0"}
    source = make_clip(tmp_path / f"c{suffix}", frames, **(further or {"options": TAGGED}))
    Stylizer(threads=1).stylize_file(source, tmp_path / f"p{suffix}", "irises", **{"stroke": 32, **options})
    with open_clip(tmp_path / f"p{suffix}") as clip:
        assert clip.size == size


def test_frames_are_counted_without_their_pixels(tmp_path, monkeypatch):
    path = make_clip(tmp_path / "c.mp4", gray_frames(5))
    with open_clip(path) as clip:
        monkeypatch.setattr(ToRGB, "__call__", lambda *_: 1 / 0)
        assert clip.counted() == 5
