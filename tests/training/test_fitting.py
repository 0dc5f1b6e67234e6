"""New styles for a trained bank: the best start, nothing changed of what is kept, and resumed bit for bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from allaprima.errors import ModelError
from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.cards import make_card
from allaprima.training.finetune import Parent, grafted, initial, nearest, read_parent
from allaprima.training.model_file import weights_sha256
from allaprima.training.networks import Fast
from allaprima.training.objective import Objective
from allaprima.training.options import TrainingOptions
from allaprima.training.perceptual import LossNetwork
from allaprima.training.recipes import RECIPES
from allaprima.training.setup import Setup
from allaprima.training.style_images import StyleImage
from allaprima.training.trainer import Trainer
from banks import NAMES, bank, picture
from support import make_trainer, stopped_after

CARD = Card(tuple(Style(name) for name in NAMES), "fast", 4, {}, 90, "", "cpu", {}, "0f0f", "0")


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(
        RECIPES["default"],
        steps=6,
        batch=2,
        size=64,
        style_size=64,
        learning_rate=1e-2,
        optimizer="adam",
        norm_floor=0.0,
    )
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


@torch.no_grad()
def test_grafted_entries_paint_as_the_old_ones_and_their_mixtures():
    old = bank()
    rows = torch.cat([torch.eye(4), torch.tensor([[0.0, 0.5, 0.0, 0.5]])])
    new = Fast(styles=5, width=4).eval()
    new.load_state_dict(grafted(old.state_dict(), rows))
    for entry in range(4):
        assert torch.equal(new(picture(1), torch.eye(5)[entry]), old(picture(1), torch.eye(4)[entry]))
    torch.testing.assert_close(new(picture(1), torch.eye(5)[4]), old(picture(1), rows[4]))


@settings(max_examples=8)
@given(st.integers(0, 1000))
def test_the_start_is_the_best_candidate(vgg16_weights, seed):
    network, photos = bank(seed), torch.cat([picture(2), picture(3)])
    objective = Objective(RECIPES["default"], LossNetwork(vgg16_weights), [picture(seed), picture(seed + 1)])

    @torch.no_grad()
    def loss(mixture: torch.Tensor) -> float:
        wanted = torch.tensor([[0.0, 0.0, 1.0]] * 2)
        return objective(network(photos, mixture), photos, wanted).total.mean().item()

    found = nearest(network, objective, photos, style=1)
    ordered = sorted(torch.eye(4)[1:].unbind(), key=loss)
    candidates = [*ordered, (ordered[0] + ordered[1]) / 2, torch.tensor([0.0, 1.0, 1.0, 1.0]) / 3]
    assert loss(found) == pytest.approx(min(map(loss, candidates)), rel=1e-3)  # two may be as good but for rounding
    assert (found[0], found.sum()) == (0, pytest.approx(1))


def test_new_styles_start_as_mixtures_of_the_parents(options, vgg16_weights):
    parent = Parent(CARD, bank())
    network, starts = initial(options, Setup.of(options, vgg16_weights), parent)
    assert list(starts) == ["waves", "stars"]
    network.shadows = parent.network.shadows  # which the recipe decides
    mixture = torch.tensor([starts["stars"].get(name, 0.0) for name in NAMES])
    with torch.no_grad():
        torch.testing.assert_close(
            network(picture(1), torch.eye(3)[2]), parent.network(picture(1), mixture), rtol=0, atol=1e-3
        )


def test_a_bank_of_the_same_styles_goes_on_as_it_is(options, vgg16_weights):
    styles = (Style("photo"), Style("waves"), Style("stars"), Style("more"))
    options = replace(options, styles=(*options.styles, replace(options.styles[0], name="more")))
    parent = Parent(replace(CARD, styles=styles), bank())
    network, starts = initial(options, Setup.of(options, vgg16_weights), parent)
    assert starts == {}
    assert weights_sha256(network.state_dict()) == weights_sha256(bank().state_dict())


def extended(options: TrainingOptions, vgg16_weights) -> Trainer:
    return make_trainer(replace(options, kept=CARD.styles[1:]), vgg16_weights, Parent(CARD, bank()))


def test_extending_trains_nothing_but_the_new_entries(options, vgg16_weights):
    trainer, before = extended(options, vgg16_weights), bank().state_dict()
    start = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    assert [step.step for step in trainer.run()] == [1, 2, 3, 4, 5, 6]
    for name, value in trainer.network.state_dict().items():
        if value.shape == before[name].shape:
            assert torch.equal(value, before[name]), name
        else:  # [2, styles, C]
            assert torch.equal(value[:, :4], before[name]), name
            assert not torch.equal(value[:, 4:], start[name][:, 4:]), name
    assert make_card(trainer, trainer.network, {}).names == (*NAMES, "waves", "stars")


def test_training_strengths_leaves_full_strength_as_it_is(options, vgg16_weights):
    recipe = replace(options.recipe, mixed=0.0, lower=1.0)
    parent = Fast(styles=3, width=4)
    parent.load_state_dict(grafted(bank().state_dict(), torch.eye(4)[:3]))
    card = replace(CARD, styles=(Style("photo"), Style("waves"), Style("stars")))
    options = replace(options, strengths=True, recipe=recipe)
    trainer = make_trainer(options, vgg16_weights, Parent(card, parent))

    @torch.no_grad()
    def paintings() -> list[torch.Tensor]:
        return [trainer.network(picture(1), torch.tensor(m)) for m in ([0.0, 0.3, 0.7], [0.5, 0.5, 0.0])]

    full, half = paintings()
    assert len(list(trainer.run())) == recipe.steps
    assert torch.equal(paintings()[0], full)
    assert (paintings()[1] - half).abs().mean() > 1e-4


def test_extending_resumes_bit_for_bit(options, vgg16_weights, tmp_path):
    unbroken = extended(options, vgg16_weights)
    totals = [step.total for step in unbroken.run()]

    state = stopped_after(extended(options, vgg16_weights), 3, tmp_path / "a.checkpoint")
    second = make_trainer(TrainingOptions.from_dict(state["options"]), vgg16_weights)
    second.load(state)
    assert [step.total for step in second.run()] == totals[3:]
    assert weights_sha256(second.network.state_dict()) == weights_sha256(unbroken.network.state_dict())


def test_a_parent_grows_into_the_network_asked_for(tmp_path):
    export_model(bank(), CARD, tmp_path / "small.onnx")
    parent = read_parent(tmp_path / "small.onnx", "fine", 8)
    assert (parent.card, parent.network.name, parent.network.width) == (CARD, "fine", 8)
    with torch.no_grad():
        mixture = torch.tensor([0.0, 0.2, 0.3, 0.5])
        torch.testing.assert_close(parent.network(picture(1), mixture), bank()(picture(1), mixture), atol=1e-4, rtol=0)


def test_a_card_that_is_not_the_networks_is_refused(tmp_path):
    export_model(bank(), replace(CARD, width=8), tmp_path / "odd.onnx")
    with pytest.raises(ModelError, match=r"odd.onnx are not those of the network that its card names"):
        read_parent(tmp_path / "odd.onnx")
