"""``allaprima optimize``: one photograph and any painting in, a painted photograph out, slowly."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli.command import Command, options_of
from allaprima.cli.extra import (
    MACHINE_OPTIONS,
    OBJECTIVE_OPTIONS,
    PATH,
    SHARE,
    objective,
    read_layers,
    training_extra,
    with_options,
)
from allaprima.cli.progress import late_progress, progress
from allaprima.cli.stopping import Stopping
from allaprima.color import COLORS
from allaprima.errors import DivergedError, OptionError, OutputError, PictureError
from allaprima.options import DEFAULT_QUALITY
from allaprima.picture.picture import Picture, write_picture
from allaprima.picture.reading import read_picture
from allaprima.picture.target import check_target
from allaprima.style_model import parse_style

if TYPE_CHECKING:
    from torch import Tensor

    from allaprima.training.optimize import OptimizeOptions, OptimizeStep

LONGEST = 512
"""Pixels on the longer side where ``--size`` does not say: minutes on a CPU."""
COARSEST = 128
"""Short side that ``--coarse-to-fine`` begins near, pixels."""
PLAIN_INTERVAL = 50  # iterations between lines where there is no terminal for a live bar
MODEL = "model"
"""The start that a style model paints."""
STARTS = ("content", "noise", "style", MODEL)


@dataclass(frozen=True)
class Given:
    """The command line's words, by the names of its options."""

    content: Path
    styles: tuple[Path, ...]
    output: Path
    mixture: str | None
    size: int
    style_scale: float | None
    start: str
    model: str | None
    model_style: str | None
    strength: float | None
    coarse_to_fine: bool
    color: str
    method: str
    iterations: int
    tolerance: float
    preconditioner: float
    learning_rate: float | None
    recipe: str
    content_weight: float | None
    style_weight: float | None
    tv_weight: float | None
    content_layers: str | None
    style_layers: str | None
    seed: int
    vgg16: Path | None
    device: str
    precision: str
    threads: int | None
    preview_every: int
    quality: int
    overwrite: bool

    @property
    def previews(self) -> Path:
        """The folder of pictures on the way."""
        return self.output.with_suffix(".previews")


EXAMPLES = (
    ("allaprima optimize photo.jpg painting.jpg -o painted.png", "One photograph in the style of a painting"),
    ("allaprima optimize photo.jpg a.jpg b.jpg --mixture 0.7,0.3 -o painted.png", "In a mixture of two"),
    ("allaprima optimize photo.jpg wave.jpg -o x.png --start model --style great_wave", "Refine a model's painting"),
)

files, look, start, method = map(options_of, ("Files", "Look", "Start", "Method"))


@click.command("optimize", cls=Command, examples=EXAMPLES)
@click.argument("content", type=PATH)
@click.argument("styles", nargs=-1, required=True, type=PATH, metavar="STYLE...")
@files("-o", "--output", type=PATH, required=True, metavar="FILE", help="Picture to write.")
@files(
    "--quality",
    type=click.IntRange(1, 100),
    default=DEFAULT_QUALITY,
    show_default=True,
    metavar="NUMBER",
    help="Quality of JPEG, WebP and AVIF, 1 to 100.",
)
@files(
    "--preview-every",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="ITERATIONS",
    help="Save a preview this often. 0: none.",
)
@files("--overwrite", is_flag=True, help="Replace a result that exists.")
@look(
    "--mixture",
    metavar="WEIGHTS",
    help="How much of each STYLE: 0.7,0.3 or wave:0.7,night:0.3. Default: equal shares.",
)
@look(
    "--size",
    type=click.IntRange(min=16),
    default=LONGEST,
    show_default=True,
    metavar="PIXELS",
    help="Longer side of the result, at most.",
)
@look(
    "--style-scale",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="Short side of STYLE relative to the result's; a larger one gives larger strokes. Default: the recipe's "
    "pixels.",
)
@look(
    "--color",
    type=click.Choice(COLORS),
    default=COLORS[0],
    show_default=True,
    metavar="|".join(COLORS),
    help="Whose colors: the style's, the photograph's (photo: with its brightness; luminance: with the painting's), or "
    "the style's matched to the photograph's (histogram).",
)
@start(
    "--start",
    type=click.Choice(STARTS),
    default=STARTS[0],
    show_default=True,
    metavar="|".join(STARTS),
    help="What to begin with: the photograph, noise, the first STYLE, or what a style model paints.",
)
@start("--model", metavar="MODEL", help="For --start model: fast (the default), fine, or the path of an .onnx file.")
@start("--style", "model_style", metavar="STYLE", help="For --start model: a style of that model, or a mixture.")
@start(
    "--strength",
    type=SHARE,
    metavar="NUMBER",
    help="For --start model: strength of that style. Default: 0.3.",
)
@start("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="NUMBER", help="Seed of the noise.")
@method(
    "--iterations",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    metavar="NUMBER",
    help="Iterations at each size.",
)
@method(
    "--coarse-to-fine/--no-coarse-to-fine",
    help=f"Begin at {COARSEST} pixels and grow by √2, which gives larger strokes.",
)
@method("--method", default="lbfgs", show_default=True, metavar="lbfgs|adam", help="Optimizer.")
@method(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="NUMBER",
    help="Stop when ten iterations lower the objective by less than this share.",
)
@method(
    "--preconditioner",
    type=SHARE,
    default=0.5,
    show_default=True,
    metavar="NUMBER",
    help="How far L-BFGS spreads a step over neighboring pixels, which saves iterations. 0 is Gatys's method.",
)
@method(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="NUMBER",
    help="Adam's step, or the first length that L-BFGS tries. Default: the method's.",
)
@with_options(*OBJECTIVE_OPTIONS)
@objective(
    "--content-layers",
    metavar="LAYERS",
    help="Layers of the content loss and their weights: relu2_2:0.3,relu3_3:0.7. Default: the recipe's.",
)
@objective(
    "--style-layers",
    metavar="LAYERS",
    help="Layers of the style loss and their weights: relu1_2:0.5,relu2_2:0.5. Default: the recipe's.",
)
@with_options(*MACHINE_OPTIONS)
def command(**words: Any) -> None:
    """Paint one photograph in any style, without training: Gatys et al. 2015.

    CONTENT is the photograph, STYLE a painting; several are mixed. Interrupt it when it is good enough: the best
    picture so far is saved.
    """
    given = Given(**words)
    check_output(given)
    with training_extra():
        from allaprima.training.device import choose_device, choose_precision, use_threads
        from allaprima.training.optimize import optimize
        from allaprima.training.perceptual import LossNetwork
        from allaprima.training.preparation import from_pixels
        from allaprima.training.style_images import StyleImage, read_style
        from allaprima.training.vgg16 import load_weights
    use_threads(given.threads)
    photo = read_content(given.content).within(given.size)
    options = build_options(given, photo)
    weights = read_weights(given.mixture, given.styles)
    device = choose_device(given.device)
    images = [
        read_style(StyleImage(path.stem, str(path)), options.recipe.style_size).to(device) for path in given.styles
    ]
    start = choose_start(given, photo)
    with late_progress("downloading VGG16") as report:
        vgg16 = load_weights(given.vgg16, report)
    network = LossNetwork(vgg16, choose_precision(given.precision, device)).to(device)
    start = start if isinstance(start, str) else start.to(device)
    steps = optimize(network, from_pixels(photo.pixels).to(device), images, start, options, weights)
    run(with_bars(steps, options.iterations), photo, given)


def check_output(given: Given) -> None:
    """Refuse, before any work, a result that would replace something of the user's."""
    check_target(given.output, given.overwrite, given.content)
    for style in given.styles:
        if given.output.exists() and style.exists() and given.output.samefile(style):
            raise OutputError(f"the result would replace the style image {style}; choose another -o")


def read_content(path: Path) -> Picture:
    """The photograph."""
    try:
        return read_picture(path)
    except PictureError as error:
        raise PictureError(f"{path}: {error}", options=error.options) from error


def build_options(given: Given, photo: Picture) -> OptimizeOptions:
    """What the words ask for."""
    from allaprima.training.optimize import OptimizeOptions
    from allaprima.training.recipes import choose_recipe

    scale = given.style_scale
    changes = {
        "content_weight": given.content_weight,
        "style_weight": given.style_weight,
        "tv_weight": given.tv_weight,
        "content_layers": read_layers(given.content_layers),
        "style_layers": read_layers(given.style_layers),
        "style_size": None if scale is None else max(1, round(scale * min(photo.size))),
    }
    return OptimizeOptions(
        recipe=choose_recipe(given.recipe, changes),
        method=given.method,
        iterations=given.iterations,
        tolerance=given.tolerance,
        preconditioner=given.preconditioner,
        learning_rate=given.learning_rate,
        seed=given.seed,
        coarsest=COARSEST if given.coarse_to_fine else None,
        color=given.color,
    )


def read_weights(words: str | None, styles: tuple[Path, ...]) -> list[float] | None:
    """``0.7,0.3`` -> [0.7, 0.3], in the order of the styles; or by their names, as in ``wave:0.7,night:0.3``.

    Raises:
        OptionError: it is neither, or names a style that is not there.
    """
    if words is None:
        return None
    if ":" in words:
        weights, names = parse_style(words), [path.stem for path in styles]
        for name in weights:
            if name not in names:
                raise OptionError(f"there is no style {name} to mix; there are: {', '.join(names)}")
        return [weights.get(name, 0.0) for name in names]
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise OptionError(f'the mixture "{words}" must be numbers with commas between, as in 0.7,0.3') from None


def choose_start(given: Given, photo: Picture) -> Tensor | str:
    """The start's name, or for ``model`` what a style model makes of the photograph."""
    if given.start != MODEL:
        if any(word is not None for word in (given.model, given.model_style, given.strength)):
            raise OptionError("--model, --style and --strength make the picture to start from: add --start model")
        return given.start
    from allaprima.stylizer import Stylizer
    from allaprima.training.optimize import START_STRENGTH
    from allaprima.training.preparation import from_pixels

    strength = START_STRENGTH if given.strength is None else given.strength
    stylizer = Stylizer(given.model)
    return from_pixels(stylizer.paint(photo, stylizer.look(given.model_style, strength)).pixels)


def with_bars(steps: Iterator[OptimizeStep], iterations: int) -> Generator[OptimizeStep, None, None]:
    """The steps behind a progress bar for each level, since each level takes about twice as long as the one before."""
    for (level, levels, (width, height)), group in groupby(steps, attrgetter("level", "levels", "size")):
        label = f"{width}×{height}" + (f" ({level} of {levels})" if levels > 1 else "")
        with progress(group, label, iterations + 1, show_losses) as bar:
            yield from bar


def run(steps: Generator[OptimizeStep, None, None], photo: Picture, given: Given) -> None:
    """Make the iterations; whatever ends them, the best picture so far is written."""
    best: OptimizeStep | None = None
    try:
        with Stopping() as stopping, closing(steps):
            for step in steps:
                if best is None or step.level > best.level or step.total < best.total:
                    best = step
                if not sys.stderr.isatty() and step.iteration and step.iteration % PLAIN_INTERVAL == 0:
                    click.echo(f"iteration {step.iteration} of {step.iterations}: {show_losses(step)}", err=True)
                if given.preview_every and step.iteration and step.iteration % given.preview_every == 0:
                    write_preview(step, given.previews)
                stopping.check()
    except (KeyboardInterrupt, SystemExit):
        if best is not None:
            write_result(best, photo, given)
            click.echo(f"stopped; {given.output} is the best picture so far, {show_losses(best)}", err=True)
        raise
    except DivergedError as error:
        if best is None:
            raise
        write_result(best, photo, given)
        raise DivergedError(f"{error} ({given.output} is the best picture before it)", options=error.options) from error
    assert best is not None  # the start at least
    write_result(best, photo, given)
    click.echo(f"wrote {given.output}: {show_losses(best)} after {step.seconds:.0f} s", err=True)


def write_result(step: OptimizeStep, photo: Picture, given: Given) -> None:
    """The picture at the photograph's size, whatever its level, with the photograph's alpha and metadata."""
    from allaprima.training.preparation import resized, to_pixels

    write_picture(photo.with_pixels(to_pixels(resized(step.image, photo.size))), given.output, given.quality)


def write_preview(step: OptimizeStep, folder: Path) -> None:
    """The picture so far, at its level's size."""
    from allaprima.training.preparation import to_pixels

    write_picture(Picture(to_pixels(step.image)), folder / f"level_{step.level}_iteration_{step.iteration:05}.png")


def show_losses(step: OptimizeStep | None) -> str:
    """The end of the progress bar."""
    if step is None:
        return ""
    return f"total {step.total:.4g}  content {step.content:.4g}  style {step.style:.4g}"
