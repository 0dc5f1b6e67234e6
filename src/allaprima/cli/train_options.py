"""The words of ``allaprima train``: its options, and what they ask of the training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from allaprima.errors import OptionError

if TYPE_CHECKING:
    from allaprima.training.options import TrainingOptions
    from allaprima.training.plan import Plan


@dataclass(frozen=True)
class Given:
    """The command line's words, by the names of its options."""

    styles: tuple[Path, ...]
    output: Path
    photos: Path | None
    about: Path | None
    vgg16: Path | None
    val: Path | None
    start: str | None
    extend: bool
    strengths: bool
    quality: str | None
    resume: bool
    overwrite: bool
    recipe: str
    network: str | None
    width: int | None
    steps: int | None
    batch: int | None
    size: int | None
    style_size: int | None
    optimizer: str | None
    norm_floor: float | None
    shadows: float | None
    contrast: float | None
    calm: float | None
    darkened: float | None
    steady_weight: float | None
    learning_rate: float | None
    content_weight: float | None
    style_weight: float | None
    tv_weight: float | None
    seed: int
    device: str
    precision: str
    threads: int | None
    workers: int | None
    checkpoint_every: int
    checkpoint_minutes: float
    preview_every: int
    note: str
    tensorboard: Path | None

    @property
    def checkpoint(self) -> Path:
        """The state of an unfinished training."""
        return self.output.with_suffix(".checkpoint")

    @property
    def log(self) -> Path:
        """One line of JSON for each step."""
        return self.output.with_suffix(".jsonl")

    @property
    def previews(self) -> Path:
        """The folder of pictures on the way."""
        return self.output.with_suffix(".previews")


RECIPE_FIELDS = (
    *("steps", "batch", "size", "style_size", "content_weight", "style_weight", "tv_weight"),
    *("optimizer", "learning_rate", "norm_floor", "shadows", "contrast", "calm", "darkened", "steady_weight"),
)
"""Options that set a field of the recipe, by the field's name."""

DECIDING = (
    *("about", "photos", "start", "extend", "strengths", "quality", "recipe", "network", "width"),
    *("seed", "device", "precision", "workers", *RECIPE_FIELDS),
)
"""Options that decide what is trained, which a checkpoint knows."""


def make_plan(ctx: click.Context, given: Given, saved: TrainingOptions | None) -> Plan:
    """What is to be trained; the checkpoint's training if only ``--resume`` is given.

    Raises:
        OptionError: something is missing, unknown, or contradicts.
        TrainingError: it differs from the checkpoint to be resumed, or cannot be trained here.
        ModelError: the model to start from cannot be read.
    """
    from allaprima.training.device import choose_device
    from allaprima.training.plan import Plan, Wishes, decide
    from allaprima.training.style_images import describe_styles

    if saved is not None and not given.styles:
        for parameter in ctx.command.params:
            if parameter.name in DECIDING and ctx.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT:
                raise OptionError(f"--resume takes its options from the checkpoint: leave out {parameter.opts[0]}")
        return Plan(saved, None, choose_device(saved.device))
    if not given.styles:
        raise OptionError("name at least one painting to learn, as in: allaprima train painting.jpg -o model.onnx")
    changes = {name: getattr(given, name) for name in RECIPE_FIELDS}
    plan = decide(
        Wishes(
            styles=describe_styles(given.styles, given.about),
            photos="" if given.photos is None else str(given.photos.resolve()),
            start=given.start,
            extend=given.extend,
            strengths=given.strengths,
            quality=given.quality,
            network=given.network,
            width=given.width,
            recipe=given.recipe,
            changes={name: value for name, value in changes.items() if value is not None},
            seed=given.seed,
            device=given.device,
            precision=given.precision,
            workers=given.workers,
        )
    )
    if saved is None:
        return plan
    plan.options.check_resumes(saved)
    return Plan(plan.options, None, plan.device)
