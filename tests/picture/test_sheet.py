"""How many columns a sheet has."""

from __future__ import annotations

import math

import pytest

from allaprima.picture.sheet import columns_for


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 2), (5, 3), (9, 3), (19, 5), (21, 7), (25, 5)])
def test_the_last_row_is_as_full_as_can_be(count, columns):
    assert columns_for(count) == columns


def test_a_sheet_is_never_much_wider_than_high():
    for count in range(1, 200):
        columns = columns_for(count)
        assert columns <= math.ceil(math.sqrt(count)) + 2
        assert columns * math.ceil(count / columns) - count <= -count % math.ceil(math.sqrt(count))
