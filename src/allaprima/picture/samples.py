"""Samples of any number type as 8 bits: which number is white."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOTES = "allaprima_notes"
"""Where an opened picture's ``info`` has what the user should know of how it was read, sentences without a subject."""

_UNIT_RANGE = 2.0
"""Float samples that stay below run to 1, with what a resize overshoots."""
_USUAL = ((255.0, 100.0, 260.0), (65535.0, 260.0, 66_000.0))
"""White, and between which values the greatest lies, of numbers that once had 8 or 16 bits."""
_ORDINARY_MIDDLE = 8.0
"""The median above which floats are taken for 0..255 or 0..65,535, and not for light with a few bright spots."""
_WHITE_PERCENTILE = 99.5
_ENOUGH = 2**20
"""Samples that a percentile is taken of."""


def white_of_floats(parts: Iterable[NDArray[Any]], count: int) -> tuple[float, str]:
    """The value of float samples that is shown as white.

    1 if none is above 2; 255 or 65,535 if they look like whole numbers of 8 or 16 bits, or like such a picture after
    some arithmetic. All else is light of any brightness, an HDR picture: white is where a two-hundredth is brighter.

    Args:
        parts: the samples, in arrays of any shape.
        count: how many there are.

    Returns:
        The value, and a remark for the user if it is a guess, otherwise "".
    """
    step = max(1, count // _ENOUGH)
    top, whole, some = 0.0, True, [np.zeros(1)]
    for part in parts:
        values = np.nan_to_num(np.asarray(part).reshape(-1), posinf=0.0, neginf=0.0)
        top = max(top, float(values.max(initial=0.0)))
        few = values[::step].astype(np.float64)
        whole = whole and bool((few == np.rint(few)).all())
        some.append(few)
    if top <= _UNIT_RANGE:
        return 1.0, ""
    chosen = np.concatenate(some)
    middle, white = (float(value) for value in np.percentile(chosen, (50, _WHITE_PERCENTILE)))
    for usual, least, most in _USUAL:
        if top <= most and (whole or (top > least and middle > _ORDINARY_MIDDLE and white > usual / 8)):
            return usual, ""
    if white <= 0:
        white = top
    return white, f"has values up to {top:.3g}, of which {white:.3g} is shown as white and all above it too"


def white_of_integers(kind: np.dtype[Any], bits: int) -> float:
    """The greatest value of integers of so many bits, or of truth values."""
    return 1.0 if kind.kind == "b" else float(2 ** (bits - (kind.kind == "i")) - 1)


def to_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers in 0..255, rounded; what is outside is cut off, and what is no number is 0."""
    rounded: NDArray[np.uint8] = np.clip(np.rint(np.nan_to_num(values)), 0, 255).astype(np.uint8)
    return rounded
