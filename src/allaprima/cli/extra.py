"""What the verbs that need an extra share: its absence, how its threads wait, and words for layers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from allaprima.cli import signals
from allaprima.errors import OptionError, TrainingError, how_to_install

threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads that compute. Default: one for each physical core.",
)


@contextmanager
def training_extra(what: str = "training", extra: str = "train") -> Iterator[None]:
    """Around a verb's imports: a package that is missing becomes a sentence.

    Threads that wait for one another are told to sleep, not to spin, which must be said before PyTorch loads OpenMP: a
    machine that is also busy with something else would otherwise be many times slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        with signals.at_once():
            yield
    except ModuleNotFoundError as error:
        raise TrainingError(f"{what} needs the package {error.name}: {how_to_install(extra)}") from error


def read_layers(words: str | None) -> dict[str, float] | None:
    """``relu2_2:0.3,relu3_3:0.7`` -> the layers and their weights; without weights, all weigh alike and sum to 1.

    Raises:
        OptionError: a weight is no number of at least 0.
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
            raise OptionError(f'the weight "{weight}" of the layer {name} must be a number of at least 0')
    return layers
