"""What a finished model says of itself."""

from __future__ import annotations

from dataclasses import asdict

from allaprima.style_model import Card, Style
from allaprima.training.distillation import steps_after
from allaprima.training.model_file import weights_sha256
from allaprima.training.networks import StyleNetwork
from allaprima.training.trainer import Trainer
from allaprima.version import __version__


def make_card(trainer: Trainer, network: StyleNetwork, losses: dict[str, dict[str, float]], note: str = "") -> Card:
    """What the finished model says of itself.

    Args:
        trainer: what has been trained.
        network: what ``distillation.calm_network`` gave.
        losses: ``content`` and ``style`` by style (``validation.mean_distances``); empty if nothing was measured.
        note: a sentence of the user's.
    """
    options, setup, weights = trainer.options, trainer.setup, network.state_dict()
    learnt = (Style(s.name, s.artist, s.title, s.year, s.license) for s in options.styles)
    return Card(
        styles=(Style("photo"), *options.kept, *learnt),
        network=options.network,
        width=network.width,
        recipe={
            **asdict(options.recipe),
            "calm": options.recipe.calm if steps_after(options) else 0.0,
            "emphasis": {s.name: s.emphasis for s in options.styles},
            "style_sizes": {s.name: s.style_size for s in options.styles if s.style_size is not None},
            "crops": {s.name: s.crop for s in options.styles if s.crop is not None},
            "seed": options.seed,
        },
        steps=trainer.step,
        trained_on=f"{len(setup.photos.paths)} photographs" + ("" if options.photos else " of the package"),
        device=f"{setup.device.type}, {str(setup.precision).removeprefix('torch.')}",
        losses=losses,
        weights_sha256=weights_sha256(weights),
        version=__version__,
        parameters=sum(value.numel() for value in weights.values()),
        parent=options.parent,
        note=note,
    )
