"""What a painting is made of while it is carried from frame to frame: one plane of RGB, or planes of Y, U and V.

Everything here works on a few planes, each as large as the picture or half as large in both directions. So clips whose
frames go to an encoder in YUV 4:2:0 are blended in it: 1.5 bytes a pixel instead of 4, and no way back from RGB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Planes = tuple[Pixels, ...]
"""A painting: RGB [H, W, 3] alone, or Y [H, W], and U and V, [H, W] or [H / 2, W / 2]. While it is carried along, RGB
is [H, W, 4], of which the last byte means nothing: it moves faster."""


def carried(painting: Planes) -> Planes:
    """A painting as it is carried along."""
    return (np.asarray(Image.fromarray(painting[0]).convert("RGBX")),) if painting[0].ndim == 3 else painting


def shown(painting: Planes) -> Planes:
    """A painting that was carried, as it is shown."""
    return (np.array(image(painting[0]).convert("RGB")),) if painting[0].ndim == 3 else painting


def luminance(painting: Planes) -> Pixels:
    """Of a painting that is carried, uint8 [H, W]; its own plane where it has one."""
    return np.asarray(image(painting[0]).convert("L")) if painting[0].ndim == 3 else painting[0]


def apart(painting: Planes) -> list[Pixels]:
    """The planes of a painting that is carried in which it becomes lighter or darker, as copies: R, G and B, or Y."""
    first = painting[0]
    return [np.array(band) for band in image(first).split()[:3]] if first.ndim == 3 else [first.copy()]


def together(parts: list[Pixels], painting: Planes) -> Planes:
    """A painting as it is shown, made of what ``apart`` gave of it and what did not change."""
    if painting[0].ndim == 3:
        return (np.array(Image.merge("RGB", [Image.fromarray(part) for part in parts])),)
    return (*parts, *painting[1:])


def image(plane: Pixels) -> Image.Image:
    """A plane, [H, W] or [H, W, 4], as Pillow's image, which shares its memory."""
    plane = np.ascontiguousarray(plane)
    mode = "L" if plane.ndim == 2 else "RGBX"
    return Image.frombuffer(mode, (plane.shape[1], plane.shape[0]), plane, "raw", mode, 0, 1)
