"""A sample of a picture that stands for the whole: crops spread over it, and how much each of them counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allaprima.color import LUMINANCE
from allaprima.engine.boxes import ALIGN, Box, Pixels

CROP, CROP_MARGIN = 128, 16
"""Of a crop; what lies beyond its margin is mirrored by the network, which statistics hardly feel."""
CROPS_SHARE, MOST_CROPS = 0.1, 240
"""Of the picture, margins included; and where it is enough, since the error depends on how many crops there are."""

RIDGE = 0.01
LEAST_WEIGHT, MOST_WEIGHT = 0.1, 5.0
"""Bounds of a crop's weight, relative to the mean weight, so that no crop counts against itself or for all."""
STRIP = 16
DESCRIBED = 2**23
"""Rows of a strip, and how many pixels of strips tell what the whole looks like; a smaller picture is all strips."""


class Sample(NamedTuple):
    """Where a picture's statistics are taken."""

    crops: Sequence[Box]
    weights: NDArray[np.float64]
    """How much a pixel of each crop counts, relative to the others."""
    margin: int
    """What is painted around each crop and does not count."""


def take_sample(image: Pixels) -> Sample:
    """Of [H, W, 3]."""
    crops = spread(image.shape[0], image.shape[1])
    return Sample(crops, weights(image, crops), CROP_MARGIN)


def spread(height: int, width: int) -> list[Box]:
    """Crops spread evenly over a picture, one at a random place of each cell of a grid (stratified sampling).

    Together with their margins they cover ``CROPS_SHARE`` of the picture, or there are ``MOST_CROPS`` of them.
    """
    count = min(CROPS_SHARE * height * width / (CROP + 2 * CROP_MARGIN) ** 2, MOST_CROPS)
    rows = max(1, round(math.sqrt(count * height / width)))
    columns = max(1, round(count / rows))
    random = np.random.default_rng(0)  # the same picture, the same painting
    places = [
        (_place(height, row, rows, random), _place(width, column, columns, random))
        for row in range(rows)
        for column in range(columns)
    ]
    return [Box(top, left, min(top + CROP, height), min(left + CROP, width)) for top, left in places]


def _place(length: int, part: int, parts: int, random: np.random.Generator) -> int:
    """Where a crop begins in its part of a side."""
    return int(max(0, length - CROP) * (part + random.random()) / parts) // ALIGN * ALIGN


def weights(image: Pixels, crops: Sequence[Box]) -> NDArray[np.float64]:
    """How much each crop of [H, W, 3] counts, so that the sample has the whole picture's colors and detail.

    A calibration estimator (Deville & Särndal 1992, *Calibration Estimators in Survey Sampling*): of all weights under
    which the sample's mean of ``_description`` is that of the whole picture, those nearest to equal ones, with a ridge
    that keeps them from running away. It halves the error of the norms' statistics, as would four times the crops.

    Returns:
        [crops], with a sum of 1.
    """
    sample = np.array([_description(image[box.top : box.bottom, box.left : box.right]) for box in crops])
    strips = _strips(image)
    whole = np.average([_description(strip) for strip in strips], axis=0, weights=[len(strip) for strip in strips])
    scale = sample.std(axis=0) + 1e-6
    x = np.column_stack([np.ones(len(crops)), sample / scale])
    missing = np.concatenate([[1.0], whole / scale]) - x.mean(axis=0)
    slope = np.linalg.solve(x.T @ x / len(crops) + RIDGE * np.eye(x.shape[1]), missing)
    relative = np.clip(1 + x @ slope, LEAST_WEIGHT, MOST_WEIGHT)
    result: NDArray[np.float64] = relative / relative.sum()
    return result


def _strips(image: Pixels) -> list[Pixels]:
    """Strips of [H, W, 3] and the row below each, to which its steps lead: all, or one at random out of every few."""
    tops = range(0, image.shape[0] - 1, STRIP)
    every = math.ceil(image.shape[0] * image.shape[1] / DESCRIBED)
    random = np.random.default_rng(0)  # in regular places, a regular picture would look like what lies there
    groups = [tops[first : first + every] for first in range(0, len(tops), every)]
    return [image[top : top + STRIP + 1] for top in map(random.choice, groups)]


def _description(part: Pixels) -> NDArray[np.float64]:
    """Nine numbers that say what a norm will see in pixels [h, w, 3] of two rows at least.

    They are the means of the colors, of their squares, of the steps in luminance down and across, and of the squared
    steps.
    """
    colors = part / np.float32(255)
    luminance = colors @ LUMINANCE.astype(np.float32)
    down, across = np.diff(luminance, axis=0), np.diff(luminance, axis=1)
    steps = [np.abs(down).mean(), np.abs(across).mean(), np.square(down).mean() + np.square(across).mean()]
    return np.array([*colors.mean((0, 1)), *np.square(colors).mean((0, 1)), *steps], np.float64)
