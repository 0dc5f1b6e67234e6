"""How good a trained network is: relative distances on photographs it has not seen, and pictures to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from allaprima.errors import PictureError
from allaprima.training.networks import StyleNetwork
from allaprima.training.objective import Objective
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import bundled_photos, read_photo, read_square, resized, to_tensor
from allaprima.training.preparation import to_pixels
from allaprima.training.recipes import RECIPES

MEASURE = RECIPES["four-layers"]
"""By which banks are compared, whatever they were trained by: relu2_2 for the content, the paper's layers for the
style."""

PREVIEWED = ("astronaut", "sunrise", "city")
"""Photographs of the package that previews show: a portrait, a landscape and a street."""

Distances = dict[str, float]
"""``content`` and ``style``: how far a painting is from photograph and style, relative to their own size."""


def center_square(path: Path, side: int) -> Tensor:
    """The middle of a photograph, its short side ``side`` pixels: float [1, 3, side, side] in 0..1."""
    return to_tensor(read_square(path, side))[None].float() / 255.0


def readable(photos: list[Path]) -> list[Path]:
    """Those that can be decoded to the end; a folder's headers promise more."""

    def decodes(path: Path) -> bool:
        try:
            read_photo(path)
        except PictureError:
            return False
        return True

    return [path for path in photos if decodes(path)]


def one_style(styles: int, style: int, device: torch.device) -> Tensor:
    """The mixture that is all of one entry: float [S]."""
    return torch.eye(styles, device=device)[style]


@torch.no_grad()
def validate(
    network: StyleNetwork, loss_network: LossNetwork, styles: list[Tensor], photos: list[Path], side: int, first: int
) -> Iterator[list[Distances]]:
    """For each photograph, the distances of its painting in each style, measured by ``MEASURE``.

    Args:
        network: the trained network, on any device.
        loss_network: VGG16 on the same device.
        styles: style images [1, 3, H, W] in 0..1 of the bank's entries from ``first`` on.
        photos: what to stylize.
        side: pixels of the photographs' middle squares.
        first: the first style's entry in the bank.
    """
    network.eval()
    device = next(network.parameters()).device
    objective = Objective(MEASURE, loss_network, [style.to(device) for style in styles])
    for path in photos:
        image = center_square(path, side).to(device)
        content, row = objective.content(image), []
        for number in range(len(styles)):
            painted = network(image, one_style(network.styles, first + number, device))
            wanted = one_style(1 + len(styles), 1 + number, device)[None]
            losses = objective.losses(painted, objective.targets_of(content, wanted))
            row.append({"content": losses.content.item(), "style": losses.style.item()})
        yield row


def mean_distances(rows: Sequence[Sequence[Distances]], names: Sequence[str]) -> dict[str, Distances]:
    """The means over the photographs, by style, of what ``validate`` gave."""
    return {
        name: {term: round(float(np.mean([row[number][term] for row in rows])), 4) for term in ("content", "style")}
        for number, name in enumerate(names)
    }


@torch.no_grad()
def preview(network: StyleNetwork, styles: list[Tensor], first: int, side: int) -> Image.Image:
    """A grid to look at: above, the paintings; below, a portrait, a landscape and a street, and each in every style.

    Args:
        network: what has been trained so far.
        styles: the paintings [1, 3, H, W] in 0..1 of the bank's entries from ``first`` on.
        first: the first style's entry in the bank.
        side: pixels of each square.
    """
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    grid = Image.new("RGB", ((1 + len(styles)) * side, (1 + len(PREVIEWED)) * side), "white")
    for column, style in enumerate(styles, start=1):
        painting = resized(Image.fromarray(to_pixels(style)), side)
        left, top = (painting.width - side) // 2, (painting.height - side) // 2
        grid.paste(painting.crop((left, top, left + side, top + side)), (column * side, 0))
    for row, name in enumerate(PREVIEWED, start=1):
        image = center_square(bundled_photos() / f"{name}.jpg", side).to(device)
        grid.paste(Image.fromarray(to_pixels(image)), (0, row * side))
        for column in range(1, 1 + len(styles)):
            painted = network(image, one_style(network.styles, first + column - 1, device))
            grid.paste(Image.fromarray(to_pixels(painted)), (column * side, row * side))
    network.train(was_training)
    return grid
