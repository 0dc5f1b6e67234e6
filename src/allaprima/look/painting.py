"""How the choices of a look come together over the network's result.

The network's painting is enlarged to the photograph's size (``stroke.py``), takes the photograph's colors
(``color.py``) and is laid over the photograph, or over a second painting, through a mask (``mask.py``). All of it runs
over bands of rows, so that a picture of 100 megapixels needs little more than itself and its result, and every core has
a band to work on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from allaprima.color import Color, Moments, color_map, keep_color, luminance_map, luminance_of, with_luminance
from allaprima.look.look import Look
from allaprima.look.mask import blend, fitted
from allaprima.look.stroke import Enlarger, Pixels, reduce, reduced_size
from allaprima.style_model import PHOTO, share_of_photo

Mixture = NDArray[np.float32]
Network = Callable[[Pixels, Mixture], Pixels]
"""uint8 [h, w, 3] and float32 [S] -> uint8 [h, w, 3]."""

_BAND, _BAND_OF_BYTES = 2**17, 2**18
"""Pixels in a band of rows; its values stay in the cache, so that larger ones are slower. Where nothing is computed in
floats they are small."""
_BANDS_AT_ONCE = 4
"""At most, so that a machine of many cores needs no more memory."""
_IN_FLOATS, _IN_BYTES, _BYTES_OF_SEEN = 100, 30, 50
"""A pixel: what a band in work takes, and what all takes that is made of a reduced picture and its painting."""
_SMALL_THINGS = 2**16
"""Bytes whatever the size."""


class Prepared:
    """A look made ready for pictures of one size, such as the frames of a film: what all need is computed once.

    Args:
        look: how to paint.
        mixtures: of its style and, if there is one, of the style where its mask is black: float32 [S] each.
        size: (width, height) of the pictures, in pixels.
        threads: how many may work on a picture's bands.
    """

    def __init__(self, look: Look, mixtures: Sequence[Mixture], size: tuple[int, int], threads: int = 1) -> None:
        width, height = size
        self._look = look
        self._mixtures = mixtures
        self._shares = [share_of_photo(mixture) for mixture in mixtures]
        self._size = height, width
        self._reduced = None if look.longest is None else reduced_size(height, width, look.longest)
        self._bands_at_once = min(threads, _BANDS_AT_ONCE)
        self._in_bytes = look.plain
        self._band = _BAND_OF_BYTES if self._in_bytes else _BAND

    @property
    def seen(self) -> tuple[int, int]:
        """(height, width) of what the network sees."""
        return self._reduced or self._size

    @property
    def plain(self) -> bool:
        """Whether the network's result is the painting."""
        return self._reduced is None and self._in_bytes

    @property
    def bytes_beside(self) -> int:
        """What a picture takes beside the network's own work, in bytes: itself, its result, and what lies between."""
        pixels = self._size[0] * self._size[1]
        if self.plain:
            return 6 * pixels + _SMALL_THINGS
        each = 3 * pixels if self._reduced is None else self._reduced[0] * self._reduced[1] * _BYTES_OF_SEEN
        bands = min(pixels, self._bands_at_once * self._band) * (_IN_BYTES if self._in_bytes else _IN_FLOATS)
        return 7 * pixels + len(self._mixtures) * each + bands + _SMALL_THINGS

    def paint(self, photo: Pixels, network: Network) -> Pixels:
        """Paint one picture, uint8 [H, W, 3]; threads may paint several at a time."""
        seen = self.reduced(photo)
        return self.finished(photo, seen, [network(seen, mixture) for mixture in self.painted])

    @property
    def painted(self) -> list[Mixture]:
        """The mixtures that a network is needed for."""
        return [mixture for mixture in self._mixtures if mixture[PHOTO] != 1]

    def reduced(self, photo: Pixels) -> Pixels:
        """What the network sees of uint8 [H, W, 3]: itself, or a smaller one."""
        return photo if self._reduced is None else reduce(photo, *self._reduced)

    def finished(self, photo: Pixels, seen: Pixels, painted: Sequence[Pixels]) -> Pixels:
        """What is to be shown of a picture.

        Args:
            photo: uint8 [H, W, 3].
            seen: what the network saw of it.
            painted: what it made of that for each of the mixtures ``painted``, uint8 [h, w, 3].

        Returns:
            uint8 [H, W, 3], perhaps ``photo`` or the painting itself.
        """
        made = iter(painted)
        paintings = [photo if mixture[PHOTO] == 1 else next(made) for mixture in self._mixtures]
        if self.plain:
            return paintings[0]
        layers = [
            None if painted is photo else Layer(photo, seen, painted, share, self._look.color)
            for painted, share in zip(paintings, self._shares, strict=True)
        ]
        result, mask = np.empty_like(photo), self._mask
        band = max(1, self._band // photo.shape[1])

        def finish(top: int) -> None:
            rows = photo[top : top + band]
            over, *elsewhere = (rows if layer is None else layer.rows(rows, top) for layer in layers)
            if mask is not None:
                over = blend(mask[top : top + band], over, elsewhere[0] if elsewhere else rows)
            result[top : top + band] = over if over.dtype == np.uint8 else np.clip(np.rint(over), 0, 255)

        for _ in self._map(finish, range(0, photo.shape[0], band)):
            pass  # an error of a band is raised here
        return result

    @cached_property
    def _mask(self) -> NDArray[np.uint8] | None:
        look = self._look
        return None if look.mask is None else fitted(look.mask, *self._size, look.feather, invert=look.invert_mask)

    def _map(self, function: Callable[[int], None], tops: range) -> Iterable[None]:
        if self._bands_at_once == 1 or len(tops) == 1:
            return map(function, tops)
        return self._pool.map(function, tops)  # numpy and Pillow release Python's lock

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._bands_at_once, "band")  # its threads end with it


class Layer:
    """One painting of a photograph, at the photograph's size and in the colors wanted.

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
"""A painting's rows [n, W, 3] and the photograph's -> the painting's in other colors."""


def recoloring(color: Color, painted: Pixels, photo: Pixels) -> Recolor:
    """What gives any rows of a painting their colors, by the whole painting and the whole photograph [h, w, 3]."""
    if color == "luminance":
        return keep_color
    if color == "photo":
        scale, shift = luminance_map(Moments.of(painted), Moments.of(photo))
        return lambda rows, photo_rows: with_luminance(photo_rows, scale * luminance_of(rows) + shift)
    if color == "histogram":
        matrix, offset = color_map(Moments.of(painted), Moments.of(photo))
        return lambda rows, _: rows @ matrix.T + offset
    return lambda rows, _: rows
