"""What the verbs that need an extra share: its absence, and the recipe's options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from allaprima.errors import TrainingError

if TYPE_CHECKING:
    from allaprima.training.recipes import Recipe


@contextmanager
def training_extra(what: str = "training", extra: str = "train") -> Iterator[None]:
    """Around a verb's imports: a package that is missing becomes a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{what} needs the package {error.name}: install allaprima with its extra, pip install 'allaprima[{extra}]'"
        ) from error


def read_layers(words: str | None) -> dict[str, float] | None:
    """``relu2_2:0.3,relu3_3:0.7`` -> the layers and their weights; without weights, all weigh alike and sum to 1.

    Raises:
        TrainingError: a weight is no number of at least 0.
    """
    if words is None:
        return None
    layers: dict[str, float] = {}
    names = words.split(",")
    for part in names:
        name, _, weight = (piece.strip() for piece in part.partition(":"))
        try:
            layers[name] = float(weight) if weight else 1.0 / len(names)
        except ValueError:
            layers[name] = -1.0
        if not 0 <= layers[name] < float("inf"):
            raise TrainingError(f'the weight "{weight}" of the layer {name} must be a number of at least 0')
    return layers


def choose_recipe(name: str, changes: Mapping[str, Any]) -> Recipe:
    """The recipe of that name with those fields changed that are not None.

    Raises:
        TrainingError: there is none of that name.
    """
    from allaprima.training.recipes import RECIPES

    if name not in RECIPES:
        raise TrainingError(f"there is no recipe {name}; choose one of: {', '.join(RECIPES)}")
    return replace(RECIPES[name], **{field: value for field, value in changes.items() if value is not None})
