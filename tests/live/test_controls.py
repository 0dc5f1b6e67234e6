"""What can be changed, and how styles fade."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import OptionError
from allaprima.live.controls import FADE, Choice, Controls

NAMES = ["irises", "udnie", "the_kiss"]


def controls(**values) -> Controls:
    return Controls(NAMES, Choice("irises", **values))


def test_a_new_style_fades_in_and_its_weight_never_jumps():
    one = controls()
    one.change({"style": "udnie"}, now=10)
    weights = [one.weights(10 + FADE * part / 20).get("udnie", 0.0) for part in range(21)]
    assert weights[0] == 0
    assert weights[-1] == 1
    assert max(after - before for before, after in itertools.pairwise(weights)) < 0.1


def test_a_choice_in_the_middle_of_a_fade_goes_on_from_there():
    one = controls()
    one.change({"style": "udnie"}, now=0)
    before = one.weights(FADE / 2)
    one.change({"style": "the_kiss"}, now=FADE / 2)
    assert one.weights(FADE / 2) == {**before, "the_kiss": 0.0}
    assert one.weights(2 * FADE) == {"the_kiss": 1.0}


def test_a_slider_of_the_mixture_is_followed_at_once():
    one = controls(second="udnie")
    one.change({"mix": 0.25}, now=5)
    assert one.weights(5) == {"irises": 0.75, "udnie": 0.25}


@given(st.lists(st.floats(0, 400), min_size=1, max_size=30).map(sorted), st.floats(1, 60))
def test_weights_are_a_mixture_at_any_time(times, wall):
    one = controls(second="udnie", mix=0.5)
    one.change({"wall": wall}, now=0)
    for now in times:
        weights = one.weights(now)
        assert sum(weights.values()) == pytest.approx(1)
        assert all(weight >= 0 for weight in weights.values())


def test_a_wall_goes_through_all_styles():
    one = controls(wall=0)
    one.change({"wall": 10}, now=0)
    seen = []
    for now in range(0, 31):
        one.weights(now)
        seen.append(one.choice.style)
    assert list(dict.fromkeys(seen)) == NAMES
    assert one.choice.style == "irises"
    one.change({"wall": 0}, now=31)
    assert one.weights(1000) == {"irises": 1.0}


@pytest.mark.parametrize(
    "values",
    [{"style": "nobody"}, {"style": ["udnie"]}, {"mix": 2}, {"strength": "much"}, {"stroke": 3}, {"color": "sepia"},
     {"mirror": 1}, {"wall": -1}, {"port": 1}, {"fps": 20}, {"source": "x"}, {"steady": None}],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(values):
    one = controls()
    with pytest.raises(OptionError):
        one.change({"strength": 0.5, **values}, now=0)
    assert one.choice == Choice("irises")
