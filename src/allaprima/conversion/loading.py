"""How an exported bank is read with PyTorch alone; ``bundle.py`` makes one file of this and of the networks."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from allaprima.export.graph import StyleModel
from allaprima.style_model import PHOTO
from allaprima.training.networks import NETWORKS, StyleNetwork


class Bank(StyleModel):
    """A bank of styles that paints pictures of any size, both sides at least 16 pixels.

    ``bank(image, bank.mixture({"great_wave": 1.0}, strength=0.8))`` takes and gives uint8 [N, H, W, 3], RGB.
    """

    def __init__(self, network: StyleNetwork, names: list[str]) -> None:
        super().__init__(network)
        self.names = names

    def mixture(self, styles: Mapping[str, float], strength: float = 1.0) -> Tensor:
        """Weights of styles, relative to their sum, and a strength from 0 to 1 -> float [S], what ``forward`` takes."""
        weights = torch.zeros(len(self.names))
        for name, weight in styles.items():
            weights[self.names.index(name)] += weight
        weights *= strength / weights.sum()
        weights[PHOTO] += 1.0 - strength
        return weights


def load(path: str | Path) -> Bank:
    """A bank that paints, on the CPU; ``.to("cuda")`` brings it elsewhere."""
    card = json.loads(read(path)[0]["allaprima.card"])
    return Bank(load_network(path), [style["name"] for style in card["styles"]]).eval()


def load_network(path: str | Path) -> StyleNetwork:
    """The network as it was trained, which can be trained further: float [N, 3, H, W] in 0..1, both ways."""
    metadata, weights = read(path)
    card = json.loads(metadata["allaprima.card"])
    network = NETWORKS[card["network"]](len(card["styles"]), card["width"])
    network.load_state_dict(weights)
    beside = json.loads(metadata["allaprima.network"])
    network.epsilons, network.shadows = beside["epsilons"], beside["shadows"]
    return network


def read(path: str | Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """A .safetensors file of float32: its metadata and its tensors."""
    data = bytearray(Path(path).read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    body = data[8 + length :]
    tensors = {
        name: torch.frombuffer(body[slice(*entry["data_offsets"])], dtype=torch.float32).view(entry["shape"])
        for name, entry in header.items()
    }
    return metadata, tensors
