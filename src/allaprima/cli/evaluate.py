"""``allaprima evaluate``: the paper's experiment, from models and photographs to tables and figures."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli.command import Command, options_of
from allaprima.cli.extra import MACHINE_OPTIONS, PATH, training_extra, with_options
from allaprima.cli.progress import late_progress, progress
from allaprima.errors import OutputError, TrainingError

if TYPE_CHECKING:
    from allaprima.evaluation.experiment import Experiment, Lineup
    from allaprima.evaluation.painters import Painter
    from allaprima.stylizer import Stylizer

FULL: dict[str, Any] = {"count": 20, "iterations": 300, "timed_sizes": (256, 512, 1024), "timed_iterations": 10}
QUICK: dict[str, Any] = {"count": 2, "iterations": 30, "timed_sizes": (256, 512), "timed_iterations": 3}
"""Defaults without and with ``--quick``."""
SIDE = click.IntRange(min=32)


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What the command was given, its defaults filled in."""

    models: tuple[str, ...]
    photos: Path
    paintings: Path | None
    styles: tuple[str, ...]
    painters: tuple[str, ...]
    sizes: tuple[int, ...]
    count: int
    iterations: int
    starts: tuple[str, ...]
    no_optimize: bool
    refine: int
    timed_sizes: tuple[int, ...]
    timed_iterations: int
    recipe: str
    style_size: int | None
    vgg16: Path | None
    device: str
    precision: str
    threads: int | None
    seed: int
    page: Path | None
    output: Path


EXAMPLES = (
    (
        "allaprima evaluate mine.onnx --photos val/ --paintings paintings/ --quick -o results/",
        "A first look",
    ),
    ("allaprima evaluate fast fine --photos val/ --paintings paintings/ -o results/", "Both banks of the gallery"),
)

files, what, optimization = map(options_of, ("Files", "What is measured", "Optimization"))


@click.command("evaluate", cls=Command, examples=EXAMPLES)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@files("-o", "--output", type=PATH, required=True, metavar="FOLDER", help="Folder of results.")
@files("--photos", type=PATH, required=True, metavar="FOLDER", help="Photographs to measure on.")
@files("--paintings", type=PATH, metavar="FOLDER", help="Folder in which the painting of a style is NAME.jpg.")
@files("--page", type=PATH, metavar="FILE", help="Markdown page whose marked place gets the tables.")
@what("--style", "styles", multiple=True, metavar="NAME[=IMAGE]", help="Style to measure. Default: all of the models'.")
@what(
    "--painter",
    "painters",
    multiple=True,
    metavar="MODULE:FUNCTION[:SPEC]",
    help="Measure another network as well: a function of yours that is given the paintings by style, and SPEC, and "
    "returns painters (see allaprima.evaluation.guests).",
)
@what("--count", type=click.IntRange(min=1), metavar="NUMBER", help=f"Number of photographs. Default: {FULL['count']}.")
@what(
    "--size",
    "sizes",
    type=SIDE,
    multiple=True,
    default=[256],
    show_default=True,
    metavar="PIXELS",
    help="Side of the squares.",
)
@what(
    "--timed-size",
    "timed_sizes",
    type=SIDE,
    multiple=True,
    metavar="PIXELS",
    help="Size to time. Default: 256, 512 and 1024.",
)
@what("--quick", is_flag=True, help="Take minutes: 2 photographs, 30 iterations.")
@optimization("--no-optimize", is_flag=True, help="Measure the painters only.")
@click.option("--no-optimisation", "no_optimize", is_flag=True, hidden=True)  # its former name
@optimization(
    "--iterations",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help=f"Number of iterations. Default: {FULL['iterations']}.",
)
@optimization(
    "--start",
    "starts",
    multiple=True,
    default=["content", "noise"],
    show_default=True,
    metavar="NAME[:ITERATIONS]",
    help="What the optimization begins with: content or noise.",
)
@optimization(
    "--refine",
    type=click.IntRange(min=0),
    default=0,
    metavar="ITERATIONS",
    help="Optimize each model's paintings further, too.",
)
@optimization(
    "--recipe",
    default="default",
    show_default=True,
    metavar="default|four-layers|paper",
    help="The objective by which everything is measured.",
)
@optimization("--style-size", type=SIDE, metavar="PIXELS", help="Short side of the paintings. Default: the recipe's.")
@optimization(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="NUMBER", help="Seed of the noise."
)
@with_options(*MACHINE_OPTIONS)
def command(*, quick: bool, **given: Any) -> None:
    """Compare style models with the optimization they replace.

    MODEL is a style model (.onnx), or fast or fine, the gallery's two banks. The folder of results gets
    results.json, tables.md and figures; a run that was stopped continues when the same command is given again.
    """
    unset = {name: default for name, default in (QUICK if quick else FULL).items() if not given.get(name)}
    evaluate(EvaluateOptions(**given | unset))


def evaluate(options: EvaluateOptions) -> None:
    """All of it: read, measure what is missing, report."""
    with training_extra("the evaluation", "evaluate"):
        import matplotlib  # noqa: F401 - that it is missing is said before hours of work

        from allaprima.evaluation.experiment import Lineup
        from allaprima.evaluation.guests import guests
        from allaprima.evaluation.judge import spread
        from allaprima.evaluation.painters import choose_paintings, load_models, model_painter
        from allaprima.training.device import use_threads
        from allaprima.training.optimize import START_STRENGTH
        from allaprima.training.photos import find_photos
        from allaprima.training.validation import readable
    if options.output.exists() and not options.output.is_dir():
        raise OutputError(f"{options.output} is a file, but the results need a folder", options=("output",))
    page = None if options.page is None else read_page(options.page)
    use_threads(options.threads)
    stylizers = load_models(options.models, options.threads)
    paintings = choose_paintings(stylizers.values(), options.styles, options.paintings)
    with ExitStack() as stack:
        known = [
            (stylizer, name, style)
            for name, stylizer in stylizers.items()
            for style in paintings
            if style in stylizer.card.names
        ]
        painters = [model_painter(*model) for model in known]
        for door in options.painters:
            painters += stack.enter_context(guests(door, paintings))
        found = find_photos(options.photos, smallest=1)  # small ones are enlarged
        chosen = spread(found.paths, options.count)
        photos = readable(chosen)
        for path in sorted({*found.skipped, *chosen} - set(photos)):
            click.echo(f"left out {path}: {found.skipped.get(path, 'it cannot be decoded to its end')}", err=True)
        if not photos:
            raise TrainingError(f"{options.photos} holds no photograph that can be decoded")
        lineup = Lineup(
            painters=painters,
            refined=[model_painter(*model, START_STRENGTH) for model in known],
            photos={path.relative_to(options.photos).as_posix(): path for path in photos},
        )
        experiment = prepare(lineup, paintings, options)
        run(experiment)
        seconds = time_everyone(experiment, painters, options)
    report(experiment, stylizers, seconds, options, page)


def prepare(lineup: Lineup, paintings: dict[str, Path], options: EvaluateOptions) -> Experiment:
    """The experiment that the options describe.

    Raises:
        OptionError: no such recipe.
        TrainingError: no such device, or no VGG16.
    """
    from allaprima.evaluation.experiment import Experiment, Settings
    from allaprima.evaluation.judge import Judge
    from allaprima.training.device import choose_device, choose_precision
    from allaprima.training.model_file import weights_sha256
    from allaprima.training.perceptual import LossNetwork
    from allaprima.training.recipes import choose_recipe
    from allaprima.training.vgg16 import load_weights

    recipe = choose_recipe(options.recipe, {"style_size": options.style_size})
    starts = {} if options.no_optimize else parse_starts(options.starts, options.iterations)
    device = choose_device(options.device)
    precision = choose_precision(options.precision, device)
    with late_progress("downloading VGG16") as show:
        weights = load_weights(options.vgg16, show)
    judge = Judge(recipe, LossNetwork(weights, precision).to(device), paintings)
    conditions = {
        "precision": str(precision).removeprefix("torch."),
        "device": device.type,
        "vgg16": weights_sha256(weights)[:12],
    }
    settings = Settings(options.sizes, starts, options.refine, options.seed, conditions)
    return Experiment(judge, lineup, settings, options.output)


def parse_starts(words: tuple[str, ...], iterations: int) -> dict[str, int]:
    """``content`` or ``noise:150`` -> iterations by start.

    Raises:
        UsageError: another start, or iterations that are no positive number.
    """
    starts = {}
    for word in words:
        name, colon, number = word.partition(":")
        if name not in ("content", "noise") or (colon and not (number.isdecimal() and int(number) > 0)):
            raise click.UsageError(f"--start is content or noise, with iterations as in noise:150, not {word}")
        starts[name] = int(number) if colon else iterations
    return starts


def run(experiment: Experiment) -> None:
    """Measure what is missing; whatever stops it, what was measured stays."""
    try:
        with progress(None, "measuring", experiment.steps, lambda doing: doing) as bar:
            for done in experiment.run():
                bar.update(done.steps, done.doing)
    except KeyboardInterrupt:
        click.echo("\nstopped; the same command goes on from here", err=True)
        raise


def time_everyone(experiment: Experiment, painters: list[Painter], options: EvaluateOptions) -> list[dict[str, Any]]:
    """Seconds of each painter and of an iteration, at every size."""
    from allaprima.evaluation.timing import time_sizes

    measured = time_sizes(
        experiment.judge, painters, next(iter(experiment.lineup.photos.values())), options.timed_sizes,
        options.timed_iterations, experiment.log, experiment.conditions["precision"],
    )  # fmt: skip
    with progress(measured, "timing", len(options.timed_sizes)) as bar:
        return list(bar)


def report(
    experiment: Experiment, models: dict[str, Stylizer], seconds: list[dict[str, Any]], options: EvaluateOptions,
    page: str | None,
) -> None:  # fmt: skip
    """Write tables and figures, and say where they are."""
    import torch

    from allaprima.evaluation.figures import draw
    from allaprima.evaluation.record import command_line, record, versions, write_json
    from allaprima.evaluation.report import markdown, quoted
    from allaprima.evaluation.summary import split, summarize
    from allaprima.files import write_bytes

    outcomes = experiment.outcomes()
    photos, paintings, output = experiment.lineup.photos, experiment.judge.paintings, options.output
    data = {
        **record(command_line(["allaprima"], sys.argv[1:])),
        "versions": versions("allaprima", "numpy", "torch", "onnxruntime"),
        "models": {name: describe(stylizer) for name, stylizer in models.items()},
        "conditions": {
            "photos": len(photos), "styles": list(paintings), "recipe": options.recipe,
            **experiment.conditions, "threads": torch.get_num_threads(), "timed_iterations": options.timed_iterations,
        },
        **summarize(outcomes),
        "seconds": seconds,
    }  # fmt: skip
    written = [output / "results.json", output / "tables.md"]
    write_json(written[0], data)
    tables = markdown(data)
    write_bytes(tables.encode(), written[1])
    written += draw(split(outcomes), list(models), photos, paintings, output)
    if page is not None and options.page is not None:
        write_bytes(quoted(page, tables).encode(), options.page)
        written.append(options.page)
    for path in written:
        click.echo(f"wrote {path}", err=True)


def describe(stylizer: Stylizer) -> dict[str, Any]:
    """Which training a model comes from."""
    card = stylizer.card
    return {field: getattr(card, field) for field in ("network", "width", "steps", "weights_sha256")}


def read_page(path: Path) -> str:
    """A page whose marked place is to be filled.

    Raises:
        OutputError: it is missing, or has no such place.
    """
    from allaprima.evaluation.report import quoted

    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"the page {path} cannot be read: {error}") from error
    quoted(page, "")
    return page
