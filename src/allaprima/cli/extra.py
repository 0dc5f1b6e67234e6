"""What the verbs that need an extra share: its absence, how its threads wait, and words for layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from allaprima.cli import signals
from allaprima.cli.command import Decorator, options_of
from allaprima.errors import OptionError, TrainingError, how_to_install

machine = options_of("Machine")
objective = options_of("Objective")
WEIGHT = click.FloatRange(min=0)
SHARE = click.FloatRange(min=0, max=1)
PATH = click.Path(path_type=Path)

MACHINE_OPTIONS = (
    machine(
        "--threads", type=click.IntRange(min=1), metavar="NUMBER",
        help="Number of threads. Default: one for every physical core.",
    ),
    machine(
        "--device", default="auto", show_default=True, metavar="auto|cuda|mps|cpu",
        help="Where to compute. auto takes a GPU if there is one.",
    ),
    machine(
        "--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True,
        metavar="auto|float32|bfloat16",
        help="Number format of VGG16. auto takes bfloat16 where the device computes it faster.",
    ),
    machine(
        "--vgg16", type=PATH, metavar="FILE",
        help="VGG16 weights (.h5 or .safetensors) on disk. Default: download them once.",
    ),
)  # fmt: skip
"""What every verb that computes with PyTorch takes."""

OBJECTIVE_OPTIONS = (
    objective(
        "--recipe", default="default", show_default=True, metavar="default|four-layers|paper",
        help="Weights of the objective and settings of the optimizer. paper is Johnson et al. 2016; four-layers was "
        "the default before version 0.2.",
    ),
    objective("--content-weight", type=WEIGHT, metavar="NUMBER", help="Weight of content. Default: the recipe's."),
    objective("--style-weight", type=WEIGHT, metavar="NUMBER", help="Weight of style. Default: the recipe's."),
    objective(
        "--tv-weight", type=WEIGHT, metavar="NUMBER", help="Weight of total variation. Default: the recipe's."
    ),
)  # fmt: skip
"""What every verb that minimizes the objective takes."""


def with_options(*given: Decorator) -> Decorator:
    """Several options as one decorator, in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(given):
            command = option(command)
        return command

    return decorate


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
