"""``allaprima styles``: what the gallery, or a model, can paint."""

from __future__ import annotations

import math
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont

from allaprima.batch.plan import check_target
from allaprima.cli.model_option import model_option
from allaprima.cli.progress import progress
from allaprima.errors import PictureError
from allaprima.picture.picture import Picture, write_picture
from allaprima.picture.reading import read_picture
from allaprima.style_model import Style
from allaprima.stylizer import Stylizer

PAINTED, MARGIN, CAPTION = 512, 16, 56
"""Pixels: the longer side at which a sheet's pictures are painted at least, and what is between and below them."""


@click.command("styles")
@model_option
@click.option("--sheet", metavar="PHOTO", type=click.Path(path_type=Path), help="Paint this photograph in every style.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("styles.png"), show_default=True, help="Of --sheet."
)
@click.option(
    "--tile",
    type=click.IntRange(64, 4096),
    default=PAINTED,
    show_default=True,
    metavar="PIXELS",
    help="Longer side of the pictures on the sheet.",
)
@click.option("--overwrite", is_flag=True, help="Replace a sheet that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the model's whole card as JSON.")
def command(model: str | None, sheet: Path | None, output: Path, tile: int, overwrite: bool, as_json: bool) -> None:
    """List the styles of the gallery or of a model, or paint a sheet of them."""
    stylizer = Stylizer(model)
    if sheet is not None:
        check_target(output, overwrite, sheet)
        try:
            photo = read_picture(sheet)
        except PictureError as error:
            raise PictureError(f"{sheet}: {error}") from error
        write_picture(contact_sheet(stylizer, photo, tile), output)
    elif as_json:
        click.echo(stylizer.card.to_json())
    else:
        width = max(len(style.name) for style in stylizer.styles)
        for style in stylizer.styles:
            click.echo(f"{style.name:{width}}  {describe(style)}".rstrip())


def describe(style: Style) -> str:
    """``Katsushika Hokusai, The Great Wave off Kanagawa (1831)``, as far as it is known."""
    words = ", ".join(word for word in (style.artist, style.title) if word)
    return f"{words} ({style.year})" if style.year else words


def contact_sheet(stylizer: Stylizer, photo: Picture, tile: int) -> Picture:
    """The photograph and every style of it, each with its name and painting below, none longer than ``tile`` pixels."""
    photo = photo.within(max(tile, PAINTED))  # a small tile shows a painting of usual strokes, scaled down
    tiles = [("photo", "", photo.within(tile).to_pil())]
    with progress(stylizer.styles, "painting") as bar:
        for style in bar:
            painted = stylizer.paint(photo, stylizer.look(style.name)).within(tile)
            tiles.append((style.name, describe(style), painted.to_pil()))
    columns = math.ceil(math.sqrt(len(tiles)))
    wide, high = tiles[0][2].size
    width, height = wide + MARGIN, high + CAPTION
    sheet = Image.new("RGB", (columns * width + MARGIN, math.ceil(len(tiles) / columns) * height + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    name_font, small_font = ImageFont.load_default(20), ImageFont.load_default(13)
    for place, (name, words, image) in enumerate(tiles):
        row, column = divmod(place, columns)
        left, top = MARGIN + column * width, MARGIN + row * height
        sheet.paste(image, (left, top), image if image.mode == "RGBA" else None)
        draw.text((left, top + high + 4), _shortened(name, name_font, wide), "black", name_font)
        draw.text((left, top + high + 28), _shortened(words, small_font, wide), "dimgray", small_font)
    return Picture.from_pil(sheet)


def _shortened(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """As much of a caption as fits below its tile."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words.rstrip(" ,(") + "…"
