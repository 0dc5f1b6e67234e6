"""Frames one after the other: what every session does, however steady."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageSequence

from allaprima import OptionError, PictureError, Session, StyleError, Stylizer
from allaprima.steady.blend import Kept, reduced, reduction_of
from allaprima.steady.detail import with_detail
from allaprima.steady.grid import GRID, followed, painted_at
from allaprima.steady.halves import moved_by_halves
from allaprima.steady.planes import carried
from allaprima.steady.shot import Shot
from support import checkered

STYLE = "great_wave"


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return Stylizer()


@pytest.mark.parametrize("options", [{}, {"stroke": 48, "color": "luminance"}, {"strength": 0.0}])
def test_at_steady_0_every_frame_is_painted_by_itself(stylizer, options):
    session = stylizer.session(STYLE, steady=0, **options)
    for seed in (0, 1):
        frame = checkered(96, 64, seed)
        painted = session.paint(frame)
        assert np.array_equal(painted, stylizer.stylize(frame, STYLE, **options))
        assert not np.shares_memory(painted, frame)


def test_alpha_is_kept(stylizer):
    frame = np.dstack([checkered(64, 48), np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)])
    painted = stylizer.session(STYLE).paint(frame)
    assert np.array_equal(painted[..., 3], frame[..., 3])
    assert np.array_equal(painted[..., :3], stylizer.session(STYLE).paint(frame[..., :3]))


def test_the_look_changes_with_the_next_frame(stylizer):
    frame = checkered(64, 48)
    session = stylizer.session(STYLE, steady=0)
    session.paint(frame)
    session.look = replace(session.look, style="the_scream", strength=0.7)
    assert np.array_equal(session.paint(frame), stylizer.stylize(frame, "the_scream", 0.7))
    with pytest.raises(StyleError, match="no style"):
        session.look = replace(session.look, style="nobody")
    assert session.look.style == "the_scream"


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 2), np.uint8),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((15, 32, 3), np.uint8),
        [[0]],
    ],
)
def test_what_is_no_frame_is_refused(stylizer, frame):
    with pytest.raises(PictureError):
        stylizer.session(STYLE).paint(frame)


@pytest.mark.parametrize("steady", [-0.1, 1.1, "much", None, True])
def test_steady_is_a_number_from_0_to_1(stylizer, steady):
    with pytest.raises(OptionError, match="steady must be a number between 0 and 1"):
        stylizer.session(STYLE, steady=steady)


@pytest.mark.parametrize("state", [b"", b"{}", b"[]", b"\xff", b'{"format": 99}'])
def test_what_is_no_state_is_refused(stylizer, state):
    with pytest.raises(OptionError, match="state"):
        stylizer.session(STYLE).restore(state)


def clip(count: int, step: int = 0, seed: int = 0, noise: float = 2.0) -> list[np.ndarray]:
    """Frames of a camera that moves ``step`` pixels a frame over a picture, with fresh noise in each."""
    wide = np.kron(checkered(48, 24, seed), np.ones((4, 4, 1)))
    random = np.random.default_rng(seed)
    frames = [wide[:, step * t : step * t + 128] for t in range(count)]
    return [np.clip(frame + random.normal(0, noise, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


def paintings(stylizer: Stylizer, frames: list[np.ndarray], style: str = STYLE, **options: float) -> list[np.ndarray]:
    return [*map(stylizer.session(style, **options).paint, frames)]


def flicker(painted: list[np.ndarray], step: int = 0) -> float:
    """The mean squared difference between frames, along the motion."""
    pairs = [(a[:, step:], b[:, : b.shape[1] - step]) for a, b in pairwise(painted)]
    return float(np.mean([np.square(a.astype(float) - b).mean() for a, b in pairs]))


@pytest.mark.parametrize("step", [0, 1, 3])
def test_paintings_of_a_still_or_moving_picture_flicker_less(stylizer, step):
    frames = clip(10, step)
    alone, steady = (flicker(paintings(stylizer, frames, steady=s), step) for s in (0, 0.5))
    assert steady < (0.25 if step == 0 else 0.75) * alone


def test_strokes_stay_on_what_the_camera_pans_over(stylizer):
    """The network's grid moves along: a pan by whole pixels flickers little more than a still picture."""
    still, pan = (flicker(paintings(stylizer, clip(8, step, noise=0), "irises"), step) for step in (0, 1))
    alone = flicker(paintings(stylizer, clip(8, 1, noise=0), "irises", steady=0), 1)
    assert still == 0
    assert pan < 0.25 * alone


def test_a_still_ground_stays_on_its_grid_behind_what_moves():
    flow = np.zeros((24, 32, 2), np.float32)
    flow[:, :18, 0] = 1.0
    assert followed((0, 0), flow) == (0, 0)
    flow[:, :30, 0] = 1.0
    assert followed((3, 2), flow) == (0, 2)
    assert followed((3, 2), flow * 4) == (3, 2)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(16, 40), st.integers(16, 40))
def test_a_frame_that_is_moved_on_the_grid_comes_back_at_its_place(x, y, width, height):
    frame = checkered(width, height)
    seen = []
    painted = painted_at((x, y), frame, lambda picture: seen.append(picture) or picture)
    assert np.array_equal(painted, frame)
    assert seen[0].shape == ((height, width, 3) if (x, y) == (0, 0) else (height + GRID, width + GRID, 3))


@pytest.mark.parametrize("options", [{"steady": 0.5}, {"steady": 0.5, "stroke": 32}, {"steady": 0}])
def test_frames_are_begun_before_those_before_them_are_finished(stylizer, options):
    frames = [np.dstack([frame, frame[..., 0]]) for frame in clip(4, 3)]
    session, sooner = (stylizer.session(STYLE, **options) for _ in range(2))
    begun = [sooner.begin(frame) for frame in frames]
    finished = [finish() for finish in reversed(begun)][::-1]
    for frame, painted in zip(frames, finished, strict=True):
        assert np.array_equal(painted, session.paint(frame))
    assert sooner.state() == session.state()


def test_moving_strokes_stay_crisp(stylizer):
    """Strokes that do not fit lose detail as they are blended, and get it back."""
    frames = clip(12, 0, noise=0)
    turned = [
        np.asarray(Image.fromarray(frame).rotate(0.7 * t, Image.Resampling.BICUBIC)) for t, frame in enumerate(frames)
    ]
    alone, steady = (
        np.mean([np.abs(np.diff(one.astype(int), axis=1)).mean() for one in paintings(stylizer, turned, steady=s)[4:]])
        for s in (0, 0.5)
    )
    assert 0.93 * alone < steady < 1.07 * alone


def test_detail_is_given_back_where_something_moves_alone():
    sharp = checkered(128, 64)
    plain = np.asarray(Image.fromarray(sharp).filter(ImageFilter.BoxBlur(1)))
    moving = np.array([[1, 1, 0, 0]] * 2, np.float32)
    blurred = carried((plain,))
    (result,) = with_detail(blurred, carried((sharp,)), moving)
    assert np.array_equal(result[:, 96:], plain[:, 96:])
    gray = (np.asarray(Image.fromarray(one[:, :48]).convert("L"), int) for one in (plain, result, sharp))
    steps = [np.abs(np.diff(one, axis=1)).mean() for one in gray]
    assert steps[0] < steps[1] <= 1.15 * steps[2]
    assert np.array_equal(with_detail(blurred, blurred, moving)[0], plain)


SIZES = st.integers(17, 400), st.integers(5, 200)


@given(*SIZES, st.tuples(st.integers(-9, 9), st.integers(-9, 9)), st.sampled_from([(), (4,)]))
@settings(deadline=None, max_examples=40)
def test_pictures_are_moved_by_halves_of_a_pixel(width, height, step, channels):
    """Inside, against cubic convolution in floats; each cell by its own step."""
    picture = np.random.default_rng(0).integers(0, 256, (height, width, *channels), np.uint8)
    steps = np.zeros((-(-height // 4), -(-width // 4), 2), np.int32)
    steps[:, 2:] = step
    moved = moved_by_halves([picture], steps, 4)[0]
    assert np.array_equal(moved[:, :8], picture[:, :8])
    exact = picture.astype(float)
    for axis, by in ((1, step[0]), (0, step[1])):
        if by % 2:
            around = [np.roll(exact, -k, axis) for k in (-1, 0, 1, 2)]
            exact = np.clip((9 * (around[1] + around[2]) - around[0] - around[3]) / 16, 0, 255)
        exact = np.roll(exact, -(by // 2), axis)
    inside = np.s_[8 : height - 8, 8 + 8 : width - 8]  # what a whole cell may have been outside of is at the border
    assert np.abs(moved[inside] - exact[inside]).max(initial=0) <= 1.2


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_what_is_moved_comes_from_inside_the_picture(width, height, seed):
    """Otherwise memory that nobody wrote would be seen, and the same clip would not give the same bytes."""
    picture = np.full((height, width, 4), 77, np.uint8)
    steps = np.random.default_rng(seed).integers(-60, 60, (-(-height // 4), -(-width // 4), 2), np.int32)
    assert np.array_equal(moved_by_halves([picture], steps, 4)[0], picture)


@given(st.integers(1, 700), st.integers(1, 40))
@settings(deadline=None, max_examples=40)
def test_frames_are_reduced_to_means(width, height):
    frame = checkered(width, height)
    each = reduction_of(height, width)
    expected = np.asarray(Image.fromarray(frame).reduce(each)).transpose(2, 0, 1)
    whole = np.s_[:, : height // each, : width // each]
    result = reduced(frame)
    assert (result.shape, result.dtype) == (expected.shape, np.float32)
    assert np.array_equal(result[whole], expected[whole])
    assert np.array_equal(reduced(np.full_like(frame, 77)), np.full(result.shape, 77))


def test_a_session_holds_memory_for_what_it_remembers():
    assert Shot.bytes_beside(100, 200, 2) - Shot.bytes_beside(100, 200, 1) == 2 * 4 * 100 * 200


def test_the_frame_after_a_cut_is_painted_as_if_it_were_alone(stylizer):
    frames = [*clip(4), *clip(4, seed=9)]
    painted = paintings(stylizer, frames)
    assert np.array_equal(painted[0], paintings(stylizer, frames[:1], steady=0)[0])
    assert np.array_equal(painted[4], paintings(stylizer, frames[4:5], steady=0)[0])
    assert not np.array_equal(painted[5], paintings(stylizer, frames[5:6], steady=0)[0])


def test_a_fade_is_no_cut(stylizer):
    frames = [(frame * (1 - 0.06 * t)).astype(np.uint8) for t, frame in enumerate(clip(14))]
    alone = paintings(stylizer, frames, steady=0)
    assert not any(np.array_equal(a, b) for a, b in pairwise(alone))
    session = stylizer.session(STYLE)
    equal = [np.array_equal(session.paint(frame), one) for frame, one in zip(frames, alone, strict=True)]
    assert equal == [True, *[False] * 13]


def test_much_stays_of_fine_structure_that_turns_slowly():
    """Its motion is never found exactly, and where it is steep that looks like a difference."""
    picture = Image.fromarray(
        np.kron(np.random.default_rng(5).integers(0, 256, (40, 40, 3)), np.ones((6, 6, 1))).astype(np.uint8)
    )
    before, now = (
        np.asarray(picture.rotate(angle, Image.Resampling.BICUBIC).crop((40, 40, 168, 136))) for angle in (0.0, 0.5)
    )
    white, black = (np.full((96, 128, 4), level, np.uint8) for level in (255, 0))
    kept = Kept(reduced(before), (0, 0), reduced(now), (96, 128), steady=0.5)
    assert kept.blended((white,), (black,))[0][0].mean() > 0.4 * 255
    other = Kept(reduced(before), (0, 0), reduced(now[::-1, ::-1]), (96, 128), steady=0.5)
    assert other.blended((white,), (black,))[0][0].mean() < 0.03 * 255


def test_what_was_uncovered_is_painted_anew(stylizer):
    """No trail of what was there before."""
    ground = clip(1, noise=0)[0]
    covered = ground.copy()
    covered[24:72, 40:88] = [250, 20, 40]
    painted = paintings(stylizer, [covered] * 3 + [ground] * 5)
    wanted = paintings(stylizer, [ground], steady=0)[0]
    assert np.abs(painted[-1][24:72, 40:88].astype(int) - wanted[24:72, 40:88]).mean() < 1


def test_nothing_drifts(stylizer):
    frames = clip(40)
    painted = paintings(stylizer, frames, steady=1)
    alone = paintings(stylizer, frames, steady=0)
    middle = np.mean(alone, axis=0)
    assert np.abs(np.mean(painted[-10:], axis=0) - middle).mean() < 2.5  # much of it is chance
    assert abs(np.mean(painted[-1]) - middle.mean()) < 1


def test_the_state_goes_on_to_the_byte(stylizer):
    frames = clip(7, 2)
    first = stylizer.session(STYLE)
    for frame in frames[:3]:
        first.paint(frame)
    second = stylizer.session(STYLE)
    second.restore(first.state())
    assert second.state() == first.state()
    for frame in frames[3:]:
        assert np.array_equal(first.paint(frame), second.paint(frame))
    assert second.state() == first.state()


def yuv(pixels: np.ndarray, part: int = 2) -> tuple[np.ndarray, ...]:
    """Planes of Y, U and V, of which the last two are smaller."""
    y, u, v = Image.fromarray(pixels).convert("YCbCr").split()
    return np.asarray(y), np.asarray(u.reduce(part)), np.asarray(v.reduce(part))


def in_planes(stylizer, frames, part: int = 2, **options: float) -> list[tuple[np.ndarray, ...]]:
    session = stylizer.session(STYLE, **options)
    return [session.see(frame).compute().blend_planes(lambda one: yuv(one, part))() for frame in frames]


@pytest.mark.parametrize("part", [1, 2])
@pytest.mark.parametrize("step", [0, 3])
def test_paintings_are_as_steady_in_yuv_as_in_rgb(stylizer, step, part):
    frames = [*clip(6, step), *clip(3, step, seed=9)]
    in_rgb, steady = paintings(stylizer, frames), in_planes(stylizer, frames, part)
    alone = in_planes(stylizer, frames, part, steady=0)
    for rgb, planes in zip(in_rgb, steady, strict=True):
        for expected, plane in zip(yuv(rgb, part), planes, strict=True):
            assert np.abs(expected.astype(int) - plane).mean() < 2.5
    for first in (0, 6):
        assert all(np.array_equal(a, b) for a, b in zip(alone[first], steady[first], strict=True))
    for plane, by in zip(range(3), (step, step // part, step // part), strict=True):
        if by * part == step:
            assert flicker([one[plane] for one in steady[1:6]], by) < flicker([one[plane] for one in alone[1:6]], by)


def test_the_state_of_planes_goes_on_to_the_byte(stylizer):
    frames = clip(5, 2)
    first, second = stylizer.session(STYLE), stylizer.session(STYLE)
    paint = [lambda frame, to=to: to.see(frame).compute().blend_planes(yuv)() for to in (first, second)]
    for frame in frames[:3]:
        paint[0](frame)
    second.restore(first.state())
    for frame in frames[3:]:
        assert all(np.array_equal(a, b) for a, b in zip(*(one(frame) for one in paint), strict=True))
    assert second.state() == first.state()


def test_a_painting_in_other_planes_begins_anew(stylizer):
    session, (frame, other) = stylizer.session(STYLE), clip(2)
    session.see(frame).compute().blend_planes(yuv)()
    assert np.array_equal(session.paint(other), stylizer.stylize(other, STYLE))


@pytest.mark.parametrize(
    ("options", "plain"),
    [({}, True), ({"stroke": 32}, False), ({"color": "photo"}, False), ({"mask": np.eye(9) > 0}, False)],
)
def test_a_frame_says_whether_the_network_alone_makes_its_painting(stylizer, options, plain):
    assert stylizer.session(STYLE, **options).see(clip(1)[0]).plain is plain


def test_two_looks_at_a_time_are_both_steady(stylizer):
    frames = clip(5)
    mask = np.tile(np.linspace(0, 1, 128) > 0.5, (96, 1))
    options = {"mask": mask, "mask_style": "japanese_bridge", "stroke": 64}
    alone, steady = ([*map(stylizer.session("cotopaxi", steady=s, **options).paint, frames)] for s in (0, 0.5))
    for half in (slice(0, 60), slice(68, 128)):
        assert flicker([painting[:, half] for painting in steady]) < 0.75 * flicker([p[:, half] for p in alone])


def test_another_style_shows_at_once_and_a_fade_stays_steady(stylizer):
    frames = clip(3)
    session = stylizer.session(STYLE)
    session.paint(frames[0])
    session.look = replace(session.look, style="the_scream")
    assert np.array_equal(session.paint(frames[1]), stylizer.stylize(frames[1], "the_scream"))
    session.look = replace(session.look, style="the_scream:0.97,great_wave:0.03")
    assert not np.array_equal(session.paint(frames[2]), stylizer.stylize(frames[2], session.look.style))


def test_a_frame_of_another_size_begins_anew(stylizer):
    session = stylizer.session(STYLE)
    for frame in (clip(1)[0], checkered(65, 51), checkered(16, 16)):
        assert np.array_equal(session.paint(frame), stylizer.stylize(frame, STYLE))
    session.paint(clip(1)[0])
    session.reset()
    assert np.array_equal(session.paint(clip(2)[1]), stylizer.stylize(clip(2)[1], STYLE))


@settings(max_examples=15)
@given(st.integers(16, 70), st.integers(16, 70))
def test_any_size(width, height):
    session = Stylizer().session(STYLE) if not SESSIONS else SESSIONS[0]
    SESSIONS[:] = [session]
    frame = checkered(width, height)
    for shift in range(3):
        assert session.paint(np.roll(frame, shift, 1)).shape == frame.shape


SESSIONS: list[Session] = []


@pytest.mark.parametrize("kind", ["gif", "apng", "webp"])
def test_animations_are_painted_steadily(tmp_path, kind):
    frames = clip(6)
    source, pictures = tmp_path / f"a.{kind}", [Image.fromarray(frame) for frame in frames]
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=40, lossless=True)

    def painted(steady: float) -> list[np.ndarray]:
        target = tmp_path / f"{steady}.webp"
        Stylizer().stylize_file(source, target, STYLE, steady=steady, quality=100)
        with Image.open(target) as image:
            return [np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(image)]

    alone, steady = painted(0), painted(0.5)
    assert len(alone) == len(steady) == 6
    assert flicker(steady) < 0.5 * flicker(alone)
