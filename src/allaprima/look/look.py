"""Everything that a user chooses about a painting, and how the choices come together over the network's result.

The network's painting is enlarged to the photograph's size (``stroke.py``), takes the photograph's colours
(``color.py``) and is laid over the photograph, or over a second painting, through a mask (``mask.py``). All of it runs
over bands of rows, so that a picture of 100 megapixels needs little more than itself and its result, and every core has
a band to work on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from allaprima.color import Color, color_map, keep_color, luminance_map, luminance_of, with_luminance
from allaprima.errors import OptionError, StyleError
from allaprima.look.mask import Mask, blend, check_mask, fitted
from allaprima.look.stroke import Enlarger, Pixels, reduce, reduced_size
from allaprima.options import OPTIONS, STROKE
from allaprima.style_model import PHOTO, StyleSpec, parse_style, share_of_photo

Stroke = int | Literal["auto", "own"]
"""How large strokes are: see ``Look.stroke``."""

Mixture = NDArray[np.float32]
_BAND = 2**20
"""Pixels in a band of rows."""
_BANDS_AT_ONCE = 4
"""At most, so that a machine of many cores needs no more memory; each takes some 40 bytes a pixel."""


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
    def longest(self) -> int | None:
        """The longer side in pixels at which the network sees the picture; None is the picture's own size."""
        if isinstance(self.stroke, str):
            return STROKE if self.stroke == "auto" else None
        return self.stroke


class Layer:
    """One painting of a photograph, at the photograph's size and in the colours wanted.

    Args:
        photo: uint8 [H, W, 3].
        seen: what the network saw, ``photo`` itself or a reduced copy [h, w, 3].
        painted: what it made of it, uint8 [h, w, 3].
        share: of the photograph in ``painted``, 0..1.
        color: one of ``COLORS``.
    """

    def __init__(self, photo: Pixels, seen: Pixels, painted: Pixels, share: float, color: Color) -> None:
        self._painted = painted
        self._enlarger = None if seen is photo else Enlarger(seen, painted, photo.shape[:2], share)
        self._recolor = recoloring(color, painted, seen)

    def rows(self, photo: Pixels, top: int) -> NDArray[np.floating | np.uint8]:
        """The layer over ``photo``, rows [n, W, 3] of the photograph from ``top`` on; not clipped to 0..255."""
        if self._enlarger is None:
            return self._recolor(self._painted[top : top + photo.shape[0]], photo)
        return self._recolor(self._enlarger.rows(photo, top), photo)


Recolor = Callable[[NDArray[np.floating | np.uint8], Pixels], NDArray[np.floating | np.uint8]]
"""A painting's rows [n, W, 3] and the photograph's -> the painting's in other colours."""


def recoloring(color: Color, painted: Pixels, photo: Pixels) -> Recolor:
    """What gives any rows of a painting their colours, by the whole painting and the whole photograph [h, w, 3]."""
    if color == "luminance":
        return keep_color
    if color == "photo":
        scale, shift = luminance_map(luminance_of(painted), luminance_of(photo))
        return lambda rows, photo_rows: with_luminance(photo_rows, scale * luminance_of(rows) + shift)
    if color == "histogram":
        matrix, offset = color_map(painted, photo)
        return lambda rows, _: rows @ matrix.T + offset
    return lambda rows, _: rows


def paint(
    photo: Pixels, look: Look, mixtures: list[Mixture], run: Callable[[Pixels, Mixture], Pixels], threads: int = 1
) -> Pixels:
    """Paint a photograph.

    Args:
        photo: uint8 [H, W, 3].
        look: how; its styles are those of ``mixtures``.
        mixtures: of the style and, if there is one, of the style elsewhere.
        run: the network.
        threads: how many may work on bands.

    Returns:
        uint8 [H, W, 3].
    """
    height, width = photo.shape[:2]
    size = None if look.longest is None else reduced_size(height, width, look.longest)
    seen = photo if size is None else reduce(photo, *size)
    paintings = [photo if mixture[PHOTO] == 1 else run(seen, mixture) for mixture in mixtures]
    if seen is photo and look.mask is None and look.color == "style":
        return paintings[0]
    mask = None if look.mask is None else fitted(look.mask, height, width, look.feather, invert=look.invert_mask)
    layers = [
        None if painted is photo else Layer(photo, seen, painted, share_of_photo(mixture), look.color)
        for painted, mixture in zip(paintings, mixtures, strict=True)
    ]
    result = np.empty_like(photo)
    band = max(1, _BAND // width)

    def finish(top: int) -> None:
        rows = photo[top : top + band]
        over, *elsewhere = (rows if layer is None else layer.rows(rows, top) for layer in layers)
        if mask is not None:
            over = blend(mask[top : top + band], over, elsewhere[0] if elsewhere else rows)
        result[top : top + band] = np.clip(np.rint(over), 0, 255)

    with ThreadPoolExecutor(min(threads, _BANDS_AT_ONCE), "band") as pool:  # numpy and Pillow release Python's lock
        for _ in pool.map(finish, range(0, height, band)):
            pass  # an error of a band is raised here
    return result
