"""What a training is to be, from what was asked for: which model it starts from, by which recipe, in how many steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from allaprima.errors import OptionError
from allaprima.gallery import BANKS, GALLERY, find_model, gallery_model
from allaprima.training.device import choose_device
from allaprima.training.finetune import Parent, read_parent
from allaprima.training.model_file import read_card
from allaprima.training.options import TrainingOptions
from allaprima.training.recipes import Recipe, choose_recipe
from allaprima.training.style_images import StyleImage

SCRATCH = "none"
"""The start that is no model: random weights."""

QUALITIES = {"draft": 180, "good": 900, "best": 9000}
"""Steps for each new style by how good it is to be: of two pictures, about 2, 10 and 100 minutes on two CPU cores."""

DEFAULT_QUALITY = "good"

CPU_BATCH = 2
"""On a CPU more steps are worth more than smoother ones."""

EXTEND_RATE = 1e-2
"""Learning rate where scale and shift alone are trained, which bear more than convolutions do."""

STRENGTH_SHARE = 9
"""How many times fewer steps are enough where nothing but strengths below 1 is trained."""

STRENGTH_RATE = 6e-3
"""Learning rate of that."""


@dataclass(frozen=True)
class Wishes:
    """What is asked of a training; None is whatever suits the rest."""

    styles: tuple[StyleImage, ...]
    photos: str = ""
    """The folder of photographs; empty is the one that comes with the package."""
    start: str | None = None
    """A style model or ``gallery`` to start from, or ``none`` for random weights."""
    extend: bool = False
    """Whether the styles of the start stay in the bank as they are."""
    strengths: bool = False
    """Whether nothing but strengths below 1 is trained."""
    quality: str | None = None
    """One of ``QUALITIES``."""
    network: str | None = None
    width: int | None = None
    recipe: str = "default"
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the recipe that are to be otherwise, by name."""
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    workers: int | None = None


@dataclass(frozen=True)
class Plan:
    """A training that can begin."""

    options: TrainingOptions
    parent: Parent | None
    """The model to start from; None is random weights."""
    device: torch.device
    """The one that ``options.device`` stands for."""


def decide(wishes: Wishes) -> Plan:
    """The training that the wishes mean together.

    Raises:
        OptionError: something is unknown, or contradicts.
        TrainingError: there is no such device, or the model cannot become the network asked for.
        ModelError: the model to start from cannot be read.
    """
    device = choose_device(wishes.device)
    parent = choose_parent(wishes)
    card = parent.card if parent else None
    kept = card.styles[1:] if card and wishes.extend else ()
    names = tuple(style.name for style in wishes.styles)
    if taken := {style.name for style in kept} & set(names):
        raise OptionError(f"the bank to extend has a style {min(taken)} already: rename the painting")
    new = card is not None and card.names[1:] != names
    if wishes.strengths and (new or kept):
        raise OptionError(
            "strengths are trained for the styles that the bank has: name their paintings, all and in its order"
        )
    change = ", extended" if kept else ", strengths" if wishes.strengths else ""
    options = TrainingOptions(
        styles=wishes.styles,
        photos=wishes.photos,
        recipe=decide_recipe(wishes, new=new, on_cpu=device.type == "cpu"),
        network=parent.network.name if parent else wishes.network or TrainingOptions.network,
        width=parent.network.width if parent else wishes.width,
        seed=wishes.seed,
        device=wishes.device,
        precision=wishes.precision,
        workers=wishes.workers,
        parent=f"{card.weights_sha256}, {card.steps} steps{change}" if card else "",
        strengths=wishes.strengths,
        kept=kept,
    )
    return Plan(options, parent, device)


def choose_parent(wishes: Wishes) -> Parent | None:
    """The model to start from, or None for random weights.

    That is the gallery's bank of the network asked for, unless a start is named or there is no such bank: for the
    paper's recipe, its network, or another width.

    Raises:
        OptionError: there is no bank to keep as it is.
        TrainingError: the model cannot become the network asked for.
        ModelError: it cannot be read.
    """
    start, network, width = wishes.start, wishes.network, wishes.width
    bank = network if network in BANKS else BANKS[0]
    if start is None:
        card = read_card(gallery_model(bank))
        suits = wishes.recipe != "paper" and network in (None, card.network) and width in (None, card.width)
        start = bank if suits else SCRATCH
    if start == SCRATCH:
        if wishes.extend:
            raise OptionError("there is no bank to extend: this training starts from random weights")
        if wishes.strengths:
            raise OptionError("there is no bank whose strengths to train: this training starts from random weights")
        return None
    parent = read_parent(find_model(bank if start == GALLERY else start), network, width)
    if (wishes.extend or wishes.strengths) and (parent.network.name, parent.network.width) != (
        parent.card.network,
        parent.card.width,
    ):
        raise OptionError("a bank that is kept keeps its network: leave network and width out")
    return parent


def decide_recipe(wishes: Wishes, *, new: bool, on_cpu: bool) -> Recipe:
    """The recipe with what was asked for; a quality, or a bank that learns something, decides its steps.

    Args:
        wishes: what is asked for.
        new: whether a bank learns styles that it does not have.
        on_cpu: whether a CPU computes.

    Raises:
        OptionError: there is no such recipe or quality.
    """
    if wishes.quality not in (None, *QUALITIES):
        raise OptionError(f"there is no quality {wishes.quality}; choose one of: {', '.join(QUALITIES)}")
    recipe = choose_recipe(wishes.recipe)
    if wishes.quality or new or wishes.strengths:
        steps = len(wishes.styles) * QUALITIES[wishes.quality or DEFAULT_QUALITY]
        recipe = replace(recipe, steps=steps // STRENGTH_SHARE if wishes.strengths else steps)
        if on_cpu:
            recipe = replace(recipe, batch=CPU_BATCH)
    if wishes.extend:
        recipe = replace(recipe, learning_rate=EXTEND_RATE)
    if wishes.strengths:
        recipe = replace(recipe, learning_rate=STRENGTH_RATE, mixed=0.0, lower=1.0)
    return replace(recipe, **wishes.changes)
