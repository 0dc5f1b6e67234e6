"""A small bank of styles for the tests of training: ``photo`` and three that differ, of random weights."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.layers import ConditionalInstanceNorm
from allaprima.training.model_file import weights_sha256
from allaprima.training.networks import Fast, StyleNetwork
from allaprima.training.photos import to_tensor
from support import checkered

NAMES = ("photo", "a", "b", "c")
PAINTED = ("photo", "udnie", "irises", "the_kiss")
"""The same number of entries, with paintings that lie in the repository."""


def bank(seed: int = 0) -> Fast:
    """The network, in evaluation mode."""
    torch.manual_seed(seed)
    network = Fast(styles=len(NAMES), width=4)
    for module in network.modules():
        if isinstance(module, ConditionalInstanceNorm):
            torch.nn.init.uniform_(module.scale, 0.2, 2.0)
            torch.nn.init.normal_(module.shift, std=0.5)
    return network.eval()


def picture(seed: int) -> torch.Tensor:
    """A picture for it: [1, 3, 64, 64] in 0..1."""
    return to_tensor(checkered(64, 64, seed))[None] / 255.0


def write_bank(network: StyleNetwork, path: Path, names: tuple[str, ...] = PAINTED) -> Path:
    """A bank as a style model."""
    card = Card(
        styles=tuple(Style(name) for name in names), network=network.name, width=network.width, recipe={}, steps=7,
        trained_on="", device="cpu", losses={}, weights_sha256=weights_sha256(network.state_dict()), version="0",
    )  # fmt: skip
    export_model(network, card, path)
    return path


def changed(old: StyleNetwork, new: StyleNetwork) -> set[str]:
    """The names of the weights that differ."""
    return {name for name, weight in new.state_dict().items() if not torch.equal(weight, old.state_dict()[name])}


def run_program(monkeypatch, module, *words) -> int:
    """The exit code of a program beside the paintings."""
    monkeypatch.setattr(sys, "argv", [module.__file__, *map(str, words)])
    return module.main()
