"""How good a trained network is: relative distances on photographs it has not seen, and pictures to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from allaprima.errors import PictureError
from allaprima.style_model import PHOTO
from allaprima.training.networks import StyleNetwork
from allaprima.training.perceptual import LossNetwork, content_loss, gram_matrix, style_distances, weighted
from allaprima.training.photos import read_photo, read_square, to_tensor
from allaprima.training.recipes import PAPER_CONTENT, PAPER_STYLE


def centre_square(path: Path, side: int) -> Tensor:
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
    network: StyleNetwork,
    loss_network: LossNetwork,
    styles: list[Tensor],
    photos: list[Path],
    side: int,
    first: int = PHOTO + 1,
) -> Iterator[tuple[float, float]]:
    """For each style: its mean relative content distance (relu2_2) and style distance (mean of the four layers).

    Args:
        network: the trained network, on any device.
        loss_network: VGG16 on the same device.
        styles: style images [1, 3, H, W] in 0..1 of the bank's entries from ``first`` on.
        photos: what to stylise.
        side: pixels of the photographs' centre squares.
        first: the first style's entry in the bank.
    """
    network.eval()
    device = next(network.parameters()).device
    images = [centre_square(path, side).to(device) for path in photos]
    for number, style in enumerate(styles, start=first):
        targets = {j: gram_matrix(f) for j, f in loss_network(style.to(device), PAPER_STYLE).items()}
        rows = []
        for image in images:
            stylized = network(image, one_style(network.styles, number, device))
            features = loss_network(stylized, PAPER_STYLE)
            content = loss_network(image, PAPER_CONTENT)
            distances = style_distances({j: gram_matrix(f) for j, f in features.items()}, targets, relative=True)
            rows.append(
                (
                    content_loss(features, content, PAPER_CONTENT, relative=True).item(),
                    weighted(distances, PAPER_STYLE).item() / len(PAPER_STYLE),
                )
            )
        content_mean, style_mean = np.mean(rows, axis=0).tolist()
        yield content_mean, style_mean


@torch.no_grad()
def preview(network: StyleNetwork, photos: list[Path], side: int) -> Image.Image:
    """A grid: a row for each photograph, a column for the photograph itself and for each style."""
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    grid = Image.new("RGB", (network.styles * side, len(photos) * side))
    for row, path in enumerate(photos):
        image = centre_square(path, side).to(device)
        for column in range(network.styles):
            painted = network(image, one_style(network.styles, column, device))[0]
            pixels = (255.0 * painted).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
            grid.paste(Image.fromarray(pixels), (column * side, row * side))
    network.train(was_training)
    return grid
