"""Shares of a folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import OptionError
from allaprima.scale.shard import Shard, parse_shard


@given(st.text(), st.integers(1, 50))
def test_a_name_is_in_one_share(name, count):
    assert sum(name in Shard(index, count) for index in range(count)) == 1


def test_shares_are_about_as_large():
    names = [f"photos/img_{number:05}.jpg" for number in range(8000)]
    sizes = [sum(name in Shard(index, 8) for name in names) for index in range(8)]
    assert min(sizes) > 850
    assert max(sizes) < 1150


def test_names_that_are_no_unicode_have_a_share():
    assert "\udcff.jpg" in Shard()
    assert sum("\udcff.jpg" in Shard(index, 3) for index in range(3)) == 1


def test_shares_are_written_as_index_and_count():
    assert parse_shard("3/16") == Shard(3, 16)
    assert parse_shard(None) == Shard(0, 1)


@pytest.mark.parametrize("text", ["", "3", "3/", "-1/4", "a/b", "1/2/3", "4/4", "0/0"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(OptionError, match="shard"):
        parse_shard(text)
