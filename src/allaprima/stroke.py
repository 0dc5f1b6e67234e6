"""Strokes of one size whatever the resolution: painted small, brought back sharp to the photograph's size.

A network paints strokes of so many pixels, hair-thin on a photograph of 24 megapixels. So it sees the photograph
reduced; its painting is enlarged, and the photograph's fine detail D, what the reduction lost, is laid over it:

    result = up(painted) + a · D,    D = Y − up(reduced Y),    Y the photograph's luminance

a is, for each pixel and channel, the slope with which the painting follows the photograph nearby, the linear
coefficient of the guided filter (He, Sun & Tang 2013, *Guided Image Filtering*, eq. 5), computed at the small size (He
& Sun 2015, *Fast Guided Filter*). Where the painting keeps an edge, the edge is as sharp as the photograph's, whichever
way the colours go; where it paints over plain sky, the sky's grain does not come back. Unlike the guided filter's own
result, which smooths what it cannot explain by the photograph, this keeps the strokes. Every step is local and runs
over bands of rows, so that memory stays bounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.color import LUMINANCE
from allaprima.style_model import SMALLEST_SIDE

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]

STROKE = 1024
"""Pixels on the longer side: larger photographs are painted at this size unless told otherwise."""

RADIUS = 4
"""Of the window in which the painting is compared with the photograph, in pixels of the reduced picture."""
EPSILON = (0.02 * 255) ** 2
"""Variance of luminance below which a window counts as plain; the guided filter's ε, 0.02² of a range of 1."""


def reduced_size(height: int, width: int, longest: int) -> tuple[int, int] | None:
    """(height, width) with at most ``longest`` pixels on the longer side, or None if the picture stays as it is.

    Within a tenth of its size it does: two resamplings would cost more sharpness than the strokes gain.
    """
    scale = longest / max(height, width)
    return (
        None if scale > 0.9 else (max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale)))
    )


def reduce(pixels: Pixels, height: int, width: int) -> Pixels:
    """Scale down [H, W, 3] to [height, width, 3], never with more than a band of rows in another format.

    Whole multiples are averaged first, down to twice the size wanted, the rest is Lanczos.
    """
    factor = max(1, min(pixels.shape[0] // (2 * height), pixels.shape[1] // (2 * width)))
    if factor > 1:
        band = factor * max(1, 512 // factor)
        bands = [np.asarray(Image.fromarray(pixels[top : top + band]).reduce(factor)) for top in _starts(pixels, band)]
        pixels = np.concatenate(bands)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _starts(pixels: Pixels, band: int) -> range:
    return range(0, pixels.shape[0], band)


class Enlarger:
    """Brings a painting of the reduced photograph to the photograph's size.

    Args:
        photo: the reduced photograph, uint8 [h, w, 3].
        painted: its painting, uint8 [h, w, 3].
        size: (H, W) of the photograph.
        share: of the photograph in the mixture, 0..1: the slope where a window is plain.
    """

    def __init__(self, photo: Pixels, painted: Pixels, size: tuple[int, int], share: float) -> None:
        self._height, self._width = size
        self._painted = Image.fromarray(painted)
        luminance = (photo @ LUMINANCE).astype(np.float32)
        self._luminance = Image.fromarray(luminance)
        self._slopes = [Image.fromarray(slope) for slope in slopes(luminance, painted, share)]

    def rows(self, photo: Pixels, top: int) -> Floats:
        """The result's rows that lie over ``photo``, uint8 [n, W, 3], rows of the photograph from ``top`` on.

        Returns:
            float32 [n, W, 3], not clipped to 0..255.
        """
        bottom = top + photo.shape[0]
        detail = (photo @ LUMINANCE).astype(np.float32) - self._enlarged(self._luminance, top, bottom)
        result = self._enlarged(self._painted, top, bottom).astype(np.float32)
        for channel, slope in enumerate(self._slopes):
            result[..., channel] += self._enlarged(slope, top, bottom) * detail
        return result

    def _enlarged(self, image: Image.Image, top: int, bottom: int) -> NDArray[np.generic]:
        """Rows ``top`` to ``bottom`` of an image enlarged to the photograph's size.

        Pillow resamples a part as it would the whole: its filter reaches beyond the box.
        """
        scale = image.height / self._height
        box = (0, top * scale, image.width, bottom * scale)
        size = (self._width, bottom - top)
        return np.asarray(image.resize(size, Image.Resampling.BICUBIC, box=box))


def slopes(luminance: Floats, painted: Pixels, share: float) -> list[Floats]:
    """How each channel of a painting follows a luminance [h, w]: three of [h, w], smoothed over the windows.

    a = (cov(Y, p) + ε · share) / (var(Y) + ε): with all of the photograph in the mixture it is 1.
    """
    mean = _window_mean(luminance)
    variance = _window_mean(luminance * luminance) - mean * mean
    result = []
    for channel in range(3):
        values = painted[..., channel].astype(np.float32)
        covariance = _window_mean(luminance * values) - mean * _window_mean(values)
        result.append(
            _window_mean((covariance + np.float32(EPSILON * share)) / (np.maximum(variance, 0) + np.float32(EPSILON)))
        )
    return result


def _window_mean(values: Floats) -> Floats:
    """The mean over a square window of 2 · ``RADIUS`` + 1 pixels, [h, w] -> [h, w]; the border pixels repeat."""
    for axis in (0, 1):
        pad = [(RADIUS + 1, RADIUS) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float64)
        size = values.shape[axis]
        ends, starts = (np.take(sums, range(k, k + size), axis=axis) for k in (2 * RADIUS + 1, 0))
        values = ((ends - starts) / (2 * RADIUS + 1)).astype(np.float32)
    return values
