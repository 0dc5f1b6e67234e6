"""The judge measures by the training's own objective, the picture as delivered."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from allaprima.errors import TrainingError
from allaprima.evaluation.judge import photo_square, spread
from allaprima.training.recipes import RECIPES
from support import checkered


def test_the_untouched_photograph_has_all_its_content(judge):
    photo = checkered(48, 40)
    terms, recipe = judge.terms(photo, judge.targets(photo, "stars")), RECIPES["default"]
    assert list(terms) == ["content", "style", *recipe.style_terms, "tv", "total"]
    assert terms["content"] == 0.0
    assert terms["style"] == pytest.approx(sum(weight * terms[term] for term, weight in recipe.style_terms.items()))
    assert terms["total"] == pytest.approx(recipe.style_weight * terms["style"] + recipe.tv_weight * terms["tv"])


def test_it_is_the_objective_that_training_minimizes(judge):
    photo, painted = checkered(48, 40), checkered(48, 40, seed=3)
    terms = judge.terms(painted, judge.targets(photo, "waves"))
    mixture = torch.tensor([[0.0, 1.0, 0.0]])
    with torch.no_grad():
        losses = judge.objective(judge.tensor(painted), judge.tensor(photo), mixture)
    assert terms["total"] == losses.total.item()
    assert terms["relu3_3"] == losses.layers["relu3_3"].item()


def test_a_painting_is_nearest_to_itself(judge, styles):
    painting = photo_square(styles["waves"], 64)
    near, far = (judge.terms(painting, judge.targets(painting, style))["style"] for style in ("waves", "stars"))
    assert near < far


def test_photographs_are_squares_and_a_broken_one_is_named(photos, tmp_path):
    assert photo_square(photos / "0.jpg", 40).shape == (40, 40, 3)
    assert photo_square(photos / "0.jpg", 200).shape == (200, 200, 3)  # enlarged
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"bad\.jpg cannot be read"):
        photo_square(tmp_path / "bad.jpg", 40)


def test_spread_takes_photographs_from_the_whole_list():
    paths = tuple(Path(str(number)) for number in range(10))
    assert spread(paths, 3) == [paths[0], paths[3], paths[6]]
    assert spread(paths, None) == spread(paths, 99) == list(paths)
