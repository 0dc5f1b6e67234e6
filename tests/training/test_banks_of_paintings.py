"""The two programs beside the gallery's paintings: training a bank on beside others, and the mean of banks."""

from __future__ import annotations

import math
from dataclasses import replace

import average
import guides
import pytest
import refine
import torch

from allaprima.errors import OptionError, TrainingError
from allaprima.style_model import Style
from allaprima.training.finetune import read_parent
from allaprima.training.model_file import weights_sha256
from allaprima.training.options import TrainingOptions
from banks import PAINTED, bank, changed, run_program, write_bank


@pytest.fixture(scope="module")
def banks_of_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("banks")
    return [write_bank(bank(seed), folder / f"{seed}.onnx") for seed in (1, 2)]


@pytest.mark.parametrize(("words", "second"), [((), 0.5), (("--shares", 1, 3), 0.75)], ids=["alike", "shares"])
def test_average_is_the_mean_of_each_weight_but_for_contrast(monkeypatch, tmp_path, banks_of_two, words, second):
    assert run_program(monkeypatch, average, *banks_of_two, *words, "-o", tmp_path / "mean.onnx") == 0
    one, two, mean = (read_parent(path) for path in (*banks_of_two, tmp_path / "mean.onnx"))
    weights, first = mean.network.state_dict(), one.network.state_dict()
    expected = {name: first[name].lerp(weight, second) for name, weight in two.network.state_dict().items()}
    different = {name for name, weight in weights.items() if not torch.allclose(weight, expected[name], atol=1e-6)}
    assert different <= {"up.mix.norm.scale", "up.mix.norm.shift"}  # where contrast is given back
    assert mean.card.weights_sha256 == weights_sha256(weights)
    assert one.card.weights_sha256[:12] in mean.card.note
    assert mean.card.names == PAINTED


@pytest.mark.parametrize("shares", [[1.0], [0.0, 0.0], [-1.0, 2.0], [math.nan, 1.0]], ids=str)
def test_each_bank_has_a_share(banks_of_two, shares):
    with pytest.raises(OptionError, match="each of the 2 banks takes a share"):
        average.mean_weights(list(map(read_parent, banks_of_two)), shares)


def test_banks_of_other_styles_have_no_mean(banks_of_two):
    one, two = map(read_parent, banks_of_two)
    other = replace(two.card, styles=(*two.card.styles[:-1], Style("great_wave")))
    with pytest.raises(OptionError, match="the same styles"):
        average.mean_weights([one, replace(two, card=other)])


def test_refining_a_style_changes_its_scales_and_shifts_and_nothing_else(
    monkeypatch, tmp_path, photos, vgg16_file, banks_of_two
):
    before, guide = banks_of_two
    monkeypatch.setattr(refine, "RECIPE", replace(refine.RECIPE, size=64, batch=1))
    words = [before, "--guide", guide, "--styles", "irises:0.5:96", "--calm", 3, "--photos", photos]
    words += ["--vgg16", vgg16_file, "--minutes", 1e-5, "-o", tmp_path / "after.onnx"]
    assert run_program(monkeypatch, refine, *words) == 0
    assert not list(tmp_path.glob("*.checkpoint"))
    old, new = map(read_parent, (before, tmp_path / "after.onnx"))
    names = changed(old.network, new.network)
    assert names
    assert all(name.endswith((".scale", ".shift")) for name in names)
    others = [0, 1, 3]
    for name in names:
        assert torch.equal(new.network.state_dict()[name][:, others], old.network.state_dict()[name][:, others])
    assert "1 steps more of the scales and shifts of irises" in new.card.note


def test_refining_all_changes_convolutions_and_goes_on_where_it_stopped(tmp_path, photos, vgg16_file, banks_of_two):
    before, guide = banks_of_two
    recipe = replace(refine.ALL, size=64, batch=1)
    styles = tuple(refine.style_image(f"{name}:0.5:96") for name in PAINTED[1:])
    options = TrainingOptions(styles, str(photos), recipe, seed=3)
    guides = [(guide, None), (before, ["the_kiss"])]
    first, second, other = (
        refine.Refinement(before, guides, options, refine.Terms(calm=calm), vgg16_file, everything=True)
        for calm in (3.0, 3.0, 4.0)
    )
    first.run(1e-5, tmp_path / "checkpoint")
    assert first.step == 1
    assert "blocks.0.first.conv.weight" in changed(read_parent(before).network, first.network)
    second.run(0.0, tmp_path / "checkpoint")
    assert second.step == 1
    assert not changed(first.network, second.network)
    with pytest.raises(TrainingError, match="another training"):
        other.run(0.0, tmp_path / "checkpoint")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--styles", "great_wave"], "has no style great_wave"),
        (["--all", "--styles", "irises"], "all styles must"),
        (["--styles", "irises:bold"], "could not convert"),
    ],
)
def test_refining_says_what_it_cannot_do(monkeypatch, tmp_path, capsys, photos, vgg16_file, banks_of_two, words, why):
    before, guide = banks_of_two
    monkeypatch.setattr(refine, "RECIPE", replace(refine.RECIPE, size=64))
    monkeypatch.setattr(refine, "ALL", replace(refine.ALL, size=64))
    words = [before, "--guide", guide, *words, "--photos", photos, "--vgg16", vgg16_file, "-o", tmp_path / "after.onnx"]
    assert run_program(monkeypatch, refine, *words) == 2
    assert why in capsys.readouterr().err


def test_guides_share_the_styles(banks_of_two):
    torch.manual_seed(0)
    photo = torch.rand(2, 3, 64, 64)
    styles = [torch.rand(1, 3, 64, 64) for _ in PAINTED[1:]]
    both = guides.Guides([(banks_of_two[0], None), (banks_of_two[1], ["irises"])], PAINTED[1:], photo, styles)
    assert both.columns == [[0, 2], [1]]
    mixture = torch.tensor([[0.2, 0.8, 0.0, 0.0], [0.0, 0.0, 0.75, 0.25]])
    light = torch.ones(2, 1, 64, 64)
    one, other = both.guides
    painted = both.painting(photo, mixture, light)
    udnie = one.painting(photo, torch.tensor([[0.2, 0.8, 0.0]] * 2), light)
    irises, the_kiss = other.painting(photo, torch.tensor([[0.0, 1.0]] * 2), light), torch.tensor([[0.0, 0.0, 1.0]] * 2)
    torch.testing.assert_close(painted[0], udnie[0])
    torch.testing.assert_close(painted[1], (0.75 * irises + 0.25 * one.painting(photo, the_kiss, light))[1])


@pytest.mark.parametrize(
    "own", [(["udnie"], ["irises"]), (None, None), (None, ["cubism"]), (["udnie"], None, ["udnie"])]
)
def test_every_style_has_one_guide(banks_of_two, own):
    banks = [(banks_of_two[0], names) for names in own]
    with pytest.raises(OptionError, match="claimed by one guide"):
        guides.Guides(banks, PAINTED[1:], torch.rand(1, 3, 64, 64), [torch.rand(1, 3, 64, 64)] * 3)


def test_only_plain_places_count_as_restless():
    painting = torch.zeros(1, 3, 32, 32)
    painting[..., ::2] = 1.0
    plain = torch.full((1, 3, 32, 32), 0.5)
    torch.manual_seed(0)
    assert refine.restlessness(painting, plain).item() == pytest.approx(1.0)
    assert refine.restlessness(painting, torch.rand(1, 3, 32, 32)).item() < 1e-3
    assert refine.restlessness(plain, plain).item() == 0.0
