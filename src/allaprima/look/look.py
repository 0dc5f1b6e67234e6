"""Everything that a user chooses about a painting, and which choices go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from allaprima.color import Color
from allaprima.errors import OptionError, StyleError
from allaprima.look.mask import Mask, check_mask
from allaprima.options import OPTIONS, STROKE
from allaprima.style_model import StyleSpec, parse_style

Stroke = int | Literal["auto", "own"]
"""How large strokes are: see ``Look.stroke``."""


@dataclass(frozen=True, eq=False)
class Look:
    """How a picture is painted: what can be chosen, and what can be chosen together.

    Attributes:
        style: a name, or a mixture; None if the model has only one.
        strength: 0 (the photograph) to 1 (the full style).
        stroke: the longer side in pixels at which the network sees the picture, 16 or more; "auto" is ``STROKE`` for
            every picture, wherever it comes from; "own" is the picture's own size.
        color: one of ``COLORS``.
        mask: where to paint, [h, w] of any size: uint8 with 255 for the style, floats of 0 to 1, or bool. None is
            everywhere.
        feather: width of the mask's soft edge in the picture's pixels (twice the standard deviation of the blur); None
            is a hundredth of the shorter side.
        invert_mask: paint where the mask is black instead.
        mask_style: the style where the mask is black; None is the photograph.

    Raises:
        OptionError: a value that is not allowed, or an option of a mask without one.
        StyleError: a style that cannot be read as one, or a strength outside 0..1.
    """

    style: StyleSpec | None = None
    strength: float = 1.0
    stroke: Stroke = "auto"
    color: Color = "style"
    mask: Mask | None = None
    feather: float | None = None
    invert_mask: bool = False
    mask_style: StyleSpec | None = None

    def __post_init__(self) -> None:
        OPTIONS["strength"].check(self.strength, StyleError)
        for name in ("stroke", "color", "feather", "invert_mask"):
            OPTIONS[name].check(getattr(self, name))
        for style in (self.style, self.mask_style):
            if style is not None:
                parse_style(style)
        if self.mask is not None:
            check_mask(self.mask)
            return
        given = {
            "feather": self.feather is not None,
            "invert_mask": self.invert_mask,
            "mask_style": self.mask_style is not None,
        }
        for name in (name for name, is_given in given.items() if is_given):
            raise OptionError(f"{name} needs a mask", options=("mask",))

    @property
    def plain(self) -> bool:
        """Whether nothing is done to a painting but to enlarge it: it keeps its colors, and covers all."""
        return self.color == "style" and self.mask is None

    @property
    def longest(self) -> int | None:
        """The longer side in pixels at which the network sees the picture; None is the picture's own size."""
        if isinstance(self.stroke, str):
            return STROKE if self.stroke == "auto" else None
        return self.stroke
