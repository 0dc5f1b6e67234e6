"""The size of pictures that a converted model takes."""

from __future__ import annotations

import re
from typing import NamedTuple

from allaprima.errors import OptionError
from allaprima.style_model import SMALLEST_SIDE

LARGEST_SIDE = 4096
"""Pixels. A model of a fixed size takes the memory for it at once, whatever it paints."""


class Size(NamedTuple):
    """In pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def parse_size(text: str) -> Size:
    """``"720x1280"``, height first -> the size.

    Raises:
        OptionError: it is not two whole numbers between 16 and 4096.
    """
    match = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)\s*", text)
    sides = [int(side) for side in match.groups()] if match else [0]
    if min(sides) < SMALLEST_SIDE or max(sides) > LARGEST_SIDE:
        raise OptionError(
            f"size must be HEIGHTxWIDTH, such as 720x1280, with sides from {SMALLEST_SIDE} to {LARGEST_SIDE}, "
            f"not {text!r}"
        )
    return Size(*sides)
