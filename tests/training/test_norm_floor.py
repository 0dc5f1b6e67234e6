"""A floor under the norms' variance: ordinary pictures stay, what has no contrast gets none, and it is kept."""

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
from allaprima.training.layers import EPSILON, ConvNorm
from allaprima.training.model_file import read_network, weights_sha256
from allaprima.training.networks import NETWORKS, Fast
from allaprima.training.norm_floor import adopt_floor, has_floor
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.setup import Setup
from allaprima.training.style_images import StyleImage
from banks import NAMES, bank, picture
from support import checkered, make_trainer, stopped_after

CARD = Card(tuple(Style(name) for name in NAMES), "fast", 4, {}, 90, "", "cpu", {}, "0f0f", "0")
ONE = torch.tensor([0.0, 1.0, 0.0, 0.0])


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(RECIPES["default"], steps=4, batch=2, size=64, style_size=64, norm_floor=0.5, darkened=0.5)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


@torch.no_grad()
@pytest.mark.parametrize("entries", [[1, 2, 3], [1]])
def test_with_a_floor_photographs_stay_and_faint_pictures_stay_faint(entries):
    photos = torch.cat([picture(seed) for seed in range(6)])
    plain, floored = bank(), bank()
    adopt_floor(floored, photos, 1.0, entries)
    assert has_floor(floored)
    assert not has_floor(plain)
    before, after = plain(photos, ONE), floored(photos, ONE)
    assert (after - before).square().mean().sqrt() < 0.25 * before.std()
    faint = 0.2 + 0.01 * picture(1)
    contrast, without = (network(faint, ONE).std((2, 3)).mean() for network in (floored, plain))
    assert contrast < 0.3 * without


@torch.no_grad()
def test_without_a_share_the_floors_go_again():
    photos, network = torch.cat([picture(seed) for seed in range(4)]), bank()
    adopt_floor(network, photos, 0.3, [1, 2, 3])
    adopt_floor(network, photos, 0.0, [1, 2, 3])
    assert not has_floor(network)
    before, after = bank()(photos, ONE), network(photos, ONE)
    assert (after - before).square().mean().sqrt() < 0.25 * before.std()


@torch.no_grad()
def test_one_floor_serves_all_channels_of_a_norm():
    photos, network = torch.cat([picture(seed) for seed in range(4)]), bank()
    adopt_floor(network, photos, 0.3, [1])
    first = next(layer for layer in network.modules() if isinstance(layer, ConvNorm))
    seen: list[torch.Tensor] = []
    first.norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].var((2, 3), correction=0)))
    network(photos, ONE)
    torch.testing.assert_close(seen[0].median(0).values, torch.full((4,), first.norm.epsilon / 0.3), rtol=0.02, atol=0)


@pytest.mark.parametrize("kind", ["fast", "johnson"])
def test_the_floors_are_in_the_model_for_tiles_too_and_come_back(kind, tmp_path):
    torch.manual_seed(0)
    network = NETWORKS[kind](styles=4, width=4).eval()
    network.epsilons = [0.01 * 1.5**number for number in range(len(network.epsilons))]
    export_model(network, replace(CARD, network=kind), tmp_path / "a.onnx")
    _, again = read_network(tmp_path / "a.onnx")
    assert again.epsilons == pytest.approx(network.epsilons)
    image = checkered(640, 512)[None] // 8 + 60
    whole, tiled = (Engine(tmp_path / "a.onnx", memory=memory, exact=True) for memory in (None, 1))
    with torch.no_grad():
        expected = network(torch.from_numpy(image).permute(0, 3, 1, 2) / 255.0, ONE)
    found = whole.paint(image, ONE.numpy()).astype(int)
    assert np.abs(found - (255.0 * expected).round().permute(0, 2, 3, 1).numpy()).max() <= 1
    if kind == "fast":
        assert np.abs(found - tiled.paint(image, ONE.numpy())).max() <= 1


def test_a_grown_network_keeps_the_floors():
    small = bank()
    adopt_floor(small, torch.cat([picture(seed) for seed in range(4)]), 0.5, [1])
    large = grown(small, "fine", 8).eval()
    with torch.no_grad():
        torch.testing.assert_close(large(picture(1), ONE), small(picture(1), ONE), atol=2e-4, rtol=0)


def test_a_bank_without_floors_adopts_them_and_one_that_has_them_goes_on_as_it_is(options, vgg16_weights):
    styles = (Style("photo"), Style("waves"), Style("stars"), Style("more"))
    options = replace(options, styles=(*options.styles, replace(options.styles[0], name="more")))
    setup = Setup.of(options, vgg16_weights)
    card = replace(CARD, styles=styles)
    adopted, _ = initial(options, setup, Parent(card, bank()))
    assert has_floor(adopted)
    again, _ = initial(options, setup, Parent(replace(card, recipe={"norm_floor": 0.5}), adopted))
    assert again.epsilons == adopted.epsilons
    assert weights_sha256(again.state_dict()) == weights_sha256(adopted.state_dict())


def test_what_is_kept_adopts_no_floors(options, vgg16_weights):
    network, _ = initial(replace(options, kept=CARD.styles[1:]), Setup.of(options, vgg16_weights), Parent(CARD, bank()))
    assert set(network.epsilons) == {EPSILON}


@pytest.mark.parametrize("parent", [None, Parent(CARD, bank())])
def test_a_training_with_floors_resumes_bit_for_bit(options, vgg16_weights, tmp_path, parent):
    unbroken = make_trainer(options, vgg16_weights, parent)
    totals = [step.total for step in unbroken.run()]
    state = stopped_after(make_trainer(options, vgg16_weights, parent), 2, tmp_path / "a.checkpoint")
    second = make_trainer(TrainingOptions.from_dict(state["options"]), vgg16_weights)
    second.load(state)
    assert [step.total for step in second.run()] == totals[2:]
    assert second.network.epsilons == unbroken.network.epsilons


def test_networks_begin_without_floors():
    assert set(Fast(styles=2, width=4).epsilons) == {EPSILON}
