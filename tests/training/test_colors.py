"""The colors of what a bank is taught."""

from __future__ import annotations

from dataclasses import replace

import colors
import distill
import torch

from allaprima.training.calm import gaussian
from allaprima.training.contrast import luminance
from allaprima.training.finetune import read_parent
from banks import bank, run_program, write_bank

NAMES = ("udnie", "irises", "the_kiss")
IRISES = torch.tensor([[0.0, 0.0, 1.0, 0.0]])


def colored(gains: tuple[float, float, float], shift: float = 0.0) -> torch.Tensor:
    """Broad patches around gray, [1, 3, 128, 128] in 0..1."""
    torch.manual_seed(5)
    patches = gaussian(torch.randn(1, 3, 128, 128), 6.0) * 0.8
    return (0.5 + shift + patches * torch.tensor(gains).view(1, 3, 1, 1)).clamp(0.0, 1.0)


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


def test_no_range_is_widened_without_limit():
    painted, style = colored((0.2, 0.2, 0.2)), colored((1.0, 1.0, 1.0))
    moved = palettes(painted, style).moved(painted, IRISES)
    assert (spread(moved) / spread(painted)).max() <= colors.MOST * 1.001


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


def test_a_palette_of_a_style_that_the_bank_has_not_is_refused(monkeypatch, tmp_path, photos, capsys):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    words = [one, "--teacher", one, "--palette", "cubism", "--photos", photos, "-o", tmp_path / "x.onnx"]
    assert run_program(monkeypatch, distill, *words) == 2
    assert "cubism" in capsys.readouterr().err


def test_styles_that_learn_alone_leave_all_others_as_they_are(monkeypatch, tmp_path, photos):
    one = write_bank(bank(1), tmp_path / "1.onnx")
    monkeypatch.setattr(distill, "RECIPE", replace(distill.RECIPE, size=64, batch=2))
    monkeypatch.setattr(distill, "SEEN", 2)
    words = [one, "--teacher", one, "--palette", "irises", "--only", "irises", "--photos", photos, "--minutes", 1e-5]
    assert run_program(monkeypatch, distill, *words, "-o", tmp_path / "after.onnx") == 0
    old, new = (read_parent(path).network.state_dict() for path in (one, tmp_path / "after.onnx"))
    for name, weights in new.items():
        others = [0, 1, 3]  # photo, udnie, the_kiss
        if name.endswith(("norm.scale", "norm.shift")):
            assert torch.equal(weights[:, others], old[name][:, others])
        else:
            assert torch.equal(weights, old[name])
    assert any(not torch.equal(weights, old[name]) for name, weights in new.items())
