"""What a training works with, besides its network: where it computes, its photographs, its paintings, its objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from allaprima.training.device import choose_device, choose_precision
from allaprima.training.objective import Objective
from allaprima.training.options import TrainingOptions
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import PhotoFolder, bundled_photos, find_photos, first_crops
from allaprima.training.style_images import read_style


@dataclass(frozen=True)
class Setup:
    """What a training works with.

    Attributes:
        device: where it computes.
        precision: the loss network's number format.
        photos: the photographs to learn on.
        styles: the paintings, [1, 3, H, W] in 0..1 each, on the device.
        objective: what is minimized.
    """

    device: torch.device
    precision: torch.dtype
    photos: PhotoFolder
    styles: list[Tensor]
    objective: Objective

    @property
    def autocast(self) -> bool:
        """Half precision for the network itself, where the loss network has it; MPS has no such mode."""
        return self.precision is torch.bfloat16 and self.device.type in ("cpu", "cuda")

    def first_crops(self, options: TrainingOptions, count: int) -> Tensor:
        """The first crops that training would see, if none were darkened: [count, 3, H, W] in 0..1, on the device."""
        return first_crops(self.photos.paths, options.recipe.size, options.seed, count).to(self.device)

    @classmethod
    def of(cls, options: TrainingOptions, vgg16: Mapping[str, Tensor], device: torch.device | None = None) -> Setup:
        """Read everything that the options name.

        Args:
            options: what to train.
            vgg16: the loss network's weights (``vgg16.load_weights``).
            device: the one that ``options.device`` stands for, if it has been chosen already.

        Raises:
            TrainingError: no such device, no photographs, or a painting that cannot be read.
        """
        device = choose_device(options.device) if device is None else device
        precision = choose_precision(options.precision, device)
        folder = Path(options.photos) if options.photos else bundled_photos()
        photos = find_photos(folder, smallest=options.recipe.size // 2)
        styles = [read_style(style, options.recipe.style_size).to(device) for style in options.styles]
        network = LossNetwork(vgg16, precision).to(device)
        objective = Objective(options.recipe, network, styles, [style.emphasis for style in options.styles])
        return cls(device, precision, photos, styles, objective)
