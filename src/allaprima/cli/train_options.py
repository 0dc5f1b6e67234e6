"""What the words of ``allaprima train`` mean together: which model it starts from, and the training's options."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from allaprima.cli.extra import choose_recipe
from allaprima.errors import TrainingError
from allaprima.gallery import BANKS, GALLERY, find_model, gallery_model

if TYPE_CHECKING:
    from allaprima.training.finetune import Parent
    from allaprima.training.options import TrainingOptions
    from allaprima.training.recipes import Recipe
    from allaprima.training.style_images import StyleImage

SCRATCH = "none"
"""The word for ``--from`` in place of a model."""

# Options of this command that set a field of the recipe, by the field's name.
RECIPE_FIELDS = ("steps", "batch", "size", "style_size", "learning_rate", "content_weight", "style_weight", "tv_weight")
OPTION_FIELDS = ("recipe", "network", "width", "seed", "device", "precision", "workers", *RECIPE_FIELDS)
DECIDING = (*OPTION_FIELDS, "about", "photos", "start", "extend", "strengths", "quality")


def decide(
    ctx: click.Context, styles: tuple[Path, ...], given: dict[str, Any], saved: TrainingOptions | None
) -> tuple[TrainingOptions, Parent | None]:
    """The training's options and the model it starts from; those of the checkpoint if only ``--resume`` is given.

    Raises:
        TrainingError: something is missing, unknown, contradicts, or differs from the checkpoint to be resumed.
        ModelError: the model to start from cannot be read.
    """
    if saved is not None and not styles:
        named = [f for f in DECIDING if ctx.get_parameter_source(f) is not ParameterSource.DEFAULT]
        if named:
            name = named[0].replace("_", "-").replace("start", "from")
            raise TrainingError(f"--resume takes its options from the checkpoint: leave out --{name}")
        return saved, None
    if not styles:
        raise TrainingError("name at least one painting to learn, as in: allaprima train painting.jpg -o model.onnx")
    parent = choose_parent(given)
    options = build_options(styles, given, parent)
    if saved is None:
        return options, parent
    # Neither changes what a step means; a lower rate is the way on after a training that diverged.
    free = replace(
        saved, workers=options.workers, recipe=replace(saved.recipe, learning_rate=options.recipe.learning_rate)
    )
    ours, theirs = options.to_dict(), free.to_dict()
    differ = [key for key in ours if ours[key] != theirs[key]]
    if differ:
        raise TrainingError(
            f"the checkpoint was made with other options ({', '.join(differ)}); resume with the same ones"
        )
    return options, None


def choose_parent(given: dict[str, Any]) -> Parent | None:
    """The model to start from, or None for random weights.

    That is the gallery's bank of the network asked for, unless ``--from`` says otherwise or there is none: for the
    paper's recipe, its network, or another width.

    Raises:
        TrainingError: there is no bank to keep as it is, or the model cannot become the network asked for.
    """
    from allaprima.training.finetune import read_parent
    from allaprima.training.model_file import read_card

    start, network, width = given["start"], given["network"], given["width"]
    bank = network if network in BANKS else BANKS[0]
    if start is None:
        card = read_card(gallery_model(bank))
        suits = given["recipe"] == "default" and network in (None, card.network) and width in (None, card.width)
        start = bank if suits else SCRATCH
    keeping = next((option for option in ("extend", "strengths") if given[option]), None)
    if start == SCRATCH:
        if keeping:
            raise TrainingError(f"--{keeping} needs a bank, and this training starts from none")
        return None
    parent = read_parent(find_model(bank if start == GALLERY else start), network, width)
    if keeping and (parent.network.name, parent.network.width) != (parent.card.network, parent.card.width):
        raise TrainingError(f"--{keeping} keeps the network of the bank as it is: leave out --network and --width")
    return parent


def build_options(styles: tuple[Path, ...], given: dict[str, Any], parent: Parent | None) -> TrainingOptions:
    """Options from the command line's words.

    Raises:
        TrainingError: a painting's name cannot be a style's, or is one of the bank that is to be extended; or the bank
            whose strengths are to be trained has other styles.
    """
    from allaprima.training.options import TrainingOptions

    learnt = describe_styles(styles, given["about"])
    card = parent.card if parent else None
    kept = card.styles[1:] if card and given["extend"] else ()
    if taken := {style.name for style in kept} & {style.name for style in learnt}:
        raise TrainingError(f"the bank to extend has a style {min(taken)} already: rename the painting")
    fits = card is not None and card.names[1:] != tuple(style.name for style in learnt)
    if given["strengths"] and (fits or kept):
        raise TrainingError(
            "--strengths trains the styles that the bank has: name their paintings, all and in its order"
        )
    change = ", extended" if kept else ", strengths" if given["strengths"] else ""
    return TrainingOptions(
        styles=learnt,
        photos="" if given["photos"] is None else str(given["photos"].resolve()),
        recipe=decide_recipe(given, len(learnt), fits=fits),
        network=parent.network.name if parent else given["network"] or TrainingOptions.network,
        width=parent.network.width if parent else given["width"],
        parent=f"{card.weights_sha256}, {card.steps} steps{change}" if card else "",
        strengths=given["strengths"],
        kept=kept,
        **{field: given[field] for field in ("seed", "device", "precision", "workers")},
    )


def decide_recipe(given: dict[str, Any], styles: int, *, fits: bool) -> Recipe:
    """The recipe with what was named, and with the steps of a quality where one is named or a bank learns."""
    from allaprima.training.device import choose_device
    from allaprima.training.finetune import CPU_BATCH, EXTEND_RATE, QUALITIES, STRENGTH_RATE, STRENGTH_SHARE

    changes = {field: given[field] for field in RECIPE_FIELDS}
    strengths = given["strengths"]
    if given["quality"] or fits or strengths:
        steps = styles * QUALITIES[given["quality"] or "good"]
        changes["steps"] = changes["steps"] or (steps // STRENGTH_SHARE if strengths else steps)
        if choose_device(given["device"]).type == "cpu":
            changes["batch"] = changes["batch"] or CPU_BATCH
    if given["extend"]:
        changes["learning_rate"] = changes["learning_rate"] or EXTEND_RATE
    if strengths:
        changes |= {"learning_rate": changes["learning_rate"] or STRENGTH_RATE, "mixed": 0.0, "lower": 1.0}
    return choose_recipe(given["recipe"], changes)


def describe_styles(paths: tuple[Path, ...], about: Path | None) -> tuple[StyleImage, ...]:
    """Each painting with its name and what the table says of it."""
    from allaprima.training.style_images import StyleImage

    rows: dict[str, dict[str, str]] = {}
    if about is not None:
        try:
            with about.open(newline="", encoding="utf-8") as file:
                rows = {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}
        except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
            raise TrainingError(
                f"the table {about} cannot be read; its first line must name the columns: {error}"
            ) from error
    styles: list[StyleImage] = []
    for path in paths:
        if not path.is_file():
            raise TrainingError(f"there is no painting at {path}")
        name = path.stem
        if name == "photo" or any(mark in name for mark in ",:") or name in {style.name for style in styles}:
            raise TrainingError(f'"{name}" cannot name a style (taken, or with "," or ":"): rename {path}')
        row = rows.get(name, {})
        words = {field: row.get(field) or "" for field in ("artist", "title", "year", "licence")}
        styles.append(StyleImage(name, str(path.resolve()), **words, emphasis=read_emphasis(row, about)))
    return tuple(styles)


def read_emphasis(row: dict[str, str], about: Path | None) -> float:
    """The table's factor on a style's weight; 1 where it has none."""
    text = row.get("emphasis") or "1"
    return above_zero(text, f'the emphasis "{text}" in {about} must be a number above 0')


def above_zero(text: str, complaint: str) -> float:
    """A number above 0.

    Raises:
        TrainingError: it is none; the complaint is its message.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise TrainingError(complaint)
    return number
