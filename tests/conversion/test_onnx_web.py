"""ONNX with floats at both ends."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from allaprima.cards import read_card
from allaprima.conversion.convert import export
from allaprima.conversion.size import Size
from allaprima.conversion.source import EXPORT_KEY
from allaprima.engine.engine import Engine
from support import checkered


@pytest.fixture(scope="module")
def free(small, tmp_path_factory):
    return export(small, "onnx-web").write(tmp_path_factory.mktemp("web") / "free.onnx")[0]


@pytest.fixture(scope="module")
def fixed(small, tmp_path_factory):
    made = export(small, "onnx-web", sizes=[Size(45, 70)], style={"a": 3, "c": 1}, strength=0.6)
    return made.write(tmp_path_factory.mktemp("web") / "fixed.onnx")[0]


@pytest.mark.parametrize("shape", [(16, 16), (40, 100), (132, 64)])
def test_any_multiple_of_four(free, small, shape):
    photo = checkered(shape[1], shape[0])[None]
    mixture = np.array([0.2, 0.5, 0, 0.3], np.float32)
    feeds = {"image": photo.astype(np.float32), "style": mixture}
    painted = onnxruntime.InferenceSession(str(free)).run(None, feeds)[0]
    assert painted.dtype == np.float32
    assert np.abs(painted - Engine(small).paint(photo, mixture)).max() < 1


def test_the_mixture_is_relative(free):
    feeds = {"image": checkered(32, 32)[None].astype(np.float32), "style": np.array([0, 1, 0, 2], np.float32)}
    session = onnxruntime.InferenceSession(str(free))
    once = session.run(None, feeds)[0]
    feeds["style"] *= 5
    assert np.allclose(session.run(None, feeds)[0], once, atol=0.01)


def test_its_ends(free, fixed):
    ends = {}
    for path in (free, fixed):
        graph = onnx.load(path).graph
        for value in (*graph.input, *graph.output):
            assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
            ends[path.stem, value.name] = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
    assert ends == {
        ("free", "image"): [1, "height", "width", 3],
        ("free", "style"): [4],
        ("free", "stylized"): [1, "height", "width", 3],
        ("fixed", "image"): [1, 45, 70, 3],
        ("fixed", "stylized"): [1, 45, 70, 3],
    }


def test_weights_are_constants(free, fixed):
    for path, inputs in ((free, {"Conv": 1}), (fixed, {"Conv": 1, "InstanceNormalization": 1})):
        graph = onnx.load(path).graph
        constant = {tensor.name for tensor in graph.initializer}
        for kind, first in inputs.items():
            nodes = [node for node in graph.node if node.op_type == kind]
            assert len(nodes) >= 9
            assert all(set(node.input[first:]) <= constant for node in nodes)
        assert {"Cast", "CastLike", "Mod"}.isdisjoint(node.op_type for node in graph.node)


def test_it_says_what_it_is(free, fixed, small):
    assert read_card(free) == read_card(fixed) == read_card(small)
    said = [{p.key: p.value for p in onnx.load(path).metadata_props}[EXPORT_KEY] for path in (free, fixed)]
    assert json.loads(said[0]) == {"to": "onnx-web", "sizes": [], "stride": 4}
    assert json.loads(said[1]) == {
        "to": "onnx-web", "sizes": ["45x70"], "stride": 4, "style": "a+c", "strength": 0.6,
        "mixture": [0.4, 0.45, 0.0, 0.15],
    }  # fmt: skip
