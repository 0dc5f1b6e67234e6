"""``allaprima styles``: what the gallery, or a model, can paint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from allaprima.cards import read_card
from allaprima.cli.command import Command, GroupedOption
from allaprima.cli.model_option import model_option
from allaprima.gallery import GALLERY, find_model

TILE = 512
"""Pixels."""

EXAMPLES = (
    ("allaprima styles", "What the gallery has"),
    ("allaprima styles --sheet photo.jpg -o sheet.png", "One photograph in every style"),
    ("allaprima styles --model mine.onnx --json", "What a model of your own says of itself"),
)


@dataclass(frozen=True)
class Given:
    """What the command was given."""

    model: str | None
    sheet: Path | None
    output: Path
    tile: int
    overwrite: bool
    as_json: bool


@click.command("styles", cls=Command, examples=EXAMPLES, once=True)
@model_option
@click.option(
    "--sheet",
    cls=GroupedOption,
    group="Sheet",
    metavar="PHOTO",
    type=click.Path(path_type=Path),
    help="Paint this photograph in every style, on one sheet.",
)
@click.option(
    "-o",
    "--output",
    cls=GroupedOption,
    group="Sheet",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=Path("styles.png"),
    show_default=True,
    help="Where the sheet goes.",
)
@click.option(
    "--tile",
    cls=GroupedOption,
    group="Sheet",
    type=click.IntRange(64, 4096),
    default=TILE,
    show_default=True,
    metavar="PIXELS",
    help="Longer side of each picture on the sheet.",
)
@click.option("--overwrite", cls=GroupedOption, group="Sheet", is_flag=True, help="Replace a sheet that exists.")
@click.option("--json", "as_json", cls=GroupedOption, group="List", is_flag=True, help="Print the whole card as JSON.")
def command(**values: Any) -> None:
    """List the styles of the gallery or of a model, or paint a sheet of them."""
    given = Given(**values)
    if given.sheet is not None:
        paint_sheet(given, given.sheet)
        return
    card = read_card(find_model(given.model or GALLERY))
    if given.as_json:
        click.echo(card.to_json())
        return
    styles = card.styles[1:]
    width = max((len(style.name) for style in styles), default=0)
    for style in styles:
        click.echo(f"{style.name:{width}}  {style.credit}".rstrip())


def paint_sheet(given: Given, path: Path) -> None:
    """Paint a photograph in every style, and write the sheet."""
    from allaprima.cli.sheet import contact_sheet
    from allaprima.picture.picture import write_picture
    from allaprima.picture.reading import read_picture
    from allaprima.picture.source import named
    from allaprima.picture.target import check_target
    from allaprima.stylizer import Stylizer

    check_target(given.output, given.overwrite, path)
    with named(path):
        photo = read_picture(path)
    write_picture(contact_sheet(Stylizer(given.model), photo, given.tile), given.output)
    click.echo(f"wrote {given.output}", err=True)
