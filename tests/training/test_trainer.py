"""The trainer: it learns, it goes on bit for bit, and it stops where numbers end."""

import math
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from allaprima.errors import DivergedError, TrainingError
from allaprima.training.cards import make_card
from allaprima.training.checkpoint import read_checkpoint, write_checkpoint
from allaprima.training.device import choose_device
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import RECIPES
from allaprima.training.schedule import draw_mixtures, learning_rate, shifted
from allaprima.training.style_images import StyleImage
from allaprima.training.trainer import Trainer
from support import make_trainer, stopped_after


@pytest.fixture
def options(photos, paintings) -> TrainingOptions:
    recipe = replace(RECIPES["default"], steps=6, batch=2, size=64, style_size=64)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    return TrainingOptions(styles, str(photos), recipe=recipe, width=4, device="cpu", workers=0)


def weights(trainer: Trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for p in trainer.network.state_dict().values()]


def test_the_loss_falls(options, vgg16_weights):
    recipe = replace(options.recipe, steps=40, learning_rate=1e-2, mixed=0.0, lower=0.0)
    totals = [step.total for step in make_trainer(replace(options, recipe=recipe), vgg16_weights).run()]
    assert np.mean(totals[-8:]) < 0.8 * np.mean(totals[:8])


@pytest.mark.parametrize(("precision", "small"), [("float32", 0), ("bfloat16", 32)])
def test_resumed_is_bit_for_bit_unbroken(options, vgg16_weights, tmp_path, precision, small):
    recipe = replace(options.recipe, small_size=small, small_share=0.7)  # the fourth step of six is a small one
    options = replace(options, precision=precision, recipe=recipe)
    unbroken = make_trainer(options, vgg16_weights)
    steps = [step.total for step in unbroken.run()]

    state = stopped_after(make_trainer(options, vgg16_weights), 3, tmp_path / "a.checkpoint")
    assert TrainingOptions.from_dict(state["options"]) == options
    second = make_trainer(options, vgg16_weights)
    second.load(state)
    rest = [step.total for step in second.run()]

    assert rest == steps[3:]
    assert all(torch.equal(a, b) for a, b in zip(weights(unbroken), weights(second), strict=True))


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(options, vgg16_weights):
    trainer = make_trainer(options, vgg16_weights)
    run = trainer.run()
    next(run)
    good = weights(trainer)
    trainer.objective.style_grams["relu1_2"][0] = math.nan
    trainer.objective.style_grams["relu1_2"][1] = math.nan
    with pytest.raises(DivergedError, match="step 2 is not a number"):
        next(run)
    assert trainer.step == 1
    assert all(torch.equal(a, b) for a, b in zip(good, weights(trainer), strict=True))


def test_mixtures_are_fair_and_mixed_as_the_recipe_says():
    recipe = replace(RECIPES["default"], batch=4, mixed=0.15, lower=0.1)
    rows = torch.cat([draw_mixtures(recipe, 3, seed=0, step=step) for step in range(600)])
    torch.testing.assert_close(rows.sum(1), torch.ones(2400))
    pure = rows[(rows == 1).any(1)]
    assert len(pure) / len(rows) == pytest.approx(0.75, abs=0.03)
    assert (pure[:, 0] == 0).all()  # photo needs no training
    assert pure.sum(0)[1:].tolist() == pytest.approx([600, 600, 600], rel=0.1)
    assert (rows[:, 0] > 0).float().mean() == pytest.approx(0.1, abs=0.02)


def test_a_lone_style_is_mixed_with_the_photo_only():
    recipe = replace(RECIPES["default"], batch=4, mixed=0.6, lower=0.4)
    rows = torch.cat([draw_mixtures(recipe, 1, seed=0, step=step) for step in range(20)])
    assert rows.shape == (80, 2)
    torch.testing.assert_close(rows.sum(1), torch.ones(80))


def test_one_cycle_rises_and_falls():
    recipe = replace(RECIPES["default"], steps=100)
    rates = [learning_rate(recipe, step) for step in range(100)]
    assert np.argmax(rates) == 10
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[0] < 0.1 * max(rates)
    assert rates[-1] < 0.01 * max(rates)
    assert {learning_rate(RECIPES["paper"], step) for step in (0, 10, 39_999)} == {1e-3}


def test_the_card_tells_the_truth(options, vgg16_weights):
    trainer = make_trainer(options, vgg16_weights)
    next(trainer.run())
    card = make_card(trainer, trainer.network, {})
    assert card.names == ("photo", "waves", "stars")
    assert (card.network, card.width, card.steps) == ("fast", 4, 1)
    assert card.trained_on == "6 photographs"
    assert card.parameters == sum(p.numel() for p in trainer.network.parameters())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "vgg"}, "choose one of: fast, fine, johnson"),
        ({"device": "cuda:7"}, "there is no device cuda:7"),
        ({"photos": "nowhere"}, "there is no folder"),
    ],
)
def test_options_that_cannot_be(options, vgg16_weights, change, words):
    if "device" in change and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(TrainingError, match=words):
        make_trainer(replace(options, **change), vgg16_weights)


def test_unreadable_styles_and_checkpoints(options, vgg16_weights, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    styles = (StyleImage("bad", str(tmp_path / "bad.jpg")),)
    with pytest.raises(TrainingError, match=r"bad\.jpg cannot be read"):
        make_trainer(replace(options, styles=styles), vgg16_weights)
    with pytest.raises(TrainingError, match="there is no checkpoint"):
        read_checkpoint(tmp_path / "none")
    with pytest.raises(TrainingError, match="not a checkpoint"):
        read_checkpoint(tmp_path / "bad.jpg")
    with pytest.raises(TrainingError, match="multiple of 4"):
        make_trainer(replace(options, recipe=replace(options.recipe, size=66)), vgg16_weights)


def test_a_killed_save_leaves_the_old_checkpoint(options, vgg16_weights, tmp_path: Path, monkeypatch):
    trainer = make_trainer(options, vgg16_weights)
    path = tmp_path / "a.checkpoint"
    write_checkpoint(trainer.state(), path)

    def half_written(state: object, file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half_written)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(trainer.state(), path)
    assert read_checkpoint(path)["step"] == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_finds_the_best_device(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == best


def test_photograph_and_painting_are_shifted_alike_and_as_the_step_decides():
    photo = torch.arange(2 * 3 * 20 * 24, dtype=torch.float32).reshape(2, 3, 20, 24)
    mirrored = F.pad(photo, [10] * 4, mode="reflect")
    windows = {
        (down, across, flipped): picture.flip(-1) if flipped else picture
        for down in range(21) for across in range(21) for flipped in (False, True)
        for picture in [mirrored[..., down : down + 20, across : across + 24]]
    }  # fmt: skip
    seen = set()
    for step in range(300):
        one, other = shifted([photo, photo + 1.0], True, 0, step)
        assert torch.equal(one + 1.0, other)
        seen |= {where for where, window in windows.items() if torch.equal(one, window)}
    assert len(seen) > 200  # of 21 · 21 · 2, many of them twice
    assert any(flipped for *_, flipped in seen)
    assert {0, 20} <= {down for down, *_ in seen}
    assert torch.equal(shifted([photo], True, 3, 5)[0], shifted([photo], True, 3, 5)[0])
    assert shifted([photo], False, 0, 0)[0] is photo


@pytest.mark.parametrize(("height", "width"), [(256, 256), (16, 64), (8, 8)])
def test_what_lies_beside_an_edge_is_its_mirror_image_and_not_the_other_edge(height, width):
    picture = torch.zeros(1, 1, height, width)
    picture[..., 0] = 1.0  # the left edge alone
    for step in range(40):
        (moved,) = shifted([picture], True, 1, step)
        assert moved.shape == picture.shape
        columns = moved[0, 0, 0].nonzero().flatten()
        assert len(columns) <= 1  # once, in the middle of its mirror images
