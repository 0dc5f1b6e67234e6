"""``allaprima train``: paintings in, a style model out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from allaprima.cli.extra import training_extra
from allaprima.cli.progress import late_progress, progress
from allaprima.cli.train_options import decide
from allaprima.errors import DivergedError, TrainingError

if TYPE_CHECKING:
    from allaprima.training.trainer import Trainer, TrainingStep

PREVIEW_PHOTOS, PREVIEW_SIDE = 4, 384
VALIDATION_PHOTOS, VALIDATION_SIDE = 32, 384
PLAIN_INTERVAL = 50  # steps between lines where there is no terminal for a live bar


@click.command("train")
@click.argument("styles", nargs=-1, type=click.Path(path_type=Path), metavar="STYLE...")
@click.option(
    "--photos", type=click.Path(path_type=Path), help="Folder of photographs to learn on. Default: the package's."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Style model to write (.onnx).")
@click.option("--about", type=click.Path(path_type=Path), help="Table (.tsv): name artist title year licence emphasis.")
@click.option(
    "--vgg16",
    type=click.Path(path_type=Path),
    help="VGG16 weights (.h5, .safetensors) on disk.",
)
@click.option("--val", type=click.Path(path_type=Path), help="Folder of other photographs, to measure the result on.")
@click.option(
    "--from",
    "start",
    metavar="MODEL",
    help="What to start from: gallery (the default), fast, fine; a style model, which grows if --network or --width "
    "ask for more; or none: random weights.",
)
@click.option("--extend", is_flag=True, help="Add to the styles of --from, which paint on exactly as they do.")
@click.option(
    "--strengths",
    is_flag=True,
    help="Train strengths below 1 alone: at full strength the styles of --from paint on exactly as they do.",
)
@click.option(
    "--quality",
    type=click.Choice(["draft", "good", "best"]),
    help="About 2, 10 (good, the default unless --from none) or 100 minutes a style on two CPU cores.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside the output.")
@click.option("--overwrite", is_flag=True, help="Replace an output, or start over beside a checkpoint, that exists.")
@click.option("--recipe", default="default", show_default=True, help="default, or paper (Johnson et al. 2016).")
@click.option("--network", help="fast, fine (better), or johnson (the paper's). Default: that of --from, or fast.")
@click.option("--width", type=click.IntRange(4, 512), help="Channels of the first convolution.")
@click.option("--steps", type=click.IntRange(min=1), help="Default: by --quality, or the recipe's.")
@click.option("--batch", type=click.IntRange(min=1), help="Photographs a step. Default: the recipe's.")
@click.option("--size", type=click.IntRange(min=64), help="Side of the crops, pixels. Default: the recipe's.")
@click.option("--style-size", type=click.IntRange(min=64), help="Short side of the painting: the scale of its strokes.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Default: the recipe's.")
@click.option("--content-weight", type=click.FloatRange(min=0), help="Default: the recipe's.")
@click.option("--style-weight", type=click.FloatRange(min=0), help="Default: the recipe's.")
@click.option("--tv-weight", type=click.FloatRange(min=0), help="Default: the recipe's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cuda, mps or cpu.")
@click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True)
@click.option("--workers", type=click.IntRange(min=0), help="Processes that decode photographs.")
@click.option("--checkpoint-every", type=click.IntRange(min=1), default=200, show_default=True, metavar="STEPS")
@click.option(
    "--preview-every", type=click.IntRange(min=0), default=500, show_default=True, metavar="STEPS", help="0: none."
)
@click.option("--note", default="", help="A sentence for the card.")
@click.option("--tensorboard", type=click.Path(path_type=Path), help="Folder for TensorBoard's log.")
@click.pass_context
def command(ctx: click.Context, /, styles: tuple[Path, ...], output: Path, **given: Any) -> None:
    """Train a network on paintings of your own, and write it as a style model.

    STYLE is a picture; its file's name becomes the style's. The gallery's network learns it in minutes; --from none
    begins with random weights, which takes hours. Beside the output lie, while it trains, the checkpoint (.checkpoint),
    a log with one JSON line a step (.jsonl) and previews (.previews).
    """
    with training_extra():
        from allaprima.training.checkpoint import read_checkpoint
        from allaprima.training.finetune import start_from
        from allaprima.training.options import TrainingOptions
        from allaprima.training.photos import find_photos
        from allaprima.training.trainer import Trainer
        from allaprima.training.vgg16 import load_weights
    checkpoint = output.with_suffix(".checkpoint")
    check_output(output, checkpoint, resume=given["resume"], overwrite=given["overwrite"])
    state = read_checkpoint(checkpoint) if given["resume"] else None
    saved = TrainingOptions.from_dict(state["options"]) if state else None
    options, parent = decide(ctx, styles, given, saved)
    check_tensorboard(given["tensorboard"])

    with late_progress("downloading VGG16") as report:
        vgg16 = load_weights(given["vgg16"], report)
    trainer = Trainer(options, vgg16)
    if state is None:
        checkpoint.unlink(missing_ok=True)  # --overwrite: a kill before the first new one must not leave the old one
    else:
        trainer.load_checkpoint(state)
    val = find_photos(given["val"], trainer.recipe.size // 2).paths[:VALIDATION_PHOTOS] if given["val"] else ()
    announce(trainer)
    if parent is not None:
        tell_starts(start_from(trainer, parent))
    run(trainer, output, checkpoint, given)
    finish(trainer, output, list(val), given["note"])


def check_output(output: Path, checkpoint: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse, before any work, what would replace a model or hours of training."""
    if output.suffix != ".onnx":
        raise TrainingError(f"the output {output} must end in .onnx")
    if not output.resolve().parent.is_dir():
        raise TrainingError(f"there is no folder {output.resolve().parent} to write {output.name} to")
    if output.exists() and not overwrite:
        raise TrainingError(f"{output} exists; add --overwrite to replace it")
    log = output.with_suffix(".jsonl")
    if log.exists() and not (resume or overwrite):
        raise TrainingError(f"{log} exists and would become the log; add --overwrite, or choose another -o")
    if checkpoint.exists() and not (resume or overwrite):
        raise TrainingError(f"{checkpoint} exists; add --resume to go on from it, or --overwrite to start again")


def check_tensorboard(folder: Path | None) -> None:
    """Say at once, not after hours, that the package is missing."""
    if folder is not None:
        try:
            import torch.utils.tensorboard  # noqa: F401
        except ModuleNotFoundError as error:
            raise TrainingError("--tensorboard needs a package: pip install 'allaprima[tensorboard]'") from error


def announce(trainer: Trainer) -> None:
    """What is about to happen, and which files will not take part in it."""
    recipe, photos = trainer.recipe, trainer.photos
    parameters = sum(p.numel() for p in trainer.network.parameters())
    click.echo(
        f"{len(trainer.options.styles)} style(s), {len(photos.paths):,} photographs, network {trainer.network.name} "
        f"({parameters:,} weights) on {trainer.device.type} in {str(trainer.precision).removeprefix('torch.')}, "
        f"{recipe.steps - trainer.step:,} of {recipe.steps:,} steps to go",
        err=True,
    )
    for path, reason in photos.skipped.items():
        click.echo(f"skipped {path}: {reason}", err=True)


def tell_starts(starts: dict[str, dict[str, float]]) -> None:
    """What each new style begins as."""
    for name, mixture in starts.items():
        parts = " + ".join(f"{weight:.2g} {style}" for style, weight in mixture.items())
        click.echo(f"{name} starts as {parts}", err=True)


def run(trainer: Trainer, output: Path, checkpoint: Path, given: dict[str, Any]) -> None:
    """Make the steps; whatever ends them, the last good state is in the checkpoint."""
    skipped = dict(trainer.photos.skipped)
    previews = output.with_suffix(".previews")
    board = open_board(given["tensorboard"])
    with (
        open_log(output.with_suffix(".jsonl"), trainer.step) as log,
        progress(None, "training", trainer.recipe.steps - trainer.step, show_losses) as bar,
    ):
        try:
            for step in trainer.run():
                bar.update(1, step)
                if not sys.stderr.isatty() and step.step % PLAIN_INTERVAL == 0:
                    click.echo(f"step {step.step} of {step.steps}: {show_losses(step)}", err=True)
                log.write(as_json(step) + "\n")
                skipped.update(step.skipped)
                write_scalars(board, step)
                if step.step % given["checkpoint_every"] == 0:
                    log.flush()
                    trainer.save_checkpoint(checkpoint)
                if given["preview_every"] and step.step % given["preview_every"] == 0:
                    write_preview(trainer, previews / f"step_{step.step:06}.png")
        except DivergedError as error:
            raise DivergedError(f"{error} (--resume takes one up from step {trainer.step})") from error
        except KeyboardInterrupt:
            click.echo(f"\nstopped after step {trainer.step}; the same command with --resume goes on", err=True)
            raise
        finally:
            if trainer.consistent:
                trainer.save_checkpoint(checkpoint)
            if board is not None:
                board.close()
    if skipped:
        click.echo(f"{len(skipped)} file(s) were skipped:", err=True)
        for path, reason in skipped.items():
            click.echo(f"  {path}: {reason}", err=True)


def as_json(step: TrainingStep) -> str:
    """One line of the log."""
    return json.dumps({**asdict(step), "skipped": {str(path): why for path, why in step.skipped.items()}})


def show_losses(step: TrainingStep | None) -> str:
    """The end of the progress bar."""
    if step is None:
        return ""
    return f"total {step.total:.3f}  content {step.content:.3f}  style {step.style:.3f}  {step.seconds:.2f} s/step"


@contextmanager
def open_log(path: Path, step: int) -> Iterator[IO[str]]:
    """The log, to be appended to; lines of steps that the checkpoint does not have are taken back."""
    kept: list[str] = []
    if step and path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                continue  # a line that a kill cut short
    temporary = path.with_name(path.name + ".part")
    temporary.write_text("".join(kept), encoding="utf-8")
    temporary.replace(path)
    with path.open("a", encoding="utf-8") as log:
        yield log


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


def write_preview(trainer: Trainer, path: Path) -> None:
    """A few photographs in every style, as the network paints them now."""
    from allaprima.picture.picture import Picture, write_picture
    from allaprima.training.validation import preview, readable

    photos = readable(list(trainer.photos.paths[: 2 * PREVIEW_PHOTOS]))[:PREVIEW_PHOTOS]
    if photos:
        write_picture(Picture.from_pil(preview(trainer.network, photos, PREVIEW_SIDE)), path)


def finish(trainer: Trainer, output: Path, photos: list[Path], note: str) -> None:
    """Measure on photographs that took no part, if there are any, and write the style model with its card."""
    from allaprima.export.onnx import export_model
    from allaprima.training.cards import make_card
    from allaprima.training.validation import readable, validate

    losses: dict[str, dict[str, float]] = {}
    photos = readable(photos)
    if photos:
        names = [style.name for style in trainer.options.styles]
        figures = validate(
            trainer.network, trainer.objective.network, trainer.styles, photos, VALIDATION_SIDE, trainer.first_style
        )
        with progress(figures, "measuring", len(names)) as bar:
            for name, (content, style) in zip(names, bar, strict=True):
                losses[name] = {"content": round(content, 4), "style": round(style, 4)}
        for name, row in losses.items():
            click.echo(f"{name}: relative content {row['content']:.3f}, style {row['style']:.3f}", err=True)
    export_model(trainer.network, make_card(trainer, losses, note), output)
    click.echo(f"wrote {output}", err=True)
