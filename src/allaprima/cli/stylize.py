"""``allaprima stylize``: pictures in, paintings out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli import signals
from allaprima.cli.command import Command
from allaprima.cli.stylize_options import Given
from allaprima.cli.table import options
from allaprima.options import ENGINES

if TYPE_CHECKING:
    from allaprima.batch.plan import Plan
    from allaprima.look.look import Look
    from allaprima.stylizer import Stylizer

EXAMPLES = (
    ("allaprima stylize photo.jpg -s udnie", "One photograph; writes photo_udnie.jpg"),
    ("allaprima stylize holiday/ -s starry_night --strength 0.7 -o painted/", "A folder and what is below it"),
    ("allaprima stylize photo.jpg -s udnie --color photo --stroke 512 -o x.png", "Its own colors, larger strokes"),
    ("allaprima stylize clip.mp4 -s irises", "A clip with its sound; writes clip_irises.mp4"),
)


@click.command("stylize", cls=Command, examples=EXAMPLES, once=True)
@click.argument("inputs", nargs=-1, required=True, metavar="PICTURE...", type=click.Path(allow_dash=True))
@options
def command(**values: Any) -> None:
    """Repaint photographs and clips in the style of a painting.

    PICTURE is a photograph, an animation or a clip, a folder (searched recursively, its tree is kept) or - for stdin.
    The result has exactly the size of the picture; without --overwrite nothing that exists is replaced.
    """
    with signals.at_once():
        paint = prepared(Given(**values))
    paint()


def prepared(given: Given) -> Callable[[], None]:
    """Load what is needed and check what was given, before any picture is read; what then paints."""
    if given.scaled:
        from allaprima.cli import scale

        return scale.prepared(given)

    from allaprima.cli.painting import PIPE, Losses, Notes, check_places, many, pipe
    from allaprima.cli.quiet import Hush
    from allaprima.engine.machine import cores
    from allaprima.file_painter import FilePainter
    from allaprima.film.clip_painter import make_clip_painter
    from allaprima.style_model import style_label

    check_format(given)
    check_inputs(given)
    workers = 1 if given.lone else given.threads or cores()
    # OpenVINO paints one picture at a time, with all threads; the workers decode and encode meanwhile.
    alone = given.lone or given.engine != ENGINES[0]
    stylizer = make_stylizer(given, threads=given.threads if alone else 1, workers=workers)
    look = make_look(given, stylizer)
    losses = Losses()
    painter = FilePainter(
        stylizer.painter(look),
        given.size,
        given.quality,
        given.max_pixels,
        given.keep_gps,
        note=Notes(given.quiet),
        lost=losses,
        decoding=Hush().decoding,
        steady=given.steady,
    )
    clips = make_clip_painter(
        painter,
        mask=given.mask,
        steady=given.steady,
        timeline=given.timeline,
        start=given.start,
        end=given.end,
        codec=given.codec,
        sheet=given.sheet,
    )
    if given.inputs == (PIPE,) or given.output == PIPE:
        return partial(pipe, painter, clips, losses, given)
    plan = make_plan(given, style_label(look.style or ""))
    check_places(plan, given)
    return partial(many, plan, painter, clips, losses, workers, given)


def check_format(given: Given) -> None:
    """Refuse a format that is not written."""
    from allaprima.cli.painting import PIPE
    from allaprima.film.outputs import suffix_wanted
    from allaprima.film.stream import FORMATS

    to_stdout = given.output == PIPE or (given.output is None and given.inputs == (PIPE,))
    if given.format is not None and not (to_stdout and given.format in FORMATS):
        suffix_wanted(given.format)


def check_inputs(given: Given) -> None:
    """Refuse names that cannot be, before anything is loaded."""
    from allaprima.cli.painting import PIPE
    from allaprima.picture.source import is_url

    if "" in given.inputs or given.output == "":
        raise click.UsageError("a name is empty")
    for name in filter(is_url, given.inputs):
        raise click.UsageError(f"{name} is a URL, not a file; download it first")
    if PIPE in given.inputs and len(given.inputs) > 1:
        raise click.UsageError("- (stdin) cannot be mixed with other pictures")
    if given.output == PIPE and not given.lone:
        raise click.UsageError("only one picture can be written to stdout")


def make_stylizer(given: Given, threads: int | None, workers: int) -> Stylizer:
    """The model, with the memory that all workers share."""
    from allaprima.stylizer import Stylizer

    return Stylizer(given.model, threads, given.memory, workers=workers, exact=given.exact, engine=given.engine)


def make_look(given: Given, stylizer: Stylizer) -> Look:
    """The options as a look; a wrong style, strength or mask is found before any picture is read."""
    from allaprima.film.timeline import style_or_first

    return stylizer.look(
        style_or_first(given.style, given.timeline),
        given.strength,
        stroke=given.stroke,
        color=given.color,
        mask=given.mask,
        feather=given.feather,
        invert_mask=given.invert_mask,
        mask_style=given.mask_style,
    )


def make_plan(given: Given, label: str) -> Plan:
    """Which picture goes where."""
    from allaprima.batch.plan import Plan, names_a_file

    paths = tuple(map(Path, given.inputs))
    place = None if given.output is None else Path(given.output)
    to_file = place is not None and names_a_file(place, paths, given.output or "")
    if to_file and not given.lone:
        raise click.UsageError(f"{given.output} is one file, but there are several pictures: name a folder with -o")
    return Plan(paths, place, label, given.suffix, to_file, given.sheet)
