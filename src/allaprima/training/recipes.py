"""Recipes: what is minimized, with which weights, and how. One frozen dataclass and its entries.

Equation 5 of Johnson et al. 2016 reads λ_c · content + λ_s · style + λ_TV · total variation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from allaprima.errors import OptionError

PAPER_CONTENT = {"relu2_2": 1.0}
PAPER_STYLE = {"relu1_2": 1.0, "relu2_2": 1.0, "relu3_3": 1.0, "relu4_3": 1.0}
"""The paper's layers (section 4.1), each with weight 1."""

OPTIMIZERS = ("adam", "muon")
"""Adam (Kingma & Ba 2015) for all, or Muon for the convolutions (``muon.py``)."""

HALF = "/2"
"""Ends the name of a style layer's term that is measured at half the picture's size."""


@dataclass(frozen=True)
class Recipe:
    """Weights of the objective and settings of the optimizer; the words are the paper's."""

    name: str
    content_weight: float
    style_weight: float
    tv_weight: float
    relative: bool
    """Each term divided by its target's own squared norm, so that one set of weights fits every style."""
    learning_rate: float
    one_cycle: bool
    """Warm up for a tenth of the steps, then anneal to nothing (Smith 2018); otherwise constant."""
    clip: float
    """Largest norm of the gradient; 0 for no limit."""
    steps: int
    batch: int
    size: int
    """Side of the square crops, pixels."""
    style_size: int
    """Short side of the style image, pixels: the scale of its strokes."""
    content_layers: Mapping[str, float] = field(default_factory=PAPER_CONTENT.copy)
    """The layers of the content loss and their weights."""
    style_layers: Mapping[str, float] = field(default_factory=PAPER_STYLE.copy)
    """The layers of the style loss and their weights."""
    half_size: bool = False
    """Whether half of the style loss is measured at half the size of picture and painting: strokes twice as large."""
    optimizer: str = "adam"
    """One of ``OPTIMIZERS``."""
    shift: bool = False
    """Whether picture and painting are moved, and half of them mirrored, before VGG16 sees them: its pooling grid and
    its own edges shall not always fall on the same pixels. Training only."""
    norm_floor: float = 0.0
    """The norms' ε as a share of their median variance in photographs (``norm_floor.py``); 0 is no floor."""
    shadows: float = 1.0
    """What is left of a painting's light where the photograph is black (``shade.py``); 1 for all of it."""
    darkened: float = 0.0
    """Share of the photographs that are darkened or lose contrast."""
    contrast: float = 0.0
    """Share of a painting's own contrast that a finished network has at least (``contrast.py``); 0 leaves it."""
    calm: float = 0.0
    """Share of a Kuwahara filter's changes that a network learns at last by its own paintings (``distillation.py``)."""
    steady_weight: float = 0.0
    """Of the difference between paintings of two pictures like frames of a film (``steadiness.py``); 0 is without."""
    alternate: bool = False
    """Whether training measures the costly terms of the style loss, with twice their weight, at every other step: block
    4 in turn with everything at half size."""
    small_size: int = 0
    """Side of smaller crops to begin with, pixels; at the same scale, so that they show less of the photograph."""
    small_share: float = 0.0
    """Share of the steps that take these."""
    mixed: float = 0.2
    """Share of each batch that learns mixtures of two styles."""
    lower: float = 0.2
    """Share of each batch that learns strengths below 1."""

    def terms_of(self, step: int) -> dict[str, float]:
        """The terms that a training's step of that number measures, whose mean over the steps is ``style_terms``."""
        if not self.alternate:
            return self.style_terms
        deep = {name for name in self.style_terms if name.startswith("relu4") and not name.endswith(HALF)}
        small = {name for name in self.style_terms if name.endswith(HALF)}
        measured, left_out = (deep, small) if step % 2 == 0 else (small, deep)
        weights = {name: 2 * weight if name in measured else weight for name, weight in self.style_terms.items()}
        return {name: weight for name, weight in weights.items() if name not in left_out}

    @property
    def small_steps(self) -> int:
        """The steps that take the smaller crops: those before this number."""
        return round(self.small_share * self.steps) if self.small_size else 0

    @property
    def style_terms(self) -> dict[str, float]:
        """The terms of the style loss and their weights: the style layers, and those again at half size."""
        if not self.half_size:
            return dict(self.style_layers)
        halves = {name: weight / 2 for name, weight in self.style_layers.items()}
        return {**halves, **{name + HALF: weight for name, weight in halves.items()}}


RECIPES: dict[str, Recipe] = {
    # Ours, found by measurement; see docs/training.md. Eight style layers, weighted towards the middle ones, which see
    # strokes; content further up, where edges and grain of the photograph are no longer pinned.
    "default": Recipe(
        "default", content_weight=1.0, style_weight=10.0, tv_weight=4.0, relative=True,
        learning_rate=2e-3, one_cycle=True, clip=5.0, steps=40_000, batch=4, size=256, style_size=512,
        content_layers={"relu2_2": 0.3, "relu3_3": 0.7},
        style_layers={
            "relu1_1": 0.1, "relu1_2": 0.1, "relu2_1": 0.2, "relu2_2": 0.2,
            "relu3_1": 0.15, "relu3_3": 0.15, "relu4_1": 0.05, "relu4_3": 0.05,
        },
        half_size=True, shift=True, optimizer="muon", norm_floor=2.0, shadows=0.3, contrast=0.95, calm=0.6,
        steady_weight=0.5,
    ),
    # The default up to version 0.1: the paper's layers, each divided by its own norm.
    "four-layers": Recipe(
        "four-layers", content_weight=1.0, style_weight=5.0, tv_weight=8.0, relative=True,
        learning_rate=3e-3, one_cycle=True, clip=5.0, steps=40_000, batch=4, size=256, style_size=384,
        style_layers={"relu1_2": 0.25, "relu2_2": 0.25, "relu3_3": 0.25, "relu4_3": 0.25},
    ),
    # Section 4.1: content relu2_2, λ 1 / 5 / 1e-6, Adam 1e-3, batch 4, 40,000 steps of 256×256. The paper's
    # networks know one style at one strength, hence nothing mixed.
    "paper": Recipe(
        "paper", content_weight=1.0, style_weight=5.0, tv_weight=1e-6, relative=False,
        learning_rate=1e-3, one_cycle=False, clip=0.0, steps=40_000, batch=4, size=256, style_size=256,
        mixed=0.0, lower=0.0,
    ),
}  # fmt: skip


def choose_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name, with those fields changed that are not None.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in RECIPES:
        raise OptionError(f"there is no recipe {name}; choose one of: {', '.join(RECIPES)}")
    return replace(RECIPES[name], **{field: value for field, value in (changes or {}).items() if value is not None})
