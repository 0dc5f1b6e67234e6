"""Masks: which part of a picture is painted. White is the style, black what lies elsewhere, gray a blend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from allaprima.errors import OptionError

Rows = NDArray[np.floating | np.uint8]
Mask = NDArray[np.uint8 | np.bool_ | np.floating]
"""[h, w]: uint8 with 255 for the style, floats with 1, or bool with True."""

FEATHER = 0.01
"""Of the picture's shorter side: how wide the soft edge of a mask is by default."""


def check_mask(mask: Mask) -> None:
    """Refuse what is no mask.

    Raises:
        OptionError: another type or shape, or floats outside 0..1.
    """
    if not isinstance(mask, np.ndarray):
        raise OptionError(f"the pixels of a mask must be an array, not {type(mask).__name__}")
    if mask.ndim != 2 or mask.size == 0 or not (mask.dtype in (np.uint8, np.bool_) or mask.dtype.kind == "f"):
        raise OptionError(
            f"a mask must be uint8, bool, or float of 0 to 1, and of shape [H, W], not {mask.dtype} {list(mask.shape)}"
        )
    if mask.dtype.kind == "f" and not (mask.min() >= 0 and mask.max() <= 1):  # not a number fails, too
        raise OptionError("a mask of floats must lie between 0 and 1")


def fitted(
    mask: Mask, height: int, width: int, feather: float | None = None, *, invert: bool = False
) -> NDArray[np.uint8]:
    """The mask as it is laid over a picture.

    Args:
        mask: of any size.
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        feather: width of the soft edge in pixels; None is ``FEATHER`` of the shorter side.
        invert: whether black and white are swapped.

    Returns:
        uint8 [height, width], 255 for the style.
    """
    image = Image.fromarray(_bytes_of(mask))
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    radius = (FEATHER * min(height, width) if feather is None else feather) / 2
    if radius > 0:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    pixels = np.asarray(image)
    return 255 - pixels if invert else pixels


def _bytes_of(mask: Mask) -> NDArray[np.uint8]:
    if mask.dtype == np.uint8:
        return np.asarray(mask, np.uint8)
    return np.rint(np.asarray(mask, np.float32) * 255).astype(np.uint8)


def blend(mask: NDArray[np.uint8], above: Rows, below: Rows) -> NDArray[np.floating]:
    """``above`` where the mask is white, ``below`` where it is black: [h, w] and [h, w, 3] twice -> [h, w, 3]."""
    share = (mask / np.float32(255))[..., None]
    blended: NDArray[np.floating] = share * above + (1 - share) * below
    return blended
