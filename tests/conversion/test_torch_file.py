"""A bank for PyTorch alone: weights, and one file of modules."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open

from allaprima.cards import read_card
from allaprima.conversion.beside import modules_beside
from allaprima.conversion.bundle import bundle
from allaprima.conversion.convert import export
from allaprima.engine.engine import Engine
from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.model_file import read_network
from allaprima.training.networks import make_network
from support import checkered


@pytest.fixture(scope="module")
def files(small, tmp_path_factory):
    made = export(small, "torch")
    assert made.largest <= 1
    return made.write(tmp_path_factory.mktemp("torch") / "1 bank.safetensors")


@pytest.fixture(scope="module")
def module(files):
    spec = importlib.util.spec_from_file_location("exported_bank", files[1])
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("shape", [(16, 16), (67, 101), (40, 33)])
def test_it_paints_as_the_style_model(files, module, small, shape):
    bank = module.load(files[0])
    photo = checkered(shape[1], shape[0])[None]
    for styles, strength in (({"a": 1.0}, 1.0), ({"a": 2.0, "c": 2.0}, 0.7)):
        mixture = bank.mixture(styles, strength)
        with torch.no_grad():
            found = bank(torch.from_numpy(photo), mixture).numpy()
        assert found.dtype == np.uint8
        assert np.abs(found.astype(int) - Engine(small).paint(photo, mixture.numpy())).max() <= 1


def test_the_network_is_the_trained_one(files, module, small):
    _, network = read_network(small)
    again = module.load_network(files[0])
    assert again.epsilons == pytest.approx(network.epsilons)
    assert again.shadows == pytest.approx(0.3)
    photo, mixture = torch.rand(2, 3, 64, 64), torch.eye(4)[[1, 3]]
    torch.testing.assert_close(again(photo, mixture), network(photo, mixture))
    again(photo, mixture).square().mean().backward()
    assert all(parameter.grad is not None for parameter in again.parameters())


def test_the_network_of_the_paper(tmp_path):
    styles = (Style("photo"), Style("a"))
    card = Card(styles, "johnson", 4, {}, 0, "", "", {}, "", "0")
    export_model(make_network("johnson", 2, 4), card, tmp_path / "m.onnx")
    assert export(tmp_path / "m.onnx", "torch").largest <= 1


def test_it_needs_pytorch_alone(files):
    found = list(ast.walk(ast.parse(files[1].read_text(encoding="utf-8"))))
    names = [node.module for node in found if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in found if isinstance(node, ast.Import) for alias in node.names]
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"torch"}
    program = f"import sys; sys.path.insert(0, {str(files[1].parent)!r}); import _1_bank_network as m; " \
        f"m.load({str(files[0])!r}); print([n for n in ('allaprima', 'safetensors') if n in sys.modules])"  # fmt: skip
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout == "[]\n", result.stderr


def test_it_says_what_it_is(files, small):
    with safe_open(files[0], "pt") as file:
        said = file.metadata()
    assert said["allaprima.card"] == read_card(small).to_json()
    assert json.loads(said["allaprima.export"])["to"] == "torch"
    assert 'load("1 bank.safetensors")' in files[1].read_text(encoding="utf-8")


def test_the_bundle_has_what_is_reached_and_no_more():
    text = bundle("allaprima.conversion.loading", ("load_network",), "Title.")
    names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert {"load_network", "read", "Fast", "Johnson", "ConditionalInstanceNorm", "reflect", "epsilons"} <= names
    assert {"Bank", "StyleModel", "make_network", "train_only", "check_crops", "TrainingError"}.isdisjoint(names)
    assert text.startswith('"""Title."""')


@pytest.mark.parametrize(
    ("name", "module"), [("a.safetensors", "a_network.py"), ("my-bank 2.safetensors", "my_bank_2_network.py")]
)
def test_the_name_of_the_modules_can_be_imported(tmp_path, name, module):
    assert modules_beside(tmp_path / name) == tmp_path / module
