"""``allaprima train``: paintings in, a style model out."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli.command import Command, options_of
from allaprima.cli.extra import (
    MACHINE_OPTIONS,
    OBJECTIVE_OPTIONS,
    PATH,
    SHARE,
    WEIGHT,
    machine,
    training_extra,
    with_options,
)
from allaprima.cli.followers import follow, quiet
from allaprima.cli.progress import Bar, late_progress, progress
from allaprima.cli.stopping import Stopping
from allaprima.cli.train_options import Given, make_plan
from allaprima.cli.training_log import as_json, open_log, rows_of
from allaprima.engine.machine import keep_freed_memory
from allaprima.errors import DivergedError, LostProcessError, OutputError, TrainingError, how_to_install

if TYPE_CHECKING:
    from allaprima.training.networks import StyleNetwork
    from allaprima.training.ranks import Ranks
    from allaprima.training.trainer import Trainer, TrainingStep

PREVIEW_SIDE = 384
PREVIEW_SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Of the steps, after which there is a preview, whatever ``--preview-every`` says."""
VALIDATION_PHOTOS, VALIDATION_SIDE = 32, 384
PLAIN_INTERVAL = 50  # steps between lines where there is no terminal for a live bar


EXAMPLES = (
    ("allaprima train painting.jpg -o painting.onnx", "One style; about ten minutes on two CPU cores"),
    ("allaprima train painting.jpg -o bank.onnx --extend", "Beside the gallery's styles, which stay as they are"),
    ("allaprima train painting.jpg -o painting.onnx --resume", "Continue a training that was stopped"),
)

files, start, length, detail, watching = map(
    options_of, ("Files", "Where it starts", "How long, how good", "Details", "While it trains")
)
STEPS = click.IntRange(min=1)


@click.command("train", cls=Command, examples=EXAMPLES)
@click.argument("styles", nargs=-1, type=PATH, metavar="STYLE...")
@files("-o", "--output", type=PATH, required=True, metavar="FILE", help="Style model to write (.onnx).")
@files(
    "--photos",
    type=PATH,
    metavar="FOLDER",
    help="Photographs to learn on. Default: 37 that come with the package.",
)
@files("--val", type=PATH, metavar="FOLDER", help="Other photographs, to measure the result on.")
@files(
    "--about",
    type=PATH,
    metavar="FILE",
    help="Table (.tsv) about the paintings, with the columns name, artist, title, year, license, emphasis, "
    "style_size and crop.",
)
@files("--note", default="", metavar="TEXT", help="A sentence for the model's card.")
@files("--resume", is_flag=True, help="Continue from the checkpoint next to the output, if there is one.")
@files("--overwrite", is_flag=True, help="Replace an existing output, or start over despite a checkpoint.")
@start(
    "--from",
    "start",
    metavar="MODEL",
    help="Model to start from: gallery (the default), fast, fine, or the path of an .onnx file, which grows if "
    "--network or --width ask for more. none starts from random weights.",
)
@start("--extend", is_flag=True, help="Add to the styles of --from, which paint exactly as before.")
@start(
    "--strengths",
    is_flag=True,
    help="Train only strengths below 1: at full strength the styles of --from paint exactly as before.",
)
@start(
    "--network",
    metavar="fast|fine|johnson",
    help="Network: fast, fine (better, slower), or johnson (the paper's). Default: that of --from, or fast.",
)
@start("--width", type=click.IntRange(4, 512), metavar="NUMBER", help="Channels of the first convolution, 4 to 512.")
@length(
    "--quality",
    metavar="draft|good|best",
    help="About 2, 10 or 100 minutes for each style on two CPU cores. Default: good, unless --from none.",
)
@length("--steps", type=STEPS, metavar="NUMBER", help="Number of steps. Default: by --quality, or the recipe's.")
@length("--batch", type=STEPS, metavar="NUMBER", help="Photographs in each step. Default: 2 on a CPU, or the recipe's.")
@with_options(*OBJECTIVE_OPTIONS)
@detail("--size", type=click.IntRange(min=64), metavar="PIXELS", help="Side of the crops. Default: the recipe's.")
@detail(
    "--style-size",
    type=click.IntRange(min=64),
    metavar="PIXELS",
    help="Short side of the painting; a larger one gives larger strokes. Default: the recipe's.",
)
@detail(
    "--optimizer",
    type=click.Choice(["adam", "muon"]),
    metavar="adam|muon",
    help="What takes the steps; muon needs fewer of them from random weights. Default: the recipe's.",
)
@detail(
    "--norm-floor",
    type=WEIGHT,
    metavar="SHARE",
    help="Floor under the norms' variance, as a share of a photograph's; calms dark and plain pictures. Default: the "
    "recipe's.",
)
@detail(
    "--shadows",
    type=SHARE,
    metavar="SHARE",
    help="Share of a painting's light that is left where the photograph is black; 1 paints a night as bright as a day. "
    "Default: the recipe's.",
)
@detail(
    "--contrast",
    type=SHARE,
    metavar="SHARE",
    help="Share of a painting's own contrast that the finished model has at least. Default: the recipe's.",
)
@detail(
    "--calm",
    type=SHARE,
    metavar="SHARE",
    help="How much of the fine weave between strokes the model unlearns at last, not with --extend or --strengths; "
    "0 leaves that out. Default: the recipe's.",
)
@detail(
    "--darkened",
    type=SHARE,
    metavar="SHARE",
    help="Share of the photographs that are darkened or lose contrast. Default: the recipe's.",
)
@detail(
    "--steady-weight",
    type=WEIGHT,
    metavar="NUMBER",
    help="Weight of steadiness, for clips. Default: the recipe's.",
)
@detail(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="Largest learning rate. Default: the recipe's.",
)
@detail(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="NUMBER",
    help="Seed of everything random.",
)
@watching(
    "--checkpoint-minutes",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="MINUTES",
    help="Save a checkpoint this often. One is always saved when training ends or is stopped.",
)
@watching(
    "--checkpoint-every",
    type=STEPS,
    default=200,
    show_default=True,
    metavar="STEPS",
    help="Save a checkpoint after so many steps, too.",
)
@watching(
    "--preview-every",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    metavar="STEPS",
    help="Paint a preview this often, and at 5, 10, 25, 50, 75 and 100 % of the steps. 0: no previews.",
)
@watching("--tensorboard", type=PATH, metavar="FOLDER", help="Write a log for TensorBoard.")
@with_options(*MACHINE_OPTIONS)
@machine("--workers", type=click.IntRange(min=0), metavar="NUMBER", help="Processes that decode photographs.")
@click.pass_context
def command(ctx: click.Context, /, **words: Any) -> None:
    """Train a network on paintings of your own, and write it as a style model.

    STYLE is a picture; its file's name becomes the style's. The gallery's network learns it in minutes; --from none
    starts from random weights, which takes hours. Next to the output you will find a checkpoint (.checkpoint), a log
    with one JSON line for each step (.jsonl), and previews (.previews).
    """
    given = Given(**words)
    with training_extra():
        import allaprima.training.setup  # noqa: F401 - the rest of the extra
        from allaprima.training.device import use_threads
        from allaprima.training.ranks import Ranks
    ranks = Ranks.of_environment()
    keep_freed_memory()
    use_threads(given.threads, ranks.local_count)
    with quiet(ranks), ranks.joined():
        with ranks.together():
            state = begin(given) if ranks.first else None
        state = ranks.of_first(state)
        with ranks.together():
            trainer, starts, val = prepare(ctx, given, state, ranks)
        trainer.load(ranks.of_first(trainer.state()))  # other GPUs may have rounded otherwise
        if not ranks.first:
            follow(trainer)
            return
        announce(trainer)
        tell_starts(starts)
        run(trainer, given)
    finish(trainer, given, val)


def begin(given: Given) -> dict[str, Any] | None:
    """Refuse what would replace a result; the state to go on from, if there is one."""
    from allaprima.training.checkpoint import read_checkpoint

    check_output(given)
    check_tensorboard(given.tensorboard)
    if not given.resume:
        return None
    if given.checkpoint.exists() or not given.styles:
        return read_checkpoint(given.checkpoint)
    click.echo(f"there is no checkpoint at {given.checkpoint}: the training begins from the start", err=True)
    return None


def prepare(
    ctx: click.Context, given: Given, state: dict[str, Any] | None, ranks: Ranks
) -> tuple[Trainer, dict[str, dict[str, float]], list[Path]]:
    """The training in hand, what each new style begins as, and the photographs to measure on."""
    from allaprima.training.finetune import initial
    from allaprima.training.options import TrainingOptions
    from allaprima.training.photos import find_photos
    from allaprima.training.setup import Setup
    from allaprima.training.trainer import Trainer
    from allaprima.training.vgg16 import load_weights

    plan = make_plan(ctx, given, TrainingOptions.from_dict(state["options"]) if state else None)
    device = ranks.device(plan.options.device, plan.device)
    with late_progress("downloading VGG16") as report:
        vgg16 = load_weights(given.vgg16, report if ranks.first else None)
    setup = Setup.of(plan.options, vgg16, device)
    val = find_photos(given.val, setup.objective.recipe.size // 2).paths[:VALIDATION_PHOTOS] if given.val else ()
    network, starts = initial(plan.options, setup, plan.parent)
    trainer = Trainer(plan.options, setup, network, ranks)
    if state is not None:
        trainer.load(state)
    return trainer, starts, list(val)


def check_output(given: Given) -> None:
    """Refuse, before any work, what would replace a model or hours of training."""
    output, checkpoint = given.output, given.checkpoint
    if output.suffix != ".onnx":
        raise OutputError(f"the output {output} must end in .onnx")
    if output.exists() and not given.overwrite:
        raise OutputError(f"{output} exists", options=("overwrite",))
    if given.log.exists() and given.resume:
        rows_of(given.log)
    elif given.log.exists() and not given.overwrite:
        raise OutputError(f"{given.log} exists and would become the log", options=("overwrite", "resume"))
    if checkpoint.exists() and not (given.resume or given.overwrite):
        raise OutputError(f"{checkpoint} exists; add --resume to go on from it, or --overwrite to start again")


def check_tensorboard(folder: Path | None) -> None:
    """Say at once, not after hours, that the package is missing."""
    if folder is not None:
        try:
            import torch.utils.tensorboard  # noqa: F401
        except ModuleNotFoundError as error:
            raise TrainingError(f"--tensorboard needs a package: {how_to_install('tensorboard')}") from error


def announce(trainer: Trainer) -> None:
    """What is about to happen, and which files will not take part in it."""
    recipe, setup = trainer.recipe, trainer.setup
    parameters = sum(p.numel() for p in trainer.network.parameters())
    click.echo(
        f"{len(trainer.options.styles)} style(s), {len(setup.photos.paths):,} photographs, network "
        f"{trainer.network.name} ({parameters:,} weights) on {setup.device.type} in "
        f"{str(setup.precision).removeprefix('torch.')}, "
        f"{recipe.steps - trainer.step:,} of {recipe.steps:,} steps to go",
        err=True,
    )
    for path, reason in setup.photos.skipped.items():
        click.echo(f"skipped {path}: {reason}", err=True)


def tell_starts(starts: dict[str, dict[str, float]]) -> None:
    """What each new style begins as."""
    for name, mixture in starts.items():
        parts = " + ".join(f"{weight:.2g} {style}" for style, weight in mixture.items())
        click.echo(f"{name} starts as {parts}", err=True)


def run(trainer: Trainer, given: Given) -> None:
    """Make the steps; whatever ends them, the last good state is in the checkpoint."""
    from allaprima.training.checkpoint import write_checkpoint

    skipped = dict(trainer.setup.photos.skipped)
    try:
        try:
            make_steps(trainer, given, skipped)
        finally:
            if trainer.consistent:
                with Stopping():
                    write_checkpoint(trainer.state(), given.checkpoint)
    except (DivergedError, LostProcessError) as error:
        message = f"{error} (--resume goes on from step {trainer.step})"
        raise type(error)(message, options=error.options) from error
    except (KeyboardInterrupt, SystemExit):
        click.echo(f"stopped after step {trainer.step}; the same command with --resume goes on", err=True)
        raise
    if skipped:
        click.echo(f"{len(skipped)} file(s) were skipped:", err=True)
        for path, reason in skipped.items():
            click.echo(f"  {path}: {reason}", err=True)


def make_steps(trainer: Trainer, given: Given, skipped: dict[Path, str]) -> None:
    """Make the steps, with a log, checkpoints and previews; files that turn out to be broken go into ``skipped``."""
    from allaprima.training.checkpoint import write_checkpoint

    steps, board = trainer.recipe.steps, open_board(given.tensorboard)
    previews = {max(1, round(share * steps)) for share in PREVIEW_SHARES}
    with Stopping() as stopping, open_log(given.log, trainer.step) as log:
        write_checkpoint(trainer.state(), given.checkpoint)  # also over that of a training that is replaced
        saved = time.monotonic()
        with progress(None, "training", steps, show_losses, done=trainer.step) as bar:
            for step in trainer.run(stopping.asked):
                bar.update(1, step)
                log.write(as_json(step) + "\n")
                skipped.update(step.skipped)
                write_scalars(board, step)
                if not sys.stderr.isatty() and step.step % PLAIN_INTERVAL == 0:
                    click.echo(f"step {step.step} of {steps}: {show_losses(step)}", err=True)
                if step.step % given.checkpoint_every == 0 or (
                    time.monotonic() - saved >= 60.0 * given.checkpoint_minutes
                ):
                    log.flush()
                    write_checkpoint(trainer.state(), given.checkpoint)
                    saved = time.monotonic()
                if given.preview_every and (step.step in previews or step.step % given.preview_every == 0):
                    write_preview(trainer, trainer.finished(), preview_of(given, step.step))
                stopping.check(trainer.asked)
    if board is not None:
        board.close()


def show_losses(step: TrainingStep | None) -> str:
    """The end of the progress bar."""
    if step is None:
        return ""
    return f"total {step.total:.3f}  content {step.content:.3f}  style {step.style:.3f}  {step.seconds:.2f} s/step"


def open_board(folder: Path | None) -> Any:
    """A TensorBoard writer, or None."""
    if folder is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder))


def write_scalars(board: Any, step: TrainingStep) -> None:
    """The step's losses for TensorBoard."""
    if board is not None:
        for name in ("content", "style", "tv", "total", "learning_rate", "gradient_norm"):
            board.add_scalar(name, getattr(step, name), step.step)


def write_preview(trainer: Trainer, network: StyleNetwork, path: Path) -> None:
    """A portrait, a landscape and a street in every style, as that network paints them."""
    from allaprima.picture.picture import Picture, write_picture
    from allaprima.training.validation import preview

    grid = preview(network, trainer.setup.styles, trainer.options.first_style, PREVIEW_SIDE)
    write_picture(Picture.from_pil(grid), path)


def preview_of(given: Given, step: int) -> Path:
    """Where the preview of a step lies."""
    return given.previews / f"step_{step:06}.png"


def finished(trainer: Trainer, given: Given) -> StyleNetwork:
    """The network as it is delivered: with its paintings' contrast, and calmed by learning from itself."""
    from allaprima.training.distillation import calm_network, steps_after

    steps = steps_after(trainer.options)
    if not steps:
        return trainer.finished()
    bar: Bar[None]
    try:
        with progress(None, "calming", steps) as bar:

            def tell(done: int, _: int) -> None:
                bar.update(1)
                if not sys.stderr.isatty() and done % PLAIN_INTERVAL == 0:
                    click.echo(f"calming: {done} of {steps}", err=True)

            network = calm_network(trainer, tell)
    except (KeyboardInterrupt, SystemExit):
        click.echo("stopped while the network was calmed; the same command with --resume calms it anew", err=True)
        raise
    if given.preview_every:
        write_preview(trainer, network, preview_of(given, trainer.step))
    return network


def finish(trainer: Trainer, given: Given, photos: list[Path]) -> None:
    """Calm the network, measure it on photographs that took no part, if there are any, and write it with its card."""
    from allaprima.export.onnx import export_model
    from allaprima.training.cards import make_card
    from allaprima.training.validation import mean_distances, readable, validate

    network, losses = finished(trainer, given), dict[str, dict[str, float]]()
    photos = readable(photos)
    if photos:
        names = [style.name for style in trainer.options.styles]
        rows = validate(
            network, trainer.objective.network, trainer.setup.styles, photos, VALIDATION_SIDE,
            trainer.options.first_style,
        )  # fmt: skip
        with progress(rows, "measuring", len(photos)) as bar:
            losses = mean_distances(list(bar), names)
        for name, row in losses.items():
            click.echo(f"{name}: relative content {row['content']:.3f}, style {row['style']:.3f}", err=True)
    export_model(network, make_card(trainer, network, losses, given.note), given.output)
    click.echo(f"wrote {given.output}", err=True)
