"""Tiles: exactly the whole picture where they shall be, without a seam, within memory, whatever the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from allaprima.engine import sample, tiles
from allaprima.engine.boxes import ALIGN, Box, grid
from allaprima.engine.engine import Engine
from allaprima.engine.fixed_norm import with_given_statistics
from allaprima.engine.graph import Graph
from allaprima.engine.sample import spread, take_sample, weights
from allaprima.engine.tiles import TilePainter
from allaprima.gallery import BANKS, gallery_model
from allaprima.style_model import Card, Style
from support import checkered

PLENTY = 2**40
NOTHING = 1
"""Bytes: every picture needs more, so that each is painted in the smallest tiles."""


@pytest.fixture(scope="module", params=["fast", "fine", "johnson"])
def model(request, tmp_path_factory) -> Path:
    """The gallery's banks, and the network that no bank has, with random weights."""
    if request.param in BANKS:
        return gallery_model(request.param)
    torch = pytest.importorskip("torch")
    from allaprima.export.onnx import export_model
    from allaprima.training.networks import NETWORKS

    torch.manual_seed(0)
    network = NETWORKS[request.param](styles=2, width=4).eval()
    card = Card((Style("photo"), Style("a")), request.param, 4, {}, 0, "", "cpu", {}, "", "0")
    path = tmp_path_factory.mktemp("tiles") / "model.onnx"
    export_model(network, card, path)
    return path


def mixture(engine: Engine) -> np.ndarray:
    return np.eye(len(engine.card.styles), dtype=np.float32)[1]


@pytest.mark.parametrize("size", [(229, 150), (131, 16)])
def test_tiles_are_the_whole_picture(model, size):
    whole, tiled = Engine(model, 1), Engine(model, 1, memory=NOTHING)
    picture = checkered(*size)[None]
    a, b = (engine.paint(picture, mixture(engine)).astype(int) for engine in (whole, tiled))
    assert np.abs(a - b).max() <= 1


def test_statistics_of_a_sample_leave_no_seam(monkeypatch):
    """The gradient across the tiles' borders, and what it would be if each tile had statistics of its own."""
    monkeypatch.setattr(tiles, "EXACT_BELOW", 0)
    engine, picture = Engine(gallery_model(), 1, memory=NOTHING), texture(640, 512)
    painted = engine.paint(picture[None], mixture(engine))[0]
    alone = np.zeros_like(picture)
    plain = Engine(gallery_model(), 1)
    for box in grid(512, 640, tiles.SMALLEST_TILE):
        part = plain.paint(box.of(picture), mixture(plain))[0]
        alone[box.top : box.bottom, box.left : box.right] = part
    assert abs(seam(painted) - seam(plain.paint(picture[None], mixture(plain))[0])) < 0.02
    assert seam(alone) > 1.1


def texture(width: int, height: int) -> np.ndarray:
    """Alike everywhere, so that few crops tell the whole; its blocks lie off the tiles' borders."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 10 + 1, width // 10 + 1, 3), np.uint8)
    return np.kron(noise, np.ones((10, 10, 1), np.uint8))[:height, :width]


def seam(image: np.ndarray, side: int = tiles.SMALLEST_TILE) -> float:
    """Mean gradient across the borders of tiles, as a share of that elsewhere."""
    ratios = []
    for axis in (0, 1):
        gradient = np.abs(np.diff(image.astype(float), axis=axis)).mean((1 - axis, 2))
        border = np.arange(1, gradient.size + 1) % side == 0
        ratios.append(gradient[border].mean() / gradient[~border].mean())
    return float(np.mean(ratios))


def test_with_the_same_statistics_the_tiles_do_not_matter():
    engine, image = Engine(gallery_model(), 1), texture(400, 300)
    painter = TilePainter(gallery_model().read_bytes(), len(engine.card.styles), engine.open)
    feeds = painter.statistics(image, mixture(engine), take_sample(image), PLENTY)
    small, large = (painter.paint_tiles(image, feeds, side).astype(int) for side in (128, 512))
    assert np.abs(small - large).max() <= 1


def test_what_waits_between_norms_is_what_comes_from_the_picture_again(model):
    engine, image = Engine(model, 1), texture(150, 131)
    painter = TilePainter(model.read_bytes(), len(engine.card.styles), engine.open)
    everything = painter.everything(image)._replace(crops=grid(131, 150, 64), weights=np.arange(9.0) + 1)
    assert (painter.keeps(image, everything, PLENTY), painter.keeps(image, everything, NOTHING)) == (True, False)
    kept, again = (painter.statistics(image, mixture(engine), everything, memory) for memory in (PLENTY, NOTHING))
    assert kept.keys() == again.keys()
    for name, value in kept.items():
        np.testing.assert_allclose(value, again[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_sample_is_near_the_whole(monkeypatch):
    monkeypatch.setattr(tiles, "EXACT_BELOW", 0)
    monkeypatch.setattr(sample, "CROPS_SHARE", 1.0)
    engine, picture = Engine(gallery_model(), 1, memory=NOTHING), texture(512, 400)[None]
    whole = Engine(gallery_model(), 1).paint(picture, mixture(engine)).astype(int)
    assert np.abs(engine.paint(picture, mixture(engine)) - whole).mean() < 4


def test_the_network_tells_its_geometry(model):
    engine = Engine(model, 1)
    painter = TilePainter(model.read_bytes(), len(engine.card.styles), engine.open)
    assert {geometry.stride for geometry in painter.layout.norms} <= {1, 2, 4, 8}
    assert 16 <= painter.layout.margin <= 96
    assert 20 < painter.bytes_per_pixel < 1200


@pytest.mark.parametrize("memory", [PLENTY, NOTHING])
def test_progress_reaches_the_end(memory):
    engine, told = Engine(gallery_model(), 1), []
    painter = TilePainter(gallery_model().read_bytes(), len(engine.card.styles), engine.open)
    painter.paint(checkered(301, 203), mixture(engine), memory, False, lambda *told_now: told.append(told_now))
    assert [total for _, total in told] == [100] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert 0 < told[0][0] < told[-2][0] < told[-1][0] == 100


@pytest.mark.parametrize("exact", [True, False])
def test_more_memory_changes_no_picture(monkeypatch, exact):
    """Neither that what the network made of the sample waits in it, nor larger tiles."""
    monkeypatch.setattr(tiles, "EXACT_BELOW", 0)
    engine, image = Engine(gallery_model(), 1), texture(640, 512)
    painter = TilePainter(gallery_model().read_bytes(), len(engine.card.styles), engine.open)
    much, little = (painter.paint(image, mixture(engine), memory, exact).astype(int) for memory in (PLENTY, NOTHING))
    assert np.abs(much - little).max() <= 1


@pytest.mark.parametrize(
    ("height", "width", "side"), [(100, 100, 128), (1000, 77, 128), (16, 16, 16), (513, 1025, 512)]
)
def test_a_grid_covers_each_pixel_once(height, width, side):
    count = np.zeros((height, width), int)
    for box in grid(height, width, side):
        count[box.top : box.bottom, box.left : box.right] += 1
        assert box.top % ALIGN == box.left % ALIGN == 0
        assert box.bottom - box.top <= side + ALIGN
    assert (count == 1).all()


def test_crops_lie_inside_and_everywhere():
    boxes = spread(5000, 8000)
    share = sum(box.grown(sample.CROP_MARGIN, 5000, 8000).area for box in boxes) / (5000 * 8000)
    assert 0.08 < share < 0.12
    assert all(0 <= box.top < box.bottom <= 5000 and 0 <= box.left < box.right <= 8000 for box in boxes)
    assert np.mean([box.left for box in boxes]) == pytest.approx(4000 - 64, rel=0.05)


def test_weights_bring_a_sample_to_the_whole():
    image = checkered(1029, 1027)[3:, 5:]  # its blocks lie off the borders of the crops
    random = np.random.default_rng(0)
    boxes = grid(1024, 1024, 128)
    plain, weighted = [], []
    for _ in range(10):
        crops = [boxes[k] for k in random.permutation(len(boxes))[:30]]
        means = np.array([image[box.top : box.bottom, box.left : box.right].mean() for box in crops])
        shares = weights(image, crops)
        assert shares.sum() == pytest.approx(1)
        assert shares.min() > 0
        plain.append(abs(means.mean() - image.mean()))
        weighted.append(abs(shares @ means - image.mean()))
    assert np.mean(weighted) < 0.3 * np.mean(plain)


@pytest.mark.parametrize("height", [16, 63, 130])
def test_flat_pictures_can_be_weighted(height):
    image = checkered(400, height)
    boxes = grid(height, 400, 128)
    assert weights(image, boxes).sum() == pytest.approx(1)


def test_a_box_grows_as_far_as_the_picture_reaches():
    assert Box(0, 32, 64, 100).grown(48, 90, 110) == Box(0, 0, 90, 110)


def test_the_edited_model_is_valid(model):
    onnx = pytest.importorskip("onnx")
    edited = onnx.load_from_string(with_given_statistics(Graph.of(model.read_bytes()))[0].whole)
    onnx.checker.check_model(edited, full_check=True)
    assert not any(node.op_type == "InstanceNormalization" for node in edited.graph.node)
