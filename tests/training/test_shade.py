"""A painting is dark where its photograph is dark: the same in training and in the file, kept, and found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from allaprima.engine.engine import Engine
from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.finetune import Parent, initial
from allaprima.training.growth import grown
from allaprima.training.model_file import read_network, read_weights
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.setup import Setup
from allaprima.training.shade import CELL, KNEE, Shade
from allaprima.training.style_images import StyleImage
from banks import NAMES, bank, picture
from support import checkered, make_trainer, stopped_after

CARD = Card(tuple(Style(name) for name in NAMES), "fast", 4, {}, 90, "", "cpu", {}, "0f0f", "0")
ONE = torch.tensor([0.0, 1.0, 0.0, 0.0])


def shaded(shadows: float = 0.25):
    network = bank()
    network.shadows = shadows
    return network


def test_shadows_set_later_are_where_the_network_is():
    network = bank().to("meta")
    network.shadows = 0.3
    assert {buffer.device.type for buffer in network.shade.buffers()} == {"meta"}


@pytest.mark.parametrize(("light", "left"), [(0.0, 0.25), (KNEE / 2, 0.625), (KNEE, 1.0), (1.0, 1.0)])
def test_light_falls_with_the_photographs(light, left):
    image = torch.full((2, 3, 24, 16), light)
    assert Shade(0.25)(image) == pytest.approx(torch.full((2, 1, 12, 8), left).numpy(), abs=1e-5)


def test_colors_count_as_the_eye_sees_them():
    green, blue = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    green[:, 1], blue[:, 2] = 0.4, 0.4
    assert Shade(0.0)(green).mean() > 4 * Shade(0.0)(blue).mean()


def test_a_shadow_ends_softly():
    image = torch.ones(1, 3, 64, 64)
    image[..., :32] = 0.0
    row = Shade(0.0)(image)[0, 0, 16]
    assert row[0] == 0.0
    assert row[-1] == 1.0
    assert row.diff().min() >= 0.0
    assert row.diff().max() < 0.5


@torch.no_grad()
def test_a_dark_picture_is_painted_dark_and_a_light_one_as_before():
    plain, network = bank(), shaded()
    light = 0.5 + 0.5 * picture(1)
    assert torch.equal(network(light, ONE), plain(light, ONE))
    dark = 0.1 * picture(1)
    assert network(dark, ONE).mean() < 0.6 * plain(dark, ONE).mean()


@torch.no_grad()
def test_the_file_paints_what_the_network_paints_in_tiles_too_and_gives_it_back(tmp_path):
    export_model(shaded().eval(), CARD, tmp_path / "a.onnx")
    _, again = read_network(tmp_path / "a.onnx")
    assert again.shadows == 0.25
    assert read_weights(tmp_path / "a.onnx").keys() == again.state_dict().keys()
    image = checkered(640, 512)[None] // 4
    expected = (
        (255.0 * again.eval()(torch.from_numpy(image).permute(0, 3, 1, 2) / 255.0, ONE)).round().permute(0, 2, 3, 1)
    )
    whole, tiled = (Engine(tmp_path / "a.onnx", memory=memory, exact=True) for memory in (None, 1))
    found = whole.paint(image, ONE.numpy()).astype(int)
    assert np.abs(found - expected.numpy()).max() <= 1
    assert np.abs(found - tiled.paint(image, ONE.numpy())).max() <= 1
    export_model(bank().eval(), CARD, tmp_path / "b.onnx")
    assert read_network(tmp_path / "b.onnx")[1].shadows == 1.0


def test_a_file_of_any_size_is_shaded_alike(tmp_path):
    network = shaded(0.0).eval()
    export_model(network, CARD, tmp_path / "model.onnx")
    engine = Engine(tmp_path / "model.onnx")
    for height, width in ((16, 16), (17, 31), (45, 22)):
        assert engine.paint(np.zeros((1, height, width, 3), np.uint8), ONE.numpy()).max() == 0


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(RECIPES["default"], steps=4, batch=2, size=64, style_size=64, shadows=0.4)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


def test_a_training_has_its_recipes_shadows_and_what_is_kept_its_own(options, vgg16_weights):
    setup, parent = Setup.of(options, vgg16_weights), Parent(CARD, shaded())
    assert initial(options, setup)[0].shadows == pytest.approx(0.4)
    assert initial(options, setup, parent)[0].shadows == pytest.approx(0.4)
    assert initial(replace(options, kept=CARD.styles[1:]), setup, parent)[0].shadows == 0.25


def test_a_grown_network_keeps_it():
    assert grown(shaded(), "fine", 8).shadows == 0.25


def test_a_training_resumes_bit_for_bit(options, vgg16_weights, tmp_path):
    unbroken = make_trainer(options, vgg16_weights)
    totals = [step.total for step in unbroken.run()]
    state = stopped_after(make_trainer(options, vgg16_weights), 2, tmp_path / "a.checkpoint")
    second = make_trainer(TrainingOptions.from_dict(state["options"]), vgg16_weights)
    second.load(state)
    assert [step.total for step in second.run()] == totals[2:]
    assert second.network.shadows == unbroken.network.shadows == pytest.approx(0.4)


def test_cells_divide_what_networks_take():
    assert bank().stride % CELL == 0
