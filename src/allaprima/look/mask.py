"""Masks: which part of a picture is painted. White is the style, black what lies elsewhere, grey a blend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from allaprima.errors import PictureError

Rows = NDArray[np.floating | np.uint8]

FEATHER = 0.01
"""Of the picture's shorter side: how wide the soft edge of a mask is by default."""


@dataclass(frozen=True)
class Mask:
    """A mask of any size.

    Attributes:
        pixels: uint8 [h, w], 255 for the style.
        feather: width of the soft edge in the picture's pixels (twice the standard deviation of the blur); None is
            ``FEATHER``.
        invert: 255 for what lies elsewhere instead.

    Raises:
        PictureError: it is no mask.
    """

    pixels: NDArray[np.uint8]
    feather: float | None = None
    invert: bool = False

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 2 or self.pixels.size == 0:
            raise PictureError(f"a mask must be uint8 of shape [H, W], not {self.pixels.dtype} {self.pixels.shape}")
        if self.feather is not None and not 0 <= self.feather < math.inf:
            raise PictureError(f"the feather must be a number of pixels, not {self.feather}")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def fitted(self, height: int, width: int) -> NDArray[np.uint8]:
        """The mask as it is laid over a picture of that size: uint8 [height, width]."""
        image = Image.fromarray(self.pixels)
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        radius = (FEATHER * min(height, width) if self.feather is None else self.feather) / 2
        if radius > 0:
            image = image.filter(ImageFilter.GaussianBlur(radius))
        fitted = np.asarray(image)
        return 255 - fitted if self.invert else fitted


def blend(mask: NDArray[np.uint8], above: Rows, below: Rows) -> NDArray[np.floating]:
    """``above`` where the mask is white, ``below`` where it is black: [h, w] and [h, w, 3] twice -> [h, w, 3]."""
    share = (mask / np.float32(255))[..., None]
    blended: NDArray[np.floating] = share * above + (1 - share) * below
    return blended
