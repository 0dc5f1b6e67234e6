"""The colors of what a bank is taught."""

from __future__ import annotations

from dataclasses import replace

import colors
import distill
import pytest
import torch

from allaprima.errors import TrainingError
from allaprima.training.calm import gaussian
from allaprima.training.contrast import luminance
from allaprima.training.finetune import read_parent
from banks import bank, run_program, write_bank

NAMES = ("udnie", "irises", "the_kiss")
IRISES = torch.tensor([[0.0, 0.0, 1.0, 0.0]])


def colored(gains: tuple[float, float, float], red: float = 0.0) -> torch.Tensor:
    """Broad patches around gray, or with more red, [1, 3, 128, 128] in 0..1."""
    torch.manual_seed(5)
    patches = gaussian(torch.randn(1, 3, 128, 128), 6.0) * 0.8
    gray = torch.tensor([0.5 + red, 0.5, 0.5]).view(1, 3, 1, 1)
    return (gray + patches * torch.tensor(gains).view(1, 3, 1, 1)).clamp(0.0, 1.0)


def spread(pictures: torch.Tensor) -> torch.Tensor:
    """Of the two differences of color."""
    return colors._colors(pictures).std(1)


def palettes(painted: torch.Tensor, style: torch.Tensor) -> colors.Palettes:
    return colors.Palettes(lambda photos, mixture: painted, NAMES, {"irises": style}, painted)


def test_a_painting_gets_the_range_of_color_of_its_style_image():
    painted, style = colored((1.0, 1.0, 1.0)), colored((1.3, 1.2, 1.25))
    moved = palettes(painted, style).moved(painted, IRISES)
    torch.testing.assert_close(spread(moved), spread(style), rtol=0.02, atol=0)
    torch.testing.assert_close(luminance(moved), luminance(painted), rtol=0, atol=2e-3)


@pytest.mark.parametrize("gains", [(0.2, 1.0), (1.0, 0.2)])
def test_no_range_is_widened_or_narrowed_without_limit(gains):
    painted, style = (colored((gain, gain, gain)) for gain in gains)
    moved = palettes(painted, style).moved(painted, IRISES)
    change = spread(moved) / spread(painted)
    assert 0.999 / colors.MOST <= change.min() <= change.max() <= colors.MOST * 1.001


def test_the_mean_color_goes_half_way():
    painted, style = colored((1.0, 1.0, 1.0)), colored((1.0, 1.0, 1.0), red=0.1)
    before, after, wanted = (
        colors._colors(each).mean(1) for each in (painted, palettes(painted, style).moved(painted, IRISES), style)
    )
    torch.testing.assert_close(after - before, (wanted - before) / 2, rtol=0.05, atol=1e-3)


def test_a_mixture_is_moved_by_its_share_and_other_styles_not_at_all():
    painted, style = colored((1.0, 1.0, 1.0)), colored((1.3, 1.2, 1.25))
    map_ = palettes(painted, style)
    udnie, half = torch.tensor([[0.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.5, 0.0, 0.5, 0.0]])
    torch.testing.assert_close(map_.moved(painted, udnie), painted, rtol=0, atol=1e-6)
    between = (painted + map_.moved(painted, IRISES)) / 2
    torch.testing.assert_close(map_.moved(painted, half), between, rtol=0, atol=1e-5)


def test_distilling_teaches_changed_colors(monkeypatch, tmp_path, photos):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    monkeypatch.setattr(distill, "SEEN", 2)
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    words = [one, "--teacher", one, "--photos", photos, "--minutes", 1e-5]
    for name, more in (("plain", ()), ("colors", ("--palette", "irises"))):
        assert run_program(monkeypatch, distill, *words, *more, "-o", tmp_path / f"{name}.onnx") == 0
    plain, taught = (read_parent(tmp_path / f"{name}.onnx").card.weights_sha256 for name in ("plain", "colors"))
    assert plain != taught


def test_a_checkpoint_of_other_colors_is_refused(tmp_path, photos, paintings):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    recipe = replace(distill.RECIPE, size=64, batch=2)

    def training(painting):
        teachers = distill.Teachers([(one, None)], {"irises": painting})
        return distill.Distillation(one, teachers, photos, distill.Terms(), recipe, seed=3)

    training(paintings[0]).run(1e-5, tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="another training"):
        training(paintings[1]).run(0.0, tmp_path / "checkpoint")


def test_a_palette_of_a_style_that_the_bank_has_not_is_refused(monkeypatch, tmp_path, photos, capsys):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    words = [one, "--teacher", one, "--palette", "cubism", "--photos", photos, "-o", tmp_path / "x.onnx"]
    assert run_program(monkeypatch, distill, *words) == 2
    assert "cubism" in capsys.readouterr().err
    words[3:5] = ["--palette", "irises", "--only", "udnie"]
    assert run_program(monkeypatch, distill, *words) == 2
    assert "irises cannot learn colors and stay as it is" in capsys.readouterr().err
    words[3:7] = ["--only", "cubism"]
    assert run_program(monkeypatch, distill, *words) == 2
    assert "cubism" in capsys.readouterr().err


def test_styles_that_learn_alone_leave_all_others_as_they_are(monkeypatch, tmp_path, photos):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    monkeypatch.setattr(distill, "SEEN", 2)
    words = [one, "--teacher", one, "--palette", "irises", "--only", "irises", "--photos", photos, "--minutes", 1e-5]
    assert run_program(monkeypatch, distill, *words, "-o", tmp_path / "after.onnx") == 0
    before, after = map(read_parent, (one, tmp_path / "after.onnx"))
    assert after.card.note == "1 steps of distillation of irises alone."
    old, new = before.network.state_dict(), after.network.state_dict()
    for name, weights in new.items():
        others = [0, 1, 3]  # photo, udnie, the_kiss
        if name.endswith(("norm.scale", "norm.shift")):
            assert torch.equal(weights[:, others], old[name][:, others])
        else:
            assert torch.equal(weights, old[name])
    assert any(not torch.equal(weights, old[name]) for name, weights in new.items())
