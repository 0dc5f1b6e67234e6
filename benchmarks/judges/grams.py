"""Judges that see: any network that gives activations by layer, content and style as in Johnson et al. 2016.

Content is |φ(y) − φ(x)|² / |φ(x)|², style is |G(y) − G(s)|² / |G(s)|², each the mean over the judge's layers; the
painting has a short side of 384 pixels, as in training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from allaprima.evaluation.painters import Pixels, file_sha256
from allaprima.training.perceptual import gram_matrix, squared_distance, squared_norm
from allaprima.training.preparation import from_pixels
from allaprima.training.style_images import StyleImage, read_style
from judges.judge import CONTENT, STYLE, Scene, Terms

STYLE_SIZE = 384

See = Callable[[Tensor], Mapping[str, Tensor]]
"""RGB in 0..1 [1, 3, H, W] -> activations by layer [1, C, h, w]."""


@dataclass(frozen=True)
class Layers:
    """Which layers are judged; the mean over ``content`` and over ``style`` are the judge's two figures."""

    content: Sequence[str]
    style: Sequence[str]
    also_content: Sequence[str] = ()
    also_style: Sequence[str] = ()
    """Layers that are only reported."""


class GramJudge:
    """A network that sees, and the paintings that it has seen.

    Args:
        name: in tables.
        see: the network.
        weights: of the network; their digest is part of the fingerprint.
        layers: which of them are judged.
        paintings: the picture of each style, by name.

    Raises:
        TrainingError: a painting cannot be read.
    """

    def __init__(self, name: str, see: See, weights: Path, layers: Layers, paintings: Mapping[str, Path]) -> None:
        self.name, self.see, self.layers = name, see, layers
        self.weights = file_sha256(weights)
        self.paintings = {style: file_sha256(path) for style, path in paintings.items()}
        self.grams = {style: self._grams(self._look(read_painting(style, path))) for style, path in paintings.items()}
        self._content: tuple[str, dict[str, Tensor]] = ("", {})

    def fingerprint(self, style: str) -> dict[str, object]:
        """The weights, the layers and the painting."""
        layers = self.layers
        judged = [list(x) for x in (layers.content, layers.style, layers.also_content, layers.also_style)]
        return {"judge": self.name, "weights": self.weights, "layers": judged, "painting": self.paintings[style]}

    @torch.inference_mode()
    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """``content``, ``style``, and each layer's distance as ``content LAYER`` and ``style LAYER``."""
        if self._content[0] != scene.sha256:
            seen = self._look(from_pixels(scene.pixels))
            self._content = (scene.sha256, {j: seen[j] for j in (*self.layers.content, *self.layers.also_content)})
        seen = self._look(from_pixels(painted))
        content = {j: relative(seen[j], target) for j, target in self._content[1].items()}
        grams, targets = self._grams(seen), self.grams[style]
        styles = {j: relative(grams[j], targets[j]) for j in targets}
        return {
            CONTENT: float(np.mean([content[j] for j in self.layers.content])),
            STYLE: float(np.mean([styles[j] for j in self.layers.style])),
            **{f"{CONTENT} {j}": value for j, value in content.items()},
            **{f"{STYLE} {j}": value for j, value in styles.items()},
        }

    @torch.inference_mode()
    def _look(self, image: Tensor) -> Mapping[str, Tensor]:
        return self.see(image)

    def _grams(self, seen: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {j: gram_matrix(seen[j].float()) for j in (*self.layers.style, *self.layers.also_style)}


def read_painting(style: str, path: Path) -> Tensor:
    """A painting at the size at which it is judged, [1, 3, H, W] in 0..1."""
    return read_style(StyleImage(style, str(path)), STYLE_SIZE)


def relative(a: Tensor, target: Tensor) -> float:
    """|a − target|² / |target|²."""
    return float(squared_distance(a, target) / squared_norm(target))
