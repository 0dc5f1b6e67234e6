"""The optional engine OpenVINO: the same pictures as ONNX Runtime's, and a sentence where it is missing."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from allaprima import Stylizer
from allaprima.engine import openvino
from allaprima.engine.engine import Engine
from allaprima.engine.openvino import OpenVinoSession
from allaprima.errors import EngineError, OptionError
from allaprima.gallery import gallery_model
from allaprima.style_model import mixture
from support import checkered, refusal

SIZES = [(64, 48), (97, 61), (64, 48), (33, 80), (64, 48), (64, 48), (64, 48)]
"""Some that come once, and one so often that the model is compiled for it."""


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    pytest.importorskip("openvino")
    return Stylizer(threads=1, engine="openvino")


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_pictures_are_onnx_runtimes(stylizer, strength):
    other = Stylizer(threads=1)
    for size in SIZES:
        image = checkered(*size)
        found, expected = (each.stylize(image, "great_wave", strength).astype(int) for each in (stylizer, other))
        assert found.shape == image.shape
        assert np.abs(found - expected).max() <= 1


class FakeCore:
    """Stands in for OpenVINO; models are their shapes, and what is compiled computes nothing."""

    def __init__(self) -> None:
        self.compiled: list[object] = []

    def read_model(self, _: bytes) -> FakeModel:
        return FakeModel()

    def compile_model(self, model: FakeModel, *_: object) -> object:
        self.compiled.append(model.shapes)
        return lambda feeds: {"stylized": feeds["image"]}


class FakeModel:
    """Its sizes are open until it is given others."""

    shapes: object = "open"

    def clone(self) -> FakeModel:
        return FakeModel()

    def reshape(self, shapes: dict[str, list[int]]) -> None:
        self.shapes = shapes["image"][1]


@pytest.fixture
def core(monkeypatch) -> FakeCore:
    fake = FakeCore()
    monkeypatch.setitem(sys.modules, "openvino", SimpleNamespace(Core=lambda: fake))
    return fake


def paint_sides(session: OpenVinoSession, sides: list[int]) -> None:
    for side in sides:
        session.run(["stylized"], {"image": np.zeros((1, side, 8, 3), np.uint8)})


def test_a_folder_of_many_sizes_compiles_once(core):
    paint_sides(OpenVinoSession(b""), list(range(16, 400)))
    assert core.compiled == ["open"]


def test_a_size_that_keeps_coming_is_compiled_for(core):
    paint_sides(OpenVinoSession(b""), [20, 30, 20, 40, 20, 50, *[20] * 50])
    assert core.compiled == ["open", 20]


def test_for_frames_a_size_is_compiled_for_when_it_comes(core):
    paint_sides(OpenVinoSession(b"", soon=True), [20, 24, 20, 20])
    assert core.compiled == [20, 24]


def test_more_sizes_than_are_kept_seldom_compile(core):
    rounds = 40
    paint_sides(OpenVinoSession(b""), [20, 30, 40] * rounds)
    assert core.compiled[:4] == ["open", 20, 30, 40]
    assert len(core.compiled) <= 1 + 3 * rounds // openvino.COMPILED_AT


def test_a_batch_is_its_pictures(stylizer):
    batch = np.stack([checkered(48, 40, seed) for seed in range(3)])
    alone = np.stack([stylizer.stylize(image, "the_scream") for image in batch])
    assert np.abs(stylizer.stylize(batch, "the_scream").astype(int) - alone).max() <= 1


def test_threads_share_it_and_keep_their_own_results(stylizer):
    images = [checkered(48 + 16 * (k % 3), 48, k) for k in range(12)]
    expected = [stylizer.stylize(image, "great_wave") for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: stylizer.stylize(image, "great_wave"), images))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_frames_side_by_side_are_those_of_one_at_a_time(stylizer):
    """From the first on: a run that goes on in the middle of a clip gives the same."""
    engine, frames = Engine(gallery_model("fast"), 2, engine="openvino"), [checkered(64, 48, k) for k in range(8)]
    mixed = mixture(engine.card.names, "great_wave", 1)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: engine.paint(one[None], mixed, beside=True)[0], frames))
    again = [engine.paint(one[None], mixed, beside=True)[0] for one in reversed(frames)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    expected = [stylizer.stylize(one, "great_wave").astype(int) for one in frames]
    assert max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True)) <= 1


def test_a_frame_with_statistics_held_is_near(stylizer):
    engine, frame = Engine(gallery_model("fast"), 1, engine="openvino"), checkered(96, 64)[None]
    mixed = mixture(engine.card.names, "great_wave", 1)
    painted, statistics = engine.paint_and_measure(frame, mixed)
    assert np.abs(painted[0].astype(int) - stylizer.stylize(frame[0], "great_wave")).max() <= 1
    held = engine.paint(frame, mixed, held=engine.held(statistics, mixed))
    assert np.abs(held.astype(int) - painted).max() <= 1


def test_bfloat16_is_near():
    pytest.importorskip("openvino")
    try:
        half = Stylizer(threads=1, engine="openvino-bf16")
    except EngineError as error:
        pytest.skip(str(error))
    image = checkered(160, 128)
    a, b = (each.stylize(image, "starry_night").astype(float) for each in (half, Stylizer(threads=1)))
    assert 0 < np.square(a - b).mean() < 255**2 / 10**4  # a PSNR of 40 dB


def test_what_does_not_fit_is_painted_in_tiles():
    pytest.importorskip("openvino")
    engine, whole = Engine(gallery_model(), 1, memory=1, engine="openvino"), Engine(gallery_model(), 1)
    image, weights = checkered(200, 150)[None], mixture(whole.card.names, "great_wave", strength=1.0)
    assert np.abs(engine.paint(image, weights).astype(int) - whole.paint(image, weights)).max() <= 1


def test_the_command_line_knows_it(allaprima, photo, tmp_path):
    pytest.importorskip("openvino")
    target = tmp_path / "painted.png"
    assert allaprima("stylize", photo, "-s", "great_wave", "--engine", "openvino", "-o", target).returncode == 0
    assert target.exists()


def test_without_the_package_a_sentence_says_what_to_do(monkeypatch, photo):
    monkeypatch.setitem(sys.modules, "openvino", None)
    command = ["stylize", str(photo), "-s", "great_wave", "--engine", "openvino"]
    assert "pip install openvino" in refusal(command)


def test_an_engine_that_does_not_exist():
    with pytest.raises(OptionError, match="engine must be one of: onnxruntime, openvino"):
        Stylizer(engine="tensorflow")
