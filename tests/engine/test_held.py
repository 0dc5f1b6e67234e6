"""Networks with statistics held: of the same picture they are the model itself, or they are not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allaprima.engine import held
from allaprima.engine.engine import Engine
from allaprima.engine.graph import Graph
from allaprima.engine.held import HeldNorms
from allaprima.engine.runtime import open_session
from allaprima.gallery import gallery_model
from allaprima.style_model import IMAGE, STYLE
from support import checkered


def opened(model: bytes):
    return open_session(model, 1)


def norms(path: Path, styles: int) -> HeldNorms:
    return HeldNorms(path.read_bytes(), styles, opened)


@pytest.mark.parametrize(("bank", "strength"), [("fast", 1.0), ("fast", 0.5), ("fine", 1.0)])
def test_with_the_statistics_of_the_picture_itself_the_painting_is_the_same(bank, strength):
    engine = Engine(gallery_model(bank), 1)
    mixture = np.eye(len(engine.card.styles), dtype=np.float32)[1] * np.float32(strength)
    mixture[0] = 1 - strength
    picture = checkered(150, 101)[None]
    painted, statistics = engine.paint_and_measure(picture, mixture)
    assert np.array_equal(painted, engine.paint(picture, mixture))
    again = engine.paint(picture, mixture, held=engine.held(statistics, mixture))
    assert np.abs(again.astype(int) - painted).max() <= 1
    beside = engine.paint(picture, mixture, beside=True, held=engine.held(statistics, mixture))
    assert np.array_equal(beside, again)


def test_what_another_picture_does_changes_nothing():
    """Held, a place is painted as it is whatever lies far from it."""
    engine = Engine(gallery_model(), 1)
    mixture = np.eye(len(engine.card.styles), dtype=np.float32)[1]
    picture = checkered(256, 64)
    network = engine.held(engine.paint_and_measure(picture[None], mixture)[1], mixture)
    other = picture.copy()
    other[:, 200:] = 255
    paintings = [engine.paint(one[None], mixture, held=network)[0] for one in (picture, other)]
    assert np.array_equal(*(one[:, :100] for one in paintings))
    assert not np.array_equal(*(engine.paint(one[None], mixture)[0][:, :100] for one in (picture, other)))


def test_no_norm_is_left_and_no_addition_of_nothing():
    path = gallery_model("fast")
    styles = len(Engine(path, 1).card.styles)
    session = opened(norms(path, styles).measuring(painting=False))
    full = np.eye(styles, dtype=np.float32)[1]
    kinds = []
    for mixture in (full, (full + np.eye(styles, dtype=np.float32)[0]) / 2):
        values = session.run(None, {IMAGE: checkered(64, 64)[None], STYLE: mixture})
        graph = Graph.of(norms(path, styles).model(HeldNorms.statistics(values), mixture))
        kinds.append([node.kind for node in graph.nodes])
    assert not any("InstanceNormalization" in each for each in kinds)
    assert kinds[0].index("Cast", kinds[0].index("Tanh")) < kinds[0].index("Transpose", kinds[0].index("Tanh"))
    assert kinds[0].count("Add") == kinds[1].count("Add") - 1  # nothing of the photograph


def test_statistics_are_means_and_variances():
    features = np.random.default_rng(0).normal(3, 2, (1, 5, 20, 30)).astype(np.float32)
    values = [features.mean((2, 3)), np.square(features).mean((2, 3))]
    found = HeldNorms.statistics([*values, *values])
    assert np.allclose(found, np.tile([features.mean((0, 2, 3)), features.var((0, 2, 3))], 2), rtol=1e-4)


def test_a_picture_in_tiles_is_not_measured():
    engine = Engine(gallery_model(), 1, memory=1)
    mixture = np.eye(len(engine.card.styles), dtype=np.float32)[1]
    painted, statistics = engine.paint_and_measure(checkered(140, 70)[None], mixture)
    assert statistics is None
    assert np.array_equal(painted, engine.paint(checkered(140, 70)[None], mixture))


def test_a_network_that_would_paint_something_else_is_not_held(monkeypatch):
    path = gallery_model("fast")
    styles = len(Engine(path, 1).card.styles)
    assert norms(path, styles).possible
    monkeypatch.setattr(held.np, "tile", np.repeat)  # another order of channels
    assert not norms(path, styles).possible


def test_a_network_without_norms_is_not_held():
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    image = helper.make_tensor_value_info(IMAGE, onnx.TensorProto.UINT8, ["n", "h", "w", 3])
    style = helper.make_tensor_value_info(STYLE, onnx.TensorProto.FLOAT, [2])
    result = helper.make_tensor_value_info("stylized", onnx.TensorProto.UINT8, ["n", "h", "w", 3])
    graph = helper.make_graph([helper.make_node("Identity", [IMAGE], ["stylized"])], "g", [image, style], [result])
    assert not HeldNorms(helper.make_model(graph).SerializeToString(), 2, opened).possible
