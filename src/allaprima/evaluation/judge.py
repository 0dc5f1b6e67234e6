"""The judge: one objective, the training's own, by which every picture is measured, whoever made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from allaprima.errors import PictureError, TrainingError
from allaprima.evaluation.painters import Painter, Pixels
from allaprima.style_model import PHOTO
from allaprima.training.objective import Losses, Objective, Targets
from allaprima.training.optimize import OptimizeStep
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import read_square
from allaprima.training.preparation import from_pixels
from allaprima.training.recipes import Recipe
from allaprima.training.style_images import StyleImage, read_style

Terms = dict[str, float]
"""The objective and its parts for one picture: content, style, each style layer (``relu1_2`` …), tv and total."""


class Judge:
    """The objective, and the paintings it has seen; every style's emphasis is 1, so that all are judged alike.

    Args:
        recipe: the terms' weights, the layers, and how large the paintings are.
        network: VGG16, on the device where everything is measured.
        paintings: the picture of each style, by name.

    Raises:
        TrainingError: a painting cannot be read.
    """

    def __init__(self, recipe: Recipe, network: LossNetwork, paintings: Mapping[str, Path]) -> None:
        self.paintings = dict(paintings)
        self.styles = tuple(paintings)
        self.device = next(network.parameters()).device
        images = [
            read_style(StyleImage(name, str(path)), recipe.style_size).to(self.device)
            for name, path in paintings.items()
        ]
        self.objective = Objective(recipe, network, images)

    def targets(self, photo: Pixels, style: str) -> Targets:
        """What a painting of this photograph, [H, W, 3], in that style is to come near."""
        mixture = torch.zeros(1, 1 + len(self.styles), device=self.device)
        mixture[0, PHOTO + 1 + self.styles.index(style)] = 1.0
        return self.objective.targets(self.tensor(photo), mixture)

    @torch.no_grad()
    def terms(self, painted: Pixels, targets: Targets) -> Terms:
        """How far the picture as delivered, 8 bits a channel, is from its targets."""
        return terms_of(self.objective.losses(self.tensor(painted), targets))

    def terms_of_all(self, painter: Painter, photos: Iterable[Path], side: int) -> list[Terms]:
        """The terms of a painter's picture of each photograph, its middle square of ``side`` pixels."""
        rows = []
        for path in photos:
            photo = photo_square(path, side)
            rows.append(self.terms(painter.paint(photo), self.targets(photo, painter.style)))
        return rows

    def tensor(self, pixels: Pixels) -> Tensor:
        """uint8 [H, W, 3] -> float [1, 3, H, W] in 0..1 on the judge's device."""
        return from_pixels(pixels).to(self.device)


def terms_of(measured: Losses | OptimizeStep) -> Terms:
    """The terms of one picture (N = 1) as plain numbers."""
    layers = {name: float(value) for name, value in measured.layers.items()}
    content, style, tv, total = (float(x) for x in (measured.content, measured.style, measured.tv, measured.total))
    return {"content": content, "style": style, **layers, "tv": tv, "total": total}


def photo_square(path: Path, side: int) -> Pixels:
    """The middle of a photograph [side, side, 3]; a smaller one is enlarged.

    Raises:
        TrainingError: the file cannot be read as a picture.
    """
    try:
        return np.array(read_square(path, side))
    except PictureError as error:
        raise TrainingError(f"the photograph {path} cannot be read: {error}") from error


def spread(paths: tuple[Path, ...], count: int | None) -> list[Path]:
    """``count`` of the photographs, evenly spread over the sorted list, since neighbors are often alike."""
    count = min(count or len(paths), len(paths))
    return [paths[i * len(paths) // count] for i in range(count)]
