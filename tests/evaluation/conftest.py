"""What the evaluation's tests share: the training's small pictures and random VGG16, a judge, and painters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from allaprima.evaluation.judge import Judge
from allaprima.evaluation.painters import Painter
from allaprima.training.perceptual import LossNetwork
from allaprima.training.recipes import RECIPES
from training.conftest import paintings, photos, vgg16_file, vgg16_weights  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def styles(paintings):  # noqa: F811
    return {path.stem: path for path in paintings}


@pytest.fixture(scope="session")
def judge(vgg16_weights, styles):  # noqa: F811
    return Judge(replace(RECIPES["default"], style_size=64), LossNetwork(vgg16_weights), styles)


@pytest.fixture
def negative():
    """A painter whose pictures are easily told, and how often it has painted."""
    calls = []

    def paint(pixels: np.ndarray) -> np.ndarray:
        calls.append(pixels.shape)
        return 255 - pixels

    return Painter("negative", "waves", paint, fingerprint="0123"), calls
