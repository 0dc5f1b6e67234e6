"""Pictures larger than memory: tiles with overlap, painted with the statistics of the whole picture.

An instance norm looks at the whole picture; painted on its own, each tile would get its own contrast, and seams would
show. Here every norm is given the mean and variance of the *whole* picture (``fixed_norm.py``). What is left of the
network is local, so a tile with enough overlap is painted exactly as it would be inside the whole.

The statistics come norm by norm, since those of one depend on the ones before it (``stages.py``). ``exact`` takes them
from every tile; otherwise they are pooled over small crops in full resolution, spread over the picture (``sample.py``).
Crops rather than a reduced copy of the picture (the thumbnail of Chen et al. 2022, *Towards Ultra-Resolution Neural
Style Transfer via Thumbnail Instance Normalization*), since that has lost the fine detail which the first layers
measure; docs/pictures.md has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from allaprima.engine.boxes import ALIGN, Box, Pixels, grid
from allaprima.engine.sample import Sample, take_sample
from allaprima.engine.stages import Features, Session, Stages, Values
from allaprima.errors import ModelError
from allaprima.style_model import IMAGE, STYLE, STYLIZED

Feeds = dict[str, Any]
"""Inputs of the edited model by name, but for the picture."""
Progress = Callable[[int, int], None]
"""Called with the work done and all the work, in pixels painted."""
Tell = Callable[[float], None]
"""Called with the work that has been done since the last time."""

LARGEST_TILE, SMALLEST_TILE = 1024, 128
EXACT_TILE = 512

EXACT_BELOW = 32 * 10**6
"""Pixels. A smaller picture has too few crops for a good estimate, and exactness costs seconds there."""

_PROBE = 256
BYTES_PER_PIXEL_BOUND = 1200
"""More working memory a pixel than any network here needs: what fits with it needs no closer look."""
BASE_MEMORY = 160 * 2**20
"""Bytes that Python, ONNX Runtime and the model take before any picture is there."""


class Geometry(NamedTuple):
    """Where the features of one norm lie: feature i belongs to pixel (i − outside) · stride."""

    stride: int
    outside: int


class Layout(NamedTuple):
    """What tiling must know of a network; it is measured, so that no network has to tell."""

    norms: tuple[Geometry, ...]
    margin: int
    """How far a pixel of the photograph reaches, rounded up to ``ALIGN``."""
    bytes_per_pixel: int
    """Of working memory."""
    bytes_between_norms: int
    """What is left of a pixel, at most, when a norm waits for its statistics."""


class TilePainter:
    """Paints pictures of any size in bounded memory with one style model.

    Args:
        model: the ``.onnx`` file's bytes.
        styles: how many entries its bank has.
        open_session: makes a session of a model's bytes.
    """

    def __init__(self, model: bytes, styles: int, open_session: Callable[[bytes], Session]) -> None:
        self._open = open_session
        self._stages = Stages(model, open_session)
        self._mixture = np.full(styles, 1 / max(1, styles - 1), np.float32)
        self._mixture[0] = styles == 1  # of photo: nothing, lest the network's part of the result vanish

    def fits(self, pixels: int, memory: int) -> bool:
        """Whether that many pixels, painted at once, stay within ``memory`` bytes."""
        return BASE_MEMORY + pixels * (self.layout.bytes_per_pixel + 6) <= memory

    def paint(
        self,
        image: Pixels,
        mixture: Features,
        memory: int,
        exact: bool = False,
        progress: Progress | None = None,
    ) -> Pixels:
        """Paint a picture in tiles.

        Args:
            image: uint8 [H, W, 3], RGB.
            mixture: float32 [S], the weights of the styles.
            memory: bytes that the process may take; tiles become smaller with it, down to ``SMALLEST_TILE``.
            exact: statistics of every pixel rather than of a sample, about three times slower; pictures below
                ``EXACT_BELOW`` pixels always get them.
            progress: is told how far the work is.

        Returns:
            uint8 [H, W, 3].

        Raises:
            ModelError: the network does not allow tiles.
        """
        height, width = image.shape[:2]
        side = self.side(image.nbytes, memory)
        exact = exact or height * width <= EXACT_BELOW
        sample = self.everything(image, side) if exact else take_sample(image)
        areas = [box.area for box in _grown(sample.crops, sample.margin, image)]
        passes = 1.0 if self.keeps(image, sample, memory) else len(self.layout.norms) / 2
        tiles = _grown(grid(height, width, side), self.layout.margin, image)
        tell = _Work(passes * sum(areas) + sum(tile.area for tile in tiles), progress).add
        return self.paint_tiles(image, self.statistics(image, mixture, sample, memory, tell), side, tell)

    def statistics(
        self,
        image: Pixels,
        mixture: Features,
        sample: Sample,
        memory: int,
        tell: Tell = lambda _: None,
    ) -> Feeds:
        """Mean and variance of every norm over the sample of [H, W, 3], as inputs of the edited model.

        If memory ``keeps`` the sample, what the network has made of each crop waits for the next norm, and each passes
        through it once. Otherwise every norm begins again at the picture: half the network on average, as often as
        there are norms.
        """
        keep = self.keeps(image, sample, memory)
        height, width = image.shape[:2]
        feeds: Feeds = {STYLE: mixture}
        boxes = _grown(sample.crops, sample.margin, image)
        left: list[Values] = [{} for _ in boxes]
        for number, (norm, geometry) in enumerate(zip(self._stages.norms, self.layout.norms, strict=True)):
            stage = None
            count, total, squares = 0.0, np.zeros(1), np.zeros(1)
            for place, (crop, weight, grown) in enumerate(zip(sample.crops, sample.weights, boxes, strict=True)):
                values = {**feeds, **(left[place] or {IMAGE: grown.of(image)})}
                stage = stage or self._stages.open(number if keep else 0, number, values, onward=keep)
                features, left[place] = stage.run(values)
                inner = _inner(features[0], geometry, crop, grown, height, width)
                count += weight * inner[0].size
                total = total + weight * inner.sum((1, 2), dtype=np.float64)
                squares = squares + weight * np.square(inner).sum((1, 2), dtype=np.float64)
                tell(grown.area / (len(self.layout.norms) if keep else 2))
            mean = total / count
            feeds[norm.mean] = mean.astype(np.float32)
            feeds[norm.variance] = np.maximum(squares / count - mean**2, 0).astype(np.float32)
        return feeds

    def paint_tiles(self, image: Pixels, feeds: Feeds, side: int, tell: Tell = lambda _: None) -> Pixels:
        """Paint [H, W, 3] in tiles of ``side`` pixels with the statistics given."""
        height, width = image.shape[:2]
        session = self._open(self._stages.model)
        result = np.empty_like(image)
        for tile in grid(height, width, side):
            grown = tile.grown(self.layout.margin, height, width)
            painted = session.run([STYLIZED], {**feeds, IMAGE: grown.of(image)})[0][0]
            top, left = tile.top - grown.top, tile.left - grown.left
            part = painted[top : top + tile.bottom - tile.top, left : left + tile.right - tile.left]
            result[tile.top : tile.bottom, tile.left : tile.right] = part
            tell(grown.area)
        return result

    def everything(self, image: Pixels, side: int = EXACT_TILE) -> Sample:
        """Every pixel of [H, W, 3], in tiles of ``side`` pixels at most."""
        tiles = grid(image.shape[0], image.shape[1], min(side, EXACT_TILE))
        return Sample(tiles, np.ones(len(tiles)), self.layout.margin)

    def keeps(self, image: Pixels, sample: Sample, memory: int) -> bool:
        """Whether what the network makes of a whole sample of [H, W, 3] may wait in memory for the next norm."""
        areas = [box.area for box in _grown(sample.crops, sample.margin, image)]
        needed = sum(areas) * self.layout.bytes_between_norms + max(areas) * self.layout.bytes_per_pixel
        return needed <= self._room(image.nbytes, memory)

    @cached_property
    def layout(self) -> Layout:
        """The network's geometry, found by painting noise.

        Raises:
            ModelError: each pixel depends on the whole picture, even with the norms' statistics given.
        """
        small, large = (np.random.default_rng(0).integers(0, 256, (s, s, 3), np.uint8) for s in (_PROBE // 2, _PROBE))
        feeds: Feeds = {STYLE: self._mixture}
        norms, size, most_left = [], 0, 0
        left: list[Values] = [{IMAGE: small[None]}, {IMAGE: large[None]}]
        for number, norm in enumerate(self._stages.norms):
            stage = self._stages.open(number, number, {**feeds, **left[1]})
            (few, left[0]), (features, left[1]) = (stage.run({**feeds, **values}) for values in left)
            stride = (_PROBE // 2) // (features.shape[2] - few.shape[2])
            norms.append(Geometry(stride, (features.shape[2] - _PROBE // stride) // 2))
            size += features.nbytes
            most_left = max(most_left, sum(value.nbytes for value in left[1].values()))
            feeds[norm.mean], feeds[norm.variance] = features.mean((0, 2, 3)), features.var((0, 2, 3))
        session = self._open(self._stages.model)
        other = large.copy()
        other[:, : _PROBE // 4] ^= 255
        before, after = (session.run([STYLIZED], {**feeds, IMAGE: image[None]})[0][0] for image in (large, other))
        reach = int(np.flatnonzero((before != after).any((0, 2)))[-1]) + 1 - _PROBE // 4
        if reach == _PROBE - _PROBE // 4:
            raise ModelError("this network cannot paint in tiles: make the picture smaller (--size, --stroke)")
        # Between two norms a few more tensors of the same size are alive: the padded, the convolved, the sum.
        bytes_per_pixel = 2 * size // _PROBE**2 or BYTES_PER_PIXEL_BOUND
        bytes_between_norms = math.ceil(most_left / _PROBE**2)
        return Layout(tuple(norms), math.ceil(reach / ALIGN) * ALIGN, bytes_per_pixel, bytes_between_norms)

    def side(self, bytes_of_image: int, memory: int) -> int:
        """Of the tiles, so that picture, result and the network's working memory fit."""
        pixels = self._room(bytes_of_image, memory) // self.layout.bytes_per_pixel
        side = (math.isqrt(pixels) - 2 * self.layout.margin) // ALIGN * ALIGN
        return min(max(side, SMALLEST_TILE), LARGEST_TILE)

    def _room(self, bytes_of_image: int, memory: int) -> int:
        """Bytes that picture and result leave to the network."""
        return max(0, memory - BASE_MEMORY - 2 * bytes_of_image)


class _Work:
    """Counts what is done and tells it."""

    def __init__(self, total: float, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0.0, round(total), progress

    def add(self, amount: float) -> None:
        self._done += amount
        if self._progress is not None:
            self._progress(min(round(self._done), self._total), self._total)


def _grown(boxes: Sequence[Box], margin: int, image: Pixels) -> list[Box]:
    return [box.grown(margin, *image.shape[:2]) for box in boxes]


def _inner(features: Features, geometry: Geometry, crop: Box, grown: Box, height: int, width: int) -> Features:
    """The features of ``crop`` alone out of those of ``grown``: [C, h, w] -> [C, h', w'].

    At the picture's own border everything that the network adds belongs to the statistics of the whole.
    """

    def part(first: int, last: int, start: int, end: int) -> slice:
        begin = 0 if first == 0 else geometry.outside + (first - start) // geometry.stride
        return slice(begin, None if last == end else geometry.outside + (last - start) // geometry.stride)

    rows = part(crop.top, crop.bottom, grown.top, height)
    columns = part(crop.left, crop.right, grown.left, width)
    return features[:, rows, columns]
