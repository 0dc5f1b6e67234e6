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
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from allaprima.engine.boxes import ALIGN, Box, Pixels, grid
from allaprima.engine.footprint import bytes_per_pixel
from allaprima.engine.graph import Graph
from allaprima.engine.layout import Geometry, Layout, measure, no_tiles
from allaprima.engine.memory import BOUND
from allaprima.engine.progress import Progress
from allaprima.engine.runtime import Session
from allaprima.engine.sample import Sample, take_sample
from allaprima.engine.stages import Features, Stages, Values
from allaprima.style_model import IMAGE, PHOTO, STYLE, STYLIZED

Feeds = dict[str, Any]
"""Inputs of the edited model by name, but for the picture."""
Tell = Callable[[float], None]
"""Called with the work that has been done since the last time, in pixels painted."""

LARGEST_TILE, SMALLEST_TILE = 1024, 128
EXACT_TILE = 512

EXACT_BELOW = 32 * 10**6
"""Pixels. A smaller picture has too few crops for a good estimate, and exactness costs seconds there."""


class TilePainter:
    """Paints pictures of any size in bounded memory with one style model; threads may share it.

    Args:
        model: the ``.onnx`` file's bytes.
        styles: how many entries its bank has.
        open_session: makes a session of a model's bytes.
    """

    def __init__(self, model: bytes, styles: int, open_session: Callable[[bytes], Session]) -> None:
        self._open = open_session
        self._graph = Graph.of(model)
        mixed = np.full(styles, 1 / max(1, styles - 1), np.float32)
        mixed[PHOTO] = styles == 1  # of photo: nothing, lest the network's part of the result vanish
        self._mixtures = [mixed, *np.eye(styles, dtype=np.float32)[-1:]]
        self._measuring = threading.Lock()

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
            memory: bytes that painting may take, the result included but not the picture; tiles become smaller with
                it, down to ``SMALLEST_TILE``.
            exact: statistics of every pixel rather than of a sample, about three times slower; pictures below
                ``EXACT_BELOW`` pixels always get them.
            progress: is told how far the work is, in percent.

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
        tell = _Work(passes * sum(areas) + sum(tile.area for tile in tiles), progress)
        painted = self.paint_tiles(image, self.statistics(image, mixture, sample, memory, tell.add), side, tell.add)
        tell.end()
        return painted

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
        for number, (norm, geometry) in enumerate(zip(self.stages.norms, self.layout.norms, strict=True)):
            stage = None
            count, total, squares = 0.0, np.zeros(1), np.zeros(1)
            for place, (crop, weight, grown) in enumerate(zip(sample.crops, sample.weights, boxes, strict=True)):
                values = {**feeds, **(left[place] or {IMAGE: grown.of(image)})}
                stage = stage or self.stages.stage(number if keep else 0, number, values, onward=keep)
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
        result = np.empty_like(image)
        for tile in grid(height, width, side):
            grown = tile.grown(self.layout.margin, height, width)
            painted = self.stages.whole.run([STYLIZED], {**feeds, IMAGE: grown.of(image)})[0][0]
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
        needed = sum(areas) * self.layout.bytes_between_norms + max(areas) * self.bytes_per_pixel
        return needed <= self._room(image.nbytes, memory)

    @property
    def bytes_per_pixel(self) -> int:
        """Of working memory for a pixel that is painted."""
        with self._measuring:  # by one thread alone
            return self._bytes_per_pixel

    @cached_property
    def _bytes_per_pixel(self) -> int:
        if self._graph.nested:
            return BOUND
        random = np.random.default_rng(0)

        def feeds(side: int) -> Feeds:
            return {STYLE: self._mixtures[0], IMAGE: random.integers(0, 256, (1, side, side, 3), np.uint8)}

        return bytes_per_pixel(self._graph, feeds, self._open)

    @cached_property
    def stages(self) -> Stages:
        """The network in pieces.

        Raises:
            ModelError: it has graphs inside its nodes.
        """
        if self._graph.nested:
            raise no_tiles()
        return Stages(self._graph, self._open)

    @property
    def layout(self) -> Layout:
        """The network's geometry.

        Raises:
            ModelError: the network cannot paint in tiles.
        """
        with self._measuring:
            return self._layout

    @cached_property
    def _layout(self) -> Layout:
        return measure(self.stages, self._mixtures)

    def side(self, bytes_of_image: int, memory: int) -> int:
        """Of the tiles, so that result and the network's working memory fit."""
        pixels = self._room(bytes_of_image, memory) // self.bytes_per_pixel
        side = (math.isqrt(pixels) - 2 * self.layout.margin) // ALIGN * ALIGN
        return min(max(side, SMALLEST_TILE), LARGEST_TILE)

    def _room(self, bytes_of_image: int, memory: int) -> int:
        """Bytes that the result leaves to the network."""
        return max(0, memory - bytes_of_image)


class _Work:
    """Counts what is done and tells it in percent."""

    def __init__(self, total: float, progress: Progress | None) -> None:
        self._done, self._total, self._progress, self._told = 0.0, total, progress, 0

    def add(self, amount: float) -> None:
        self._done += amount
        self._tell(min(99, int(100 * self._done / self._total)))

    def end(self) -> None:
        self._tell(100)

    def _tell(self, percent: int) -> None:
        if self._progress is not None and percent > self._told:
            self._told = percent
            self._progress(percent, 100)


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
