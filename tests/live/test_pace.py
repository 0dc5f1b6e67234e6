"""The painted size follows what the machine can do."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from allaprima.live.pace import SCALES, Pace, fitted

BUDGET = 1 / 30


def run(pace: Pace, cost, seconds: float, now: float = 0.0) -> tuple[list[float], float]:
    """Paint for a while on a machine that takes ``cost(scale, now)`` seconds a frame; the scales of all frames."""
    scales = []
    end = now + seconds
    while now < end:
        scales.append(pace.scale)
        took = cost(pace.scale, now)
        now += max(took, BUDGET)
        pace.after(took, now)
    return scales, now


@given(st.floats(0.001, 0.5), st.floats(0, 0.01))
def test_the_rate_holds_at_about_the_largest_size_that_holds_it(whole, fixed):
    pace = Pace(30)
    scales, _ = run(pace, lambda scale, _: fixed + whole * scale**2, 60)
    last = scales[-1]
    assert fixed + whole * last**2 <= BUDGET or last == SCALES[-1]
    if last < 1:  # the next two would be too much, or too near to it
        larger = SCALES[max(0, SCALES.index(last) - 2)]
        assert fixed + whole * larger**2 > 0.6 * BUDGET


def test_a_machine_that_becomes_free_again_is_used_again():
    pace = Pace(30)
    scales, now = run(pace, lambda scale, _: 0.1 * scale**2, 5)
    assert scales[-1] < 0.6
    scales, _ = run(pace, lambda scale, _: 0.02 * scale**2, 20, now)
    assert scales[-1] == 1


def test_sizes_that_do_not_hold_are_tried_less_and_less():
    pace = Pace(30)

    def cost(scale: float, now: float) -> float:
        return 0.012 if scale < 0.8 else 0.05  # a step that no prediction sees, such as a cache that is too small

    scales, _ = run(pace, cost, 300)
    rises = sum(before < after for before, after in itertools.pairwise(scales))
    assert 2 <= rises <= 12


def test_one_slow_frame_changes_nothing():
    pace = Pace(30)
    scales, _ = run(pace, lambda scale, now: 0.3 if 1 < now < 1.1 else 0.02, 5)
    assert set(scales) == {1.0}


def test_no_scale_below_the_smallest_is_chosen():
    pace = Pace(30, smallest=0.5)
    scales, _ = run(pace, lambda scale, _: 1.0, 30)
    assert min(scales) == 0.52


@given(st.tuples(st.integers(16, 8000), st.integers(16, 8000)), st.integers(160, 4000))
def test_a_fitted_size_is_even_and_within_the_limit(size, longest):
    width, height = fitted(size, longest)
    assert width % 2 == height % 2 == 0
    assert min(width, height) >= 16
    assert max(width, height) <= max(longest, 16) + 1
    if min(width, height) > 100:
        assert abs(width / height - size[0] / size[1]) < 0.05 * size[0] / size[1]
