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

from allaprima.look.enlarging import BITS, MIDDLE, drop_bits, enlarged
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

    By a whole number every pixel is an average, which is several times faster than a filter. Otherwise whole multiples
    are averaged down to twice the size wanted, and the rest is Lanczos.
    """
    rows, columns = pixels.shape[0] // height, pixels.shape[1] // width
    if rows == columns and pixels.shape[:2] == (height * rows, width * columns):
        return pixels if rows == 1 else _averaged(pixels, rows)
    factor = max(1, min(rows // 2, columns // 2))
    if factor > 1:
        pixels = _averaged(pixels, factor)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def _averaged(pixels: Pixels, factor: int) -> Pixels:
    band = factor * max(1, 512 // factor)
    bands = [np.asarray(Image.fromarray(pixels[top : top + band]).reduce(factor)) for top in _starts(pixels, band)]
    return np.concatenate(bands)


def _starts(pixels: Pixels, band: int) -> range:
    return range(0, pixels.shape[0], band)


class Enlarger:
    """Brings a painting of the reduced photograph to the photograph's size.

    It computes in 16-bit integers (``enlarging.py``); 99 % of the values are within 1 of 255 of the formula's.

    Args:
        photo: the reduced photograph, uint8 [h, w, 3].
        painted: its painting, uint8 [h, w, 3].
        size: (H, W) of the photograph, neither side less than the reduced one's.
        share: of the photograph in ``painted``, 0..1: the slope where a window is plain.
    """

    def __init__(self, photo: Pixels, painted: Pixels, size: tuple[int, int], share: float) -> None:
        small = painted.shape[0], painted.shape[1]
        luminance = Image.fromarray(photo).convert("L")
        self._colors = enlarged(Image.fromarray(painted), small, size, "cubic")
        self._luminance = enlarged(luminance, small, size, "cubic", beyond=True)
        found = slopes(np.asarray(luminance), painted, share)
        self._bits = bits_of(found)
        found *= 2**self._bits
        planes = (np.rint(found) + MIDDLE).astype(np.uint8)
        image = Image.merge("RGB", [Image.fromarray(plane) for plane in planes])
        rows = small[0] if size[0] % small[0] == 0 else size[0]  # between rows of the small picture they change little
        self._slopes = enlarged(image, small, (rows, size[1]), "linear", BLOCK)
        self._heights = rows, size[0]

    def rows(self, photo: Pixels, top: int) -> Pixels:
        """The result's rows that lie over ``photo``, uint8 [n, W, 3], rows of the photograph from ``top`` on.

        Returns:
            uint8 [n, W, 3].
        """
        bottom, bits = top + photo.shape[0], self._bits - 1  # one less leaves room for the sum
        colors = self._colors.planes(top, bottom)
        luminance = next(self._luminance.planes(top, bottom))
        drop_bits(luminance, BITS)
        detail = np.asarray(Image.fromarray(photo).convert("L")).astype(np.int16)
        detail -= luminance
        detail -= MIDDLE
        np.clip(detail, -255, 255, out=detail)  # more comes from the kernel's overshoot at black and white
        rows = np.empty_like(photo)
        rows_of_slopes, height = self._heights
        places = np.arange(top, bottom) * rows_of_slopes // height
        slopes_there = self._slopes.planes(int(places[0]), int(places[-1]) + 1)
        for channel in range(3):
            color, slope = next(colors), next(slopes_there)
            drop_bits(slope, BITS)
            change = slope.take(places - places[0], axis=0)
            change *= detail
            change >>= 1
            color >>= BITS - bits
            color += change
            color += (MIDDLE << bits) + (1 << (bits - 1))
            color >>= bits
            np.clip(color, 0, 255, out=color)
            rows[..., channel] = color
        return rows


def bits_of(slopes: Floats) -> int:
    """After the point in slopes: with so many they fit in a byte, and times detail in 16 bits."""
    return int(np.log2(127 / max(1.0, float(np.abs(slopes).max()))))


def slopes(luminance: Pixels, painted: Pixels, share: float, scale: float = 1.0) -> Floats:
    """How each channel of a painting follows a luminance: uint8 [h, w], [h, w, n] -> [n, h / BLOCK, w / BLOCK].

    a = (cov(Y, p) + ε · share) / (var(Y) + ε), smoothed over the windows: with the photograph as the painting
    it is 1. ``scale`` is the range of both, of that of bytes.
    """
    height, width, channels = painted.shape
    first, epsilon = 1 + channels, np.float32(EPSILON * scale**2)
    values = np.empty((2 * first, -(-height // BLOCK) * BLOCK, -(-width // BLOCK) * BLOCK), np.uint16)
    values[0, :height, :width] = luminance
    values[1:first, :height, :width] = painted.transpose(2, 0, 1)
    values[:first, :height, width:] = values[:first, :height, width - 1 : width]
    values[:first, height:] = values[:first, height - 1 : height]
    np.multiply(values[:first], values[0], out=values[first:])
    means = _window_mean(_block_mean(values))
    covariances = means[first:] - means[:first] * means[0]
    variance = np.maximum(covariances[0], 0)
    return _window_mean((covariances[1:] + epsilon * np.float32(share)) / (variance + epsilon))


def _block_mean(values: NDArray[np.uint16]) -> Floats:
    """The means of blocks of uint16 [n, h, w], whole ones."""
    rows = np.add(values[:, 0::BLOCK], values[:, 1::BLOCK], dtype=np.uint32)
    rows += values[:, 2::BLOCK]
    sums = (rows[..., 0::BLOCK] + rows[..., 1::BLOCK] + rows[..., 2::BLOCK]).astype(np.float32)
    sums /= np.float32(BLOCK * BLOCK)
    return sums


def _window_mean(values: Floats) -> Floats:
    """The mean over 3 × 3 values, [n, h, w] -> [n, h, w]; the border repeats."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1]
    rows += padded[:, 2:]
    means: Floats = rows[..., :-2] + rows[..., 1:-1]
    means += rows[..., 2:]
    means /= np.float32(9)
    return means
