"""LiteRT, where it is installed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from allaprima.cli import app
from allaprima.conversion.convert import export
from allaprima.conversion.formats import FORMATS
from allaprima.conversion.size import Size
from allaprima.engine.engine import Engine
from allaprima.style_model import Card
from support import checkered

pytest.importorskip("litert_torch", reason="the extra litert is not installed")
interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="the extra litert is not installed")

SIZES = (Size(64, 96), Size(45, 70))


@pytest.fixture(scope="module")
def file(small, tmp_path_factory):
    """Two sizes, of which one is no multiple of the network's stride, and every style."""
    made = export(small, "litert", sizes=SIZES)
    return made.write(tmp_path_factory.mktemp("litert") / "small.tflite")[0]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_has_a_signature(file, small, size):
    runner = interpreter.Interpreter(str(file)).get_signature_runner(f"paint_{size}")
    assert {name: tuple(one["shape"]) for name, one in runner.get_input_details().items()} == {
        "image": (1, *size, 3),
        "style": (4,),
    }
    photo = checkered(size.width, size.height)[None]
    for mixture in np.array([[0, 1, 0, 0], [0.3, 0.2, 0, 0.5]], np.float32):
        painted = runner(image=photo.astype(np.float32), style=mixture)["stylized"]
        assert painted.dtype == np.float32
        assert np.abs(painted - Engine(small).paint(photo, mixture)).max() < 2


def test_it_says_what_it_is(file, small):
    from allaprima.cards import read_card
    from allaprima.conversion.litert import read_metadata

    said = read_metadata(file.read_bytes())
    assert Card.from_json(said["allaprima.card"]) == read_card(small)
    assert json.loads(said["allaprima.export"])["sizes"] == [str(size) for size in SIZES]


def test_the_shipped_bank_with_one_style(tmp_path):
    words = ["export", "fast", "--to", "litert", "--size", "128x160", "--style", "udnie", "--strength", "0.9"]
    app.main(
        [*words, "-o", str(tmp_path / "udnie.tflite"), "--report", str(tmp_path / "r.json")], standalone_mode=False
    )
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["largest"] <= FORMATS["litert"].tolerance
    runner = interpreter.Interpreter(str(tmp_path / "udnie.tflite")).get_signature_runner("paint_128x160")
    assert list(runner.get_input_details()) == ["image"]
