"""A new style for a trained bank: which of the styles that are there it starts from, and the bank's new weights.

All that a style has of its own is a scale and a shift in every normalization layer (Dumoulin et al. 2017), so a mixture
of the parent's styles is a style as well. A new style starts as the mixture that already comes nearest to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from allaprima.style_model import PHOTO, Card
from allaprima.training.growth import grown
from allaprima.training.model_file import read_network
from allaprima.training.networks import StyleNetwork, make_network
from allaprima.training.norm_floor import adopt_floor, has_floor
from allaprima.training.objective import Objective
from allaprima.training.options import TrainingOptions
from allaprima.training.setup import Setup
from allaprima.training.sizes import adopt_sizes, holds_sizes
from allaprima.training.validation import one_style

TRIAL_PHOTOS = 4
"""Photographs on which the starts are compared."""

FLOOR_PHOTOS = 16
"""Photographs that tell what variance the norms see."""


@dataclass(frozen=True)
class Parent:
    """A style model to start from."""

    card: Card
    network: StyleNetwork
    """The card's, or a larger one that paints the same."""


def read_parent(path: Path, name: str | None = None, width: int | None = None) -> Parent:
    """A style model's card and network, the latter grown (``growth.py``) if another is asked for.

    Raises:
        ModelError: as ``model_file.read_network``.
        TrainingError: as ``growth.grown``.
    """
    card, network = read_network(path)
    name = name or network.name
    width = width or (network.width if name == network.name else None)
    if (name, width) != (network.name, network.width):
        network = grown(network, name, width)
    return Parent(card, network)


def initial(
    options: TrainingOptions, setup: Setup, parent: Parent | None = None
) -> tuple[StyleNetwork, dict[str, dict[str, float]]]:
    """The network that a training begins with: the parent's weights, or random ones that the seed decides.

    A bank of the same styles goes on as it is.

    Returns:
        The network; and for each new style what it starts as: the parent's styles with their weights,
        which sum to 1.

    Raises:
        TrainingError: there is no network of that name, or none for crops of the recipe's size.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        network = make_network(options.network, options.entries, options.width)
    network.check_crops(options.recipe.size)
    starts = _inherit(network, options, setup, parent) if parent else {}
    share, had = options.recipe.norm_floor, parent.card.recipe.get("norm_floor", 0.0) if parent else 0.0
    if not options.keeps:
        network.shadows = options.recipe.shadows
    if not options.keeps and (share != had or has_floor(network) != (share > 0)):
        entries = range(options.first_style, options.entries) if parent else [options.first_style]
        adopt_floor(network.to(setup.device), setup.first_crops(options, FLOOR_PHOTOS), share, entries)
    if holds_sizes(options):
        adopt_sizes(network)
    return network, starts


def _inherit(
    network: StyleNetwork, options: TrainingOptions, setup: Setup, parent: Parent
) -> dict[str, dict[str, float]]:
    """Give a new network the parent's weights, and its new styles their start, which is what this returns."""
    network.adopt(parent.network)
    entries, names = torch.eye(len(parent.card.styles)), parent.card.names
    if names[PHOTO + 1 :] == tuple(style.name for style in options.styles):
        network.load_state_dict(grafted(parent.network.state_dict(), entries))
        return {}
    photos = setup.first_crops(options, TRIAL_PHOTOS)
    bank = parent.network.to(setup.device).eval()
    starts = [nearest(bank, setup.objective, photos, style) for style in range(len(options.styles))]
    rows = torch.cat([entries[: options.first_style], *(start[None] for start in starts)])
    network.load_state_dict(grafted(bank.state_dict(), rows))
    return {
        style.name: {names[i]: round(start[i].item(), 4) for i in start.nonzero().flatten().tolist()}
        for style, start in zip(options.styles, starts, strict=True)
    }


@torch.no_grad()
def nearest(network: StyleNetwork, objective: Objective, photos: Tensor, style: int) -> Tensor:
    """The mixture of a bank's styles whose paintings the objective of a new style likes best, float [S].

    Tried are each style of the bank alone and then equal parts of the best two, three and so on up to all (the order in
    which Wortsman et al. 2022 try the ingredients of a model soup).

    Args:
        network: the bank, in evaluation mode.
        objective: knows the new styles; on the network's device.
        photos: [N, 3, H, W] in 0..1, on the same device.
        style: which of the objective's styles, from 0.
    """
    wanted = one_style(1 + len(objective.emphasis), PHOTO + 1 + style, photos.device).expand(len(photos), -1)
    targets = objective.targets(photos, wanted)

    def loss(mixture: Tensor) -> float:
        return objective.losses(network(photos, mixture.to(photos)), targets).total.mean().item()

    singles = torch.eye(network.styles)[PHOTO + 1 :].unbind()
    ordered = sorted(((loss(single), number) for number, single in enumerate(singles)))
    best, least = singles[ordered[0][1]], ordered[0][0]
    for count in range(2, len(singles) + 1):
        parts = torch.stack([singles[number] for _, number in ordered[:count]]).mean(0)
        if (found := loss(parts)) < least:
            best, least = parts, found
    return best


def grafted(weights: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """A bank's weights for other entries: every scale and shift [old, C] becomes rows · it, the rest stays.

    Args:
        weights: of a ``StyleNetwork``.
        rows: [new, old], each new entry as a mixture of the old ones; one that has a single 1 is that entry, exactly.
    """
    styles = (".scale", ".shift")  # of ConditionalInstanceNorm, the only weights that belong to a style
    return {name: rows.to(value) @ value if name.endswith(styles) else value for name, value in weights.items()}
