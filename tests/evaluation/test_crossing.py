"""Where a curve comes down to a level: what must hold for any curve."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.evaluation.crossing import crossing, quartiles

positive = st.floats(0.01, 1000.0)
curves = st.lists(positive, min_size=1, max_size=40)


@given(curves, positive)
def test_the_crossing_lies_between_the_last_value_above_and_the_first_that_is_not(curve, level):
    place = crossing(curve, level)
    if math.isinf(place):
        assert min(curve) > level
        return
    after = math.ceil(place)
    assert curve[after] <= level or math.isclose(curve[after], level, rel_tol=1e-9)
    assert all(value > level for value in curve[: math.floor(place)])


@given(curves, positive)
def test_every_value_reached_for_the_first_time_is_crossed_at_its_own_iteration(curve, level):
    first = curve.index(min(curve))
    assert crossing(curve, min(curve)) == pytest.approx(first)
    assert crossing(curve, max(curve)) == 0.0 or curve[0] < max(curve)


@given(curves, positive, positive)
def test_a_lower_level_is_never_crossed_earlier(curve, one, other):
    low, high = sorted((one, other))
    assert crossing(curve, low) >= crossing(curve, high) - 1e-9


def test_between_two_iterations_it_is_a_straight_line():
    assert crossing([8.0, 4.0, 2.0], 3.0) == 1.5
    assert crossing([8.0, 4.0, 2.0], 8.0) == 0.0
    assert crossing([8.0, 4.0, 2.0], 1.0) == math.inf
    assert crossing([8.0, 4.0, 6.0, 1.0], 4.0) == 1.0


@given(st.lists(positive | st.just(math.inf), min_size=1, max_size=30))
def test_quartiles_are_values_in_order_even_if_some_are_infinite(values):
    low, middle, high = quartiles(values)
    assert low <= middle <= high
    assert {low, middle, high} <= set(values)
    assert sum(value <= middle for value in values) >= len(values) / 2
    assert sum(value >= middle for value in values) >= len(values) / 2
