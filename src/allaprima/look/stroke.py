"""Strokes of one size whatever the resolution: painted small, brought back sharp to the photograph's size.

A network paints strokes of so many pixels, hair-thin on a photograph of 24 megapixels. So it sees the photograph
reduced; its painting is enlarged, and the photograph's fine detail D, what the reduction lost, is laid over it:

    result = up(painted) + a · D,    D = Y − up(reduced Y),    Y the photograph's luminance

a is, for each pixel and channel, the slope with which the painting follows the photograph nearby, the linear
coefficient of the guided filter (He, Sun & Tang 2013, *Guided Image Filtering*, eq. 5), computed at the small size and
for every third pixel of it (He & Sun 2015, *Fast Guided Filter*): it varies slowly, and in between it is interpolated.
Where the painting keeps an edge, the edge is as sharp as the photograph's, whichever way the colors go; where it
paints over plain sky, the sky's grain does not come back. Unlike the guided filter's own result, which smooths what it
cannot explain by the photograph, this keeps the strokes. Every step is local and runs over bands of rows, so that
memory stays bounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.style_model import SMALLEST_SIDE

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]

BLOCK = 3
"""The window in which the painting is compared with the photograph is 3 × 3 blocks of so many pixels of the reduced
picture."""
EPSILON = (0.02 * 255) ** 2
"""Variance of luminance below which a window counts as plain; the guided filter's ε, 0.02² of a range of 1."""


def reduced_size(height: int, width: int, longest: int) -> tuple[int, int] | None:
    """(height, width) with at most ``longest`` pixels on the longer side, or None if the picture stays as it is.

    Within a quarter of its size it does: two resamplings would cost more sharpness, and more time, than the strokes
    gain.
    """
    scale = longest / max(height, width)
    return (
        None if scale >= 0.8 else (max(SMALLEST_SIDE, round(height * scale)), max(SMALLEST_SIDE, round(width * scale)))
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
        share: of the photograph in ``painted``, 0..1: the slope where a window is plain.
    """

    def __init__(self, photo: Pixels, painted: Pixels, size: tuple[int, int], share: float) -> None:
        self._height, self._width = size
        self._painted = Image.fromarray(painted)
        self._luminance = Image.fromarray(photo).convert("F")
        self._slopes = [Image.fromarray(slope) for slope in slopes(np.asarray(self._luminance), painted, share)]

    def rows(self, photo: Pixels, top: int) -> Floats:
        """The result's rows that lie over ``photo``, uint8 [n, W, 3], rows of the photograph from ``top`` on.

        Returns:
            float32 [n, W, 3], not clipped to 0..255.
        """
        bottom = top + photo.shape[0]
        luminance = np.asarray(Image.fromarray(photo).convert("F"))
        detail = luminance - self._enlarged(self._luminance, top, bottom, Image.Resampling.BICUBIC)
        result = self._enlarged(self._painted, top, bottom, Image.Resampling.BICUBIC).astype(np.float32)
        for channel, slope in enumerate(self._slopes):
            result[..., channel] += self._enlarged(slope, top, bottom, Image.Resampling.BILINEAR, BLOCK) * detail
        return result

    def _enlarged(
        self, image: Image.Image, top: int, bottom: int, kind: Image.Resampling, block: int = 1
    ) -> NDArray[np.generic]:
        """Rows ``top`` to ``bottom`` of an image, whose pixels are blocks of the painting's, at the photograph's size.

        Pillow resamples a part as it would the whole: its filter reaches beyond the box.
        """
        width, height = self._painted.width / block, self._painted.height / block
        box = (0, top * height / self._height, width, bottom * height / self._height)
        return np.asarray(image.resize((self._width, bottom - top), kind, box=box))


def slopes(luminance: Floats, painted: Pixels, share: float) -> list[Floats]:
    """How each channel of a painting follows a luminance: [h, w], [h, w, 3] -> three of [h / BLOCK, w / BLOCK].

    a = (cov(Y, p) + ε · share) / (var(Y) + ε), smoothed over the windows: with the photograph as the painting
    it is 1.
    """
    mean = _window_mean(_blocks(luminance))
    variance = np.maximum(_window_mean(_blocks(luminance * luminance)) - mean * mean, 0)
    result = []
    for channel in range(3):
        values = painted[..., channel].astype(np.float32)
        covariance = _window_mean(_blocks(luminance * values)) - mean * _window_mean(_blocks(values))
        result.append(_window_mean((covariance + np.float32(EPSILON * share)) / (variance + np.float32(EPSILON))))
    return result


def _blocks(values: Floats) -> Floats:
    """The means of blocks of float32 [h, w]; those at the end are smaller."""
    return np.asarray(Image.fromarray(values).reduce(BLOCK))


def _window_mean(values: Floats) -> Floats:
    """The mean over 3 × 3 values, [h, w] -> [h, w]; the border repeats."""
    for axis in (0, 1):
        padded = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        size = values.shape[axis]
        before, here, after = (np.take(padded, range(k, k + size), axis=axis) for k in range(3))
        values = (before + here + after) / np.float32(3)
    return values
