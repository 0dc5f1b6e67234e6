"""``allaprima stylize``: pictures in, paintings out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from allaprima.batch.file_painter import FilePainter
from allaprima.batch.plan import Plan, names_a_file
from allaprima.cli.model_option import model_option
from allaprima.cli.painting import PIPE, many, pipe
from allaprima.cli.quiet import quiet_decoders
from allaprima.color import COLORS
from allaprima.engine.engine import ENGINES, cores
from allaprima.engine.memory import parse_memory, sensible_memory
from allaprima.look.look import Look
from allaprima.look.mask import Mask
from allaprima.look.stroke import STROKE
from allaprima.picture.formats import DEFAULT_QUALITY, format_of
from allaprima.picture.reading import MAX_PIXELS, read_mask
from allaprima.style_model import SMALLEST_SIDE, style_label
from allaprima.stylizer import Stylizer

OWN = "own"


def parse_stroke(value: str | int) -> int:
    """``"1024"`` -> 1024, ``"own"`` -> 0, which stands for the picture's own size."""
    if value == OWN:
        return 0
    if not str(value).isdigit() or int(value) < SMALLEST_SIDE:
        raise click.BadParameter(f'"{value}" is neither "{OWN}" nor a number of at least {SMALLEST_SIDE} pixels')
    return int(value)


@click.command("stylize")
@click.argument("inputs", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-s", "--style", help="A style's name, or a mixture: great_wave:0.6,starry_night:0.4.")
@model_option
@click.option("--strength", default=1.0, show_default=True, help="0 is the photograph, 1 the full style.")
@click.option(
    "--stroke",
    type=parse_stroke,
    metavar="PIXELS",
    default=STROKE,
    show_default=True,
    help="The longer side at which the network sees a picture: less is larger strokes. The result has the picture's "
    "own size and sharpness. own: as it is.",
)
@click.option(
    "--color",
    type=click.Choice(COLORS),
    default="style",
    show_default=True,
    help="Whose colours: the style's; the photograph's (photo: with its brightness, luminance: with the style's); or "
    "the style's, matched to the photograph's (histogram).",
)
@click.option("--mask", type=click.Path(path_type=Path), help="A picture: white is painted, black stays.")
@click.option("--mask-style", help="A second style, where the mask is black.")
@click.option("--invert-mask", is_flag=True, help="Black is painted, white stays.")
@click.option(
    "--feather", type=click.FloatRange(min=0), help="Soft edge of the mask in pixels. Default: 1 % of a side."
)
@click.option(
    "-o",
    "--output",
    help="A file (of one picture), a folder, or - for stdout. Default: beside the picture, NAME_STYLE.EXT.",
)
@click.option("--size", type=click.IntRange(min=16), help="Scale down to this many pixels on the longer side.")
@click.option("--format", "suffix", metavar="EXT", help="Format where the name does not say it: png, jpg, …")
@click.option(
    "--quality", type=click.IntRange(1, 100), default=DEFAULT_QUALITY, show_default=True, help="Of JPEG, WebP and AVIF."
)
@click.option("--keep-gps", is_flag=True, help="Keep the place where a photograph was taken in its painting.")
@click.option("--overwrite", is_flag=True, help="Replace results that exist.")
@click.option("--resume", is_flag=True, help="Skip pictures whose results exist and are newer.")
@click.option("--watch", "watching", is_flag=True, help="Go on, and paint what comes into the folders, until Ctrl-C.")
@click.option("--report", type=click.Path(path_type=Path), help="Write what became of each picture to this JSON file.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that compute. Default: every core.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="What computes. openvino (an extra) is faster for many pictures of one size, in bfloat16 most.",
)
@click.option("--memory", help="How much memory to take, such as 1.5G; larger pictures are painted in tiles.")
@click.option("--exact", is_flag=True, help="Tiles equal to the picture painted whole, about three times slower.")
@click.option(
    "--max-pixels", type=click.IntRange(min=1), default=MAX_PIXELS, show_default=True, help="Refuse larger pictures."
)
def command(inputs: tuple[str, ...], output: str | None, **given: Any) -> None:
    """Repaint photographs in the style of a painting.

    PICTURE is a file, a folder (searched recursively, its tree is kept) or - for stdin.
    """
    suffix = given["suffix"]
    if suffix is not None:
        suffix = "." + suffix.lower().lstrip(".")
        format_of(suffix)
    if "" in inputs or output == "":
        raise click.UsageError("a name is empty")
    if PIPE in inputs and len(inputs) > 1:
        raise click.UsageError("- (stdin) cannot be mixed with other pictures")
    lone = len(inputs) == 1 and not Path(inputs[0]).is_dir()
    if output == PIPE and not lone:
        raise click.UsageError("only one picture can be written to stdout")
    workers = 1 if lone else given["threads"] or cores()
    # OpenVINO paints one picture at a time, with all threads; the workers decode and encode meanwhile.
    alone = lone or given["engine"] != ENGINES[0]
    stylizer = make_stylizer(given, threads=given["threads"] if alone else 1, workers=workers)
    quiet_decoders()
    look = make_look(given, stylizer)
    painter = FilePainter(
        stylizer,
        look,
        given["size"],
        given["quality"],
        given["max_pixels"],
        given["keep_gps"],
        note=lambda text: click.echo(f"allaprima: {text}", err=True),
    )
    if inputs == (PIPE,) or output == PIPE:
        pipe(inputs[0], output, suffix, given["overwrite"], painter)
        return
    plan = make_plan(inputs, output, style_label(look.style or ""), suffix)
    if not given["watching"]:
        plan.check_folders()
    many(plan, painter, workers, given)


def make_stylizer(given: dict[str, Any], threads: int | None, workers: int) -> Stylizer:
    """The model, with each worker's part of the memory."""
    memory = sensible_memory() if given["memory"] is None else parse_memory(given["memory"])
    return Stylizer(given["model"], threads, memory // workers, exact=given["exact"], engine=given["engine"])


def make_look(given: dict[str, Any], stylizer: Stylizer) -> Look:
    """The options as a look; a wrong style, strength or mask is found before any picture is read."""
    if given["mask"] is None and (given["invert_mask"] or given["feather"] is not None):
        raise click.UsageError("--invert-mask and --feather need a --mask")
    mask = None
    if given["mask"] is not None:
        mask = Mask(read_mask(given["mask"]), given["feather"], given["invert_mask"])
    style = stylizer.choose(given["style"])
    look = Look(style, given["strength"], given["stroke"] or None, given["color"], mask, given["mask_style"])
    stylizer.mixtures(look)
    return look


def make_plan(inputs: tuple[str, ...], output: str | None, label: str, suffix: str | None) -> Plan:
    """Which picture goes where."""
    paths = tuple(map(Path, inputs))
    place = None if output is None else Path(output)
    to_file = place is not None and names_a_file(place, paths, output or "")
    if to_file and (len(paths) > 1 or paths[0].is_dir()):
        raise click.UsageError(f"{output} is one file, but there are several pictures: name a folder with -o")
    return Plan(paths, place, label, suffix, to_file)
