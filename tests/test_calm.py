"""Whose statistics a frame has."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima import Stylizer
from allaprima.film.steps import painted
from allaprima.steady.calm import ALIKE, DELAY, Calm, Measured, look_of
from allaprima.steady.shot import Shot
from support import checkered


def gray(level: float) -> np.ndarray:
    """The look of a frame of that mean."""
    return np.array([level, level, level, 0.2, 0.2, 0.2, 0.05])


def calms(levels: list[float]) -> list[Calm]:
    found = [Calm.of(gray(levels[0]))]
    for level in levels[1:]:
        found.append(found[-1].then(gray(level)))
    return found


def test_a_frame_waits_before_others_have_its_statistics():
    found = calms([0.5] * 30)
    assert [calm.measured is not None for calm in found] == [True] + [False] * 29
    assert all(calm.held is None for calm in found[:DELAY])
    assert all(calm.held is found[0].measured for calm in found[DELAY:])


def test_what_flashes_by_is_never_held():
    found = calms([0.5] * (DELAY + 4) + [0.9] * 3 + [0.5] * 2 * DELAY)
    assert found[DELAY + 3].held is not None
    assert all(calm.held is None for calm in found[DELAY + 4 :][:3])  # painted with its own statistics
    assert found[-1].held.look[0] == 0.5


def test_a_slow_change_is_followed_without_a_frame_of_its_own_statistics_between():
    found = calms([0.5 + 0.0003 * t for t in range(300)])
    measured = [t for t, calm in enumerate(found) if calm.measured is not None]
    assert len(measured) > 3
    assert min(np.diff(measured)) >= DELAY
    assert all(calm.held is not None for calm in found[DELAY:])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_what_is_held_looks_alike_and_was_measured_long_before(levels):
    found = calms(levels)
    first = {id(calm.measured): t for t, calm in enumerate(found) if calm.measured is not None}
    for t, (level, calm) in enumerate(zip(levels, found, strict=True)):
        if calm.held is not None:
            assert t - first[id(calm.held)] >= DELAY
            assert calm.held.distance(gray(level)) <= 2 * ALIKE
    assert all(b - a >= DELAY for a, b in zip([*first.values()], [*first.values()][1:], strict=False))


@pytest.mark.parametrize(
    "changed", [lambda frame: frame // 2, lambda frame: frame // 2 + 64, lambda frame: np.roll(frame, 1, 2)]
)
def test_a_look_tells_light_contrast_and_color(changed):
    frame = checkered(160, 96)
    frame[..., 0] //= 2
    other = np.ascontiguousarray(changed(frame))
    looks = [look_of(one[::4, ::4].transpose(2, 0, 1).astype(np.float32), one) for one in (frame, other)]
    assert Measured(looks[0]).distance(looks[0]) == 0
    assert Measured(looks[0]).distance(looks[1]) > 2 * ALIKE


def test_a_look_tells_what_is_out_of_focus():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    small = np.full((3, 8, 8), 128, np.float32)
    assert Measured(look_of(small, noise)).distance(look_of(small, noise // 4 + 96)) > 2 * ALIKE


def test_a_fade_between_styles_is_painted_as_it_is():
    shot, frame = Shot(), checkered(64, 48)
    seen = []
    for t in range(8):
        mixtures = np.array([[0, min(t, 4) / 10, 1 - min(t, 4) / 10]], np.float32)
        seen.append(shot.see(frame, mixtures, 0.5, 0.2))
        shot.follow(seen[-1])
    assert [one.calm is None for one in seen] == [True] * 5 + [False] * 3


def frames(count: int) -> list[np.ndarray]:
    """A noisy picture that becomes brighter."""
    picture, random = checkered(96, 64) // 2 + 60, np.random.default_rng(0)
    return [np.uint8(picture + random.integers(0, 3, picture.shape) + t // 8) for t in range(count)]


def test_side_by_side_or_one_by_one_and_from_any_state():
    stylizer, pictures = Stylizer(threads=2), frames(22)
    session = stylizer.session("irises")
    one_by_one, states = [], []
    for picture in pictures:
        one_by_one.append(session.paint(picture))
        states.append(session.state())
    kinds = {frozenset({"held.look", "coming.look"} & set(np.load(io.BytesIO(state)))) for state in states}
    assert kinds == {
        frozenset(),
        frozenset({"coming.look"}),
        frozenset({"held.look"}),
        frozenset({"held.look", "coming.look"}),
    }
    again = stylizer.session("irises")
    blend = lambda frame: frame.blend()  # noqa: E731
    with painted(pictures, again, again.see, blend, lambda _item, _frame, painting: painting, lambda _: True) as done:
        for picture, state, (_, other, other_state) in zip(one_by_one, states, done, strict=True):
            assert np.array_equal(picture, other)
            assert state == other_state
    for begin in range(1, 22, 9):
        resumed = stylizer.session("irises")
        resumed.restore(states[begin])
        assert resumed.state() == states[begin]
        for picture, expected in zip(pictures[begin + 1 :], one_by_one[begin + 1 :], strict=True):
            assert np.array_equal(resumed.paint(picture), expected)
