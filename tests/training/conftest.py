"""What the training tests share: a loss network of random weights, a few photographs, two paintings."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from support import checkered, random_vgg16


@pytest.fixture(scope="session")
def vgg16_weights() -> dict[str, Tensor]:
    return random_vgg16()


@pytest.fixture(scope="session")
def vgg16_file(vgg16_weights: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg16") / "random.safetensors"
    save_file({name: value.half() for name, value in vgg16_weights.items()}, path)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photographs of several shapes, and files that are none."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "deep").mkdir()
    for number in range(6):
        name = f"deep/{number}.png" if number % 2 else f"{number}.jpg"
        Image.fromarray(checkered(96 + 8 * number, 80 + 5 * number, seed=number)).save(folder / name)
    return folder


@pytest.fixture(scope="session")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("paintings")
    paths = [folder / "waves.png", folder / "stars.png"]
    for seed, path in enumerate(paths):
        Image.fromarray(checkered(90, 70, seed=100 + seed)[..., ::-1].copy()).save(path)
    return paths
