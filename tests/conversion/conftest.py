"""A small bank of random weights as a style model."""

from pathlib import Path

import pytest

from allaprima.style_model import Card, Style
from banks import NAMES, bank


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``photo`` and three styles, of the network ``fast`` with four channels."""
    from allaprima.export.onnx import export_model
    from allaprima.training.norm_floor import adopt_floor
    from banks import picture

    network = bank()
    adopt_floor(network, picture(0), 0.1, (1, 2, 3))  # so that each norm has an epsilon of its own
    network.shadows = 0.3
    path = tmp_path_factory.mktemp("bank") / "small.onnx"
    styles = tuple(Style(name, artist=f"Painter {name}") for name in NAMES)
    export_model(network, Card(styles, "fast", 4, {}, 0, "", "cpu", {}, "", "0"), path)
    return path
