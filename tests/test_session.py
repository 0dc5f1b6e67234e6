"""Frames one after the other: what every session does, however steady."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from allaprima import OptionError, PictureError, StyleError, Stylizer
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
