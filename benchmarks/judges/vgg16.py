"""VGG16, the network that training looks through: its figures say how well the objective was met."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from allaprima.training.perceptual import LossNetwork
from allaprima.training.vgg16 import read_weights
from judges.grams import GramJudge, Layers

LAYERS = Layers(
    content=["relu2_2", "relu3_3"],
    style=["relu1_2", "relu2_2", "relu3_3", "relu4_3"],
    also_style=["relu1_1", "relu2_1", "relu3_1", "relu4_1"],
)


def vgg16(weights: Path, paintings: Mapping[str, Path]) -> GramJudge:
    """The judge by a file of weights as ``allaprima train --vgg16`` takes it.

    Raises:
        TrainingError: the weights or a painting cannot be read.
    """
    network = LossNetwork(read_weights(weights))
    names = {*LAYERS.content, *LAYERS.style, *LAYERS.also_content, *LAYERS.also_style}
    return GramJudge("vgg16", lambda image: network(image, names), weights, LAYERS, paintings)
