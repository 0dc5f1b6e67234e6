"""Banks that learn from other banks' paintings, and what is taken out of these first."""

from __future__ import annotations

import copy
from dataclasses import replace

import distill
import numpy as np
import pytest
import torch

from allaprima.errors import DivergedError, TrainingError
from allaprima.training import distillation
from allaprima.training.finetune import read_parent
from allaprima.training.mesh import mesh
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.style_images import StyleImage
from banks import PAINTED, bank, changed, run_program, write_bank
from support import make_trainer


@pytest.fixture(scope="module")
def taught_and_teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("banks")
    return [write_bank(bank(seed), folder / f"{seed}.onnx") for seed in (1, 2)]


def lattice(side: int, period: int) -> torch.Tensor:
    across = torch.arange(side) * 2 * torch.pi / period
    return (0.5 + 0.1 * across.cos()).expand(1, 3, side, side).clone()


def test_mesh_is_a_lattice_of_period_4_and_nothing_else():
    picture = lattice(128, 4)
    torch.testing.assert_close(mesh(picture), picture - 0.5, atol=1e-4, rtol=0)
    assert mesh(lattice(256, 8))[..., 96:160].abs().max() < 1e-3
    assert mesh(torch.full((1, 3, 64, 128), 0.3)).abs().max() < 1e-4


def test_half_of_the_pictures_are_noisy():
    pictures = torch.full((4, 3, 32, 32), 0.5)
    noisy = distillation.noisy(pictures, 8.0, np.random.default_rng(1))
    assert torch.equal(noisy[2:], pictures[2:])
    assert 0.0 < (noisy[:2] - 0.5).std() < 8.0 / 255.0


def test_a_bank_comes_nearer_to_what_it_is_taught(tmp_path, photos, taught_and_teacher):
    before, teacher = taught_and_teacher
    recipe = replace(distill.RECIPE, size=64, batch=2, learning_rate=3e-3)
    first, second = (
        distill.Distillation(before, distill.Teachers([(teacher, None)]), photos, distillation.Terms(), recipe, seed=3)
        for _ in range(2)
    )
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        start = first.loss(image).item()
    first.run(0.05, tmp_path / "checkpoint")
    taught = first.step
    first.step = 0  # the same walls, noise and mixtures
    with torch.no_grad():
        assert first.loss(image).item() < 0.8 * start
    second.run(0.0, tmp_path / "checkpoint")
    assert second.step == taught > 1
    assert not changed(first.network, second.network)
    other = distill.Distillation(
        before, distill.Teachers([(teacher, None)]), photos, distillation.Terms(calm=0.1), recipe, seed=3
    )
    with pytest.raises(TrainingError, match="another training"):
        other.run(0.0, tmp_path / "checkpoint")


def test_distilling_writes_a_bank_of_the_same_styles(monkeypatch, tmp_path, photos, taught_and_teacher):
    before, teacher = taught_and_teacher
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    words = [before, "--teacher", before, f"{teacher}:irises", "--photos", photos, "--minutes", 1e-5]
    assert run_program(monkeypatch, distill, *words, "-o", tmp_path / "after.onnx") == 0
    assert not list(tmp_path.glob("*.checkpoint"))
    old, new = map(read_parent, (before, tmp_path / "after.onnx"))
    assert new.card.names == PAINTED
    assert changed(old.network, new.network)
    assert "1 steps of distillation" in new.card.note
    words[2:4] = [f"{teacher}:cubism"]
    assert run_program(monkeypatch, distill, *words, "-o", tmp_path / "x") == 2


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(RECIPES["default"], steps=4, batch=2, size=64, style_size=64)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


def test_a_finished_network_learns_from_itself_the_same_every_time(options, vgg16_weights):
    trainer = make_trainer(options, vgg16_weights)
    finished, told = copy.deepcopy(trainer.finished()), []
    first = distillation.calm_network(trainer, lambda done, steps: told.append((done, steps)))
    assert told == [(step, 4) for step in (1, 2, 3, 4)]
    assert changed(finished, first)
    assert not changed(first, distillation.calm_network(trainer))
    assert not changed(finished, trainer.finished())
    assert not first.training


def test_without_calm_the_finished_network_is_delivered(options, vgg16_weights):
    trainer = make_trainer(replace(options, recipe=replace(options.recipe, calm=0.0)), vgg16_weights)
    assert not changed(trainer.finished(), distillation.calm_network(trainer))


def test_calming_that_diverges_is_said(options, vgg16_weights, monkeypatch):
    monkeypatch.setattr(distillation, "SCALE", float("nan"))
    with pytest.raises(DivergedError, match="step 1 of calming"):
        distillation.calm_network(make_trainer(options, vgg16_weights))


def test_it_takes_no_steps_where_nothing_is_asked_or_styles_are_to_stay(options):
    def steps(recipe=options.recipe, **words):
        return distillation.steps_after(replace(options, recipe=recipe, **words))

    assert steps() == 4
    assert steps(replace(options.recipe, steps=9000)) == distillation.MOST
    assert steps(replace(options.recipe, calm=0.0)) == 0
    assert steps(strengths=True) == 0
    assert steps(RECIPES["paper"]) == steps(RECIPES["four-layers"]) == 0
