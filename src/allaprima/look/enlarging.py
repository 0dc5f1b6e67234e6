"""Pictures enlarged band by band, in whole numbers of 16 bits.

Frames of clips, and many photographs, are reduced by a whole number F. Then every pixel becomes F of a row, each a sum
of its neighbors with weights that are the same all over the picture, and numpy computes a whole band with each weight.
Other factors take Pillow for the columns, and gather the rows that each row is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ints = NDArray[np.int16]
Kernel = Literal["linear", "cubic"]

MIDDLE = 128
"""Of a byte; values less it have a sign."""
BITS = 7
"""After the point in a weight. The magnitudes of a pixel's weights sum to 1.25 at most, so that a byte with a sign fits
in 16 bits with them, weighted in both directions."""


class Enlarged(Protocol):
    """A picture at a larger size."""

    def planes(self, top: int, bottom: int) -> Iterator[Ints]:
        """Some of its rows, band by band, less ``MIDDLE`` and with ``BITS`` after the point: int16 [bottom - top, W].

        They come one by one since a processor's cache holds one, with what is made of it, but not all.
        """
        ...


def enlarged(
    image: Image.Image,
    small: tuple[int, int],
    size: tuple[int, int],
    kernel: Kernel,
    block: int = 1,
    *,
    beyond: bool = False,
) -> Enlarged:
    """A picture at a larger size.

    Args:
        image: of one band of bytes or more.
        small: (h, w), what becomes (H, W).
        size: (H, W).
        kernel: a pixel is made of the two nearest in each direction, or of four (Keys 1981, *Cubic Convolution
            Interpolation for Digital Image Processing*, with a = -1/2 as in Pillow).
        block: the image's pixels stand for blocks of so many pixels of the small picture, and the last ones may reach
            beyond it.
        beyond: whether values less than 0 and greater than 255, which "cubic" makes of edges, stay between columns and
            rows. If not they are cut off, as Pillow does with bytes.
    """
    if size[0] % small[0] == 0 and size[1] % small[1] == 0:
        return _ByWholeFactor(image, (size[0] // small[0] * block, size[1] // small[1] * block), size, kernel, beyond)
    return _ByAnyFactor(image, (small[0] / block, small[1] / block), size, kernel, beyond)


class _ByWholeFactor:
    """Every pixel becomes so many, ``factors`` are (of rows, of columns), as far as ``size`` reaches."""

    def __init__(
        self, image: Image.Image, factors: tuple[int, int], size: tuple[int, int], kernel: Kernel, beyond: bool
    ) -> None:
        self._factors, self._width, self._beyond = factors, size[1], beyond
        self._kernel: Kernel = kernel
        around = _KERNELS[kernel].reach
        bands, inner = image.split(), slice(around, -around)
        self._planes = np.empty((len(bands), image.height + 2 * around, image.width + 2 * around), np.int16)
        for plane, band in zip(self._planes, bands, strict=True):
            np.subtract(np.asarray(band), MIDDLE, out=plane[inner, inner], dtype=np.int16)
            plane[inner, :around] = plane[inner, around : around + 1]
            plane[inner, -around:] = plane[inner, -around - 1 : -around]
            plane[:around], plane[-around:] = plane[around], plane[-around - 1]

    def planes(self, top: int, bottom: int) -> Iterator[Ints]:
        factor, around = self._factors[0], _KERNELS[self._kernel].reach
        first, last = top // factor, -(-bottom // factor)
        count = last - first
        scratch = np.empty((count, self._width), np.int16)
        for plane in self._planes:
            wide = self._widened(plane[first : last + 2 * around])
            result = np.empty((count, factor, self._width), np.int16)
            for phase, (begin, weights) in enumerate(_phases(self._kernel, factor)):
                parts = [wide[begin + k : begin + k + count] for k in range(2 * around)]
                _add_up(parts, weights, result[:, phase], scratch)
            yield result.reshape(-1, self._width)[top - first * factor : bottom - first * factor]

    def _widened(self, plane: Ints) -> Ints:
        """[n, w + a margin] -> [n, W]."""
        factor, around = self._factors[1], _KERNELS[self._kernel].reach
        count = plane.shape[1] - 2 * around
        result = np.empty((len(plane), count, factor), np.int16)
        total, scratch = (np.empty((len(plane), count), np.int16) for _ in range(2))
        for phase, (begin, weights) in enumerate(_phases(self._kernel, factor)):
            parts = [plane[:, begin + k : begin + k + count] for k in range(2 * around)]
            _add_up(parts, weights, total, scratch)
            drop_bits(total, BITS)
            if not self._beyond:
                np.clip(total, -MIDDLE, MIDDLE - 1, out=total)
            result[..., phase] = total
        return result.reshape(len(plane), -1)[:, : self._width]


class _ByAnyFactor:
    """(h, w) pixels become ``size``; fractions of pixels end the image before its end."""

    def __init__(
        self, image: Image.Image, small: tuple[float, float], size: tuple[int, int], kernel: Kernel, beyond: bool
    ) -> None:
        self._images = [band.convert("F") for band in image.split()] if beyond else [image]
        self._small_width, self._width, self._beyond = small[1], size[1], beyond
        self._filter = _KERNELS[kernel].pillow
        self._index, self._weights = _taps(kernel, image.height, small[0], size[0])

    def planes(self, top: int, bottom: int) -> Iterator[Ints]:
        index, weights = self._index[:, top:bottom], self._weights[:, top:bottom]
        first, last = int(index.min()), int(index.max()) + 1
        count, scratch = last - first, np.empty((bottom - top, self._width), np.int16)
        parts = (image.crop((0, first, image.width, last)) for image in self._images)
        box = (0, 0, self._small_width, count)
        wide = (part.resize((self._width, count), self._filter, box=box) for part in parts)
        for band in (band for image in wide for band in image.split()):
            rows = np.rint(np.asarray(band)).astype(np.int16) if self._beyond else np.asarray(band).astype(np.int16)
            rows -= MIDDLE
            total = rows.take(index[0] - first, axis=0)
            total *= weights[0]
            for places, weight in zip(index[1:] - first, weights[1:], strict=True):
                rows.take(places, axis=0, out=scratch, mode="clip")  # other modes copy ``out``
                scratch *= weight
                total += scratch
            yield total


def _add_up(parts: Sequence[Ints], weights: Ints, total: Ints, scratch: Ints) -> None:
    np.multiply(parts[0], weights[0], out=total)
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        np.multiply(part, weight, out=scratch)
        total += scratch


def drop_bits(values: Ints, bits: int) -> None:
    """Round to values with so many bits less."""
    values += np.int16(1 << (bits - 1))
    values >>= np.int16(bits)


Distances = NDArray[np.floating]


class _Kernel(NamedTuple):
    """How much a pixel counts at a distance, in pixels."""

    function: Callable[[Distances], Distances]
    reach: int
    pillow: Image.Resampling


def _linear(distance: Distances) -> Distances:
    return np.maximum(1 - distance, 0)


def _cubic(distance: Distances) -> Distances:
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


_KERNELS: dict[Kernel, _Kernel] = {
    "linear": _Kernel(_linear, 1, Image.Resampling.BILINEAR),
    "cubic": _Kernel(_cubic, 2, Image.Resampling.BICUBIC),
}


@lru_cache(maxsize=16)
def _phases(kernel: Kernel, factor: int) -> list[tuple[int, Ints]]:
    """Of each pixel that one becomes: its first neighbor, counted from the reach before that one, and the weights."""
    index, exact = _neighbors(kernel, (np.arange(factor) + 0.5) / factor)
    weights = _rounded(exact)
    return [(int(first) + _KERNELS[kernel].reach, weights[:, phase]) for phase, first in enumerate(index[0])]


@lru_cache(maxsize=16)
def _taps(kernel: Kernel, rows: int, length: float, size: int) -> tuple[NDArray[np.intp], Ints]:
    """Of each of ``size`` rows that ``length`` become: which of ``rows`` it has, [K, n], and weights [K, n, 1]."""
    index, exact = _neighbors(kernel, (np.arange(size) + 0.5) * (length / size))
    weights = _rounded(exact * ((index >= 0) & (index < rows)))
    return np.clip(index, 0, rows - 1), weights[..., None]


def _neighbors(kernel: Kernel, center: Distances) -> tuple[NDArray[np.intp], Distances]:
    """The pixels that places [n] are made of, [K, n], and their weights."""
    function, reach, _ = _KERNELS[kernel]
    index = np.floor(center - reach + 0.5).astype(np.intp) + np.arange(2 * reach)[:, None]
    return index, function(np.abs(index + 0.5 - center))


def _rounded(weights: Distances) -> Ints:
    """[K, n] -> the nearest whole numbers that sum to 1 over K, with ``BITS`` after the point."""
    exact = weights * (2**BITS / weights.sum(0))
    result = np.rint(exact)
    result[exact.argmax(0), np.arange(exact.shape[1])] += 2**BITS - result.sum(0)
    weights_of_128: Ints = result.astype(np.int16)
    return weights_of_128
