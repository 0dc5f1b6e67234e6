"""Parameters of requests: whatever strangers type, it is taken or refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

parameters = pytest.importorskip("allaprima.studio.parameters", reason="the extra studio is not installed")
from allaprima.studio.problems import ProblemError  # noqa: E402

NAMES = ("photo", "irises", "udnie")
TYPED = st.one_of(
    st.text(max_size=40),
    st.from_regex(
        r"[0-9]{1,3}:?[0-9.]{0,12} ?(irises|udnie:[0-9.e-]{1,8})?(, ?[0-9]{1,4} \w{1,5}( fade [0-9s]{1,4})?)?"
    ),
    st.floats().map(str),
    st.integers().map(str),
)


def status(typed, table, check, *rest) -> int:
    """What becomes of a request with such parameters, as far as they decide it."""
    try:
        values = parameters.read_parameters(typed.items(), table)
        check(values, *rest)
    except ProblemError as problem:
        return problem.status
    return 202


@given(st.dictionaries(st.sampled_from(sorted(parameters.CLIP)), TYPED, max_size=5))
@example({"style": "irises", "start": "9" * 5000})
@example({"timeline": "0 irises, 1 udnie fade 0"})
@example({"style": "irises", "end": "0"})
def test_of_a_clip(typed):
    assert status(typed, parameters.CLIP, parameters.check_clip, NAMES) in (202, 400, 404)


@given(st.dictionaries(st.sampled_from(sorted(parameters.TRAINING)), TYPED, max_size=5))
@example({"title": "x" * 300})
def test_of_a_training(typed):
    assert status(typed, parameters.TRAINING, parameters.check_training) in (202, 400)


@pytest.mark.parametrize("name", ["../../etc", "photo", "a,b", "", "a\n"])
def test_what_no_style_can_be_called(name):
    assert status({"name": name}, parameters.TRAINING, parameters.check_training) == 400
