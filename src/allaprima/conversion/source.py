"""What is converted: a style model from its file, all of its styles or one mixture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from allaprima.conversion.size import Size
from allaprima.export.graph import FloatModel
from allaprima.style_model import CARD_KEY, Card, StyleSpec, mixture, style_label
from allaprima.training.model_file import read_network
from allaprima.training.networks import StyleNetwork

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

EXPORT_KEY = "allaprima.export"
"""Where a file's metadata has what was exported, beside the card."""


@dataclass(frozen=True)
class Source:
    """A style model, and what of it is wanted.

    Attributes:
        card: the style model's.
        network: as it was trained.
        style: the only style that the converted model paints; None keeps all of them, and the mixture an input.
        strength: of that style, 0 to 1.
    """

    card: Card
    network: StyleNetwork
    style: StyleSpec | None
    strength: float

    @classmethod
    def read(cls, path: Path, style: StyleSpec | None, strength: float) -> Source:
        """From an ``.onnx`` style model.

        Raises:
            ModelError: it is none, or its network cannot be read back.
            StyleError: it has no such style.
        """
        card, network = read_network(path)
        source = cls(card, network.eval(), style, strength)
        if style is not None:
            source.mixture(style, strength)
        return source

    def mixture(self, style: StyleSpec, strength: float) -> Floats:
        """The weights of the bank's entries, float32 [S]."""
        return mixture(self.card.names, style, strength)

    def model(self) -> FloatModel:
        """What is traced, in evaluation mode: float [1, H, W, 3] in 0..255, and the mixture [S] unless it is fixed."""
        fixed = None if self.style is None else torch.from_numpy(self.mixture(self.style, self.strength))
        model = FloatModel(self.network, fixed)
        model.eval()
        return model

    def example(self, size: Size) -> tuple[Tensor, ...]:
        """Inputs for ``model``."""
        image = torch.linspace(0.0, 255.0, size.height * size.width * 3).view(1, size.height, size.width, 3)
        return (image,) if self.style is not None else (image, torch.full((len(self.card.styles),), 0.1))

    def metadata(self, to: str, sizes: tuple[Size, ...]) -> dict[str, str]:
        """What every converted file says of itself: the card, and what was exported."""
        what: dict[str, Any] = {"to": to, "sizes": [str(size) for size in sizes], "stride": self.network.stride}
        if self.style is not None:
            what |= {"style": style_label(self.style), "strength": self.strength}
            what["mixture"] = [round(float(weight), 6) for weight in self.mixture(self.style, self.strength)]
        return {CARD_KEY: self.card.to_json(), EXPORT_KEY: json.dumps(what)}
