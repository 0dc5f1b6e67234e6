"""The blend that a strength inside the network is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from allaprima.evaluation.blend import blend, blend_of_equal_content
from support import checkered


def test_a_blend_lies_between_photograph_and_painting():
    pixels = checkered(20, 20)
    assert np.array_equal(blend(pixels, 255 - pixels, 0.0), pixels)
    assert np.array_equal(blend(pixels, 255 - pixels, 1.0), 255 - pixels)
    assert np.abs(blend(pixels, 255 - pixels, 0.5) - 127.5).max() <= 0.5


@pytest.mark.parametrize("share", [0.25, 0.7])
def test_the_blend_of_equal_content_is_found(judge, share):
    photo = checkered(32, 32)
    painted = np.flip(photo, axis=2)
    targets = judge.targets(photo, "waves")
    wanted = judge.terms(blend(photo, painted, share), targets)
    assert blend_of_equal_content(judge, photo, painted, targets, wanted["content"]) == pytest.approx(wanted, rel=0.05)


def test_no_blend_is_further_from_the_photograph_than_the_painting(judge):
    photo = checkered(32, 32)
    painted = np.flip(photo, axis=2)
    targets = judge.targets(photo, "waves")
    assert blend_of_equal_content(judge, photo, painted, targets, 1e9) == judge.terms(painted, targets)
