"""Several pictures on one sheet, each with its name and some words below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from allaprima.picture.picture import Picture

MARGIN, CAPTION = 16, 56
"""Pixels: what is between and below the pictures."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet; all of one sheet have one size.

    Attributes:
        picture: RGB, or RGBA, which is laid on white.
        title: a name.
        words: a line below it, smaller.
    """

    picture: Picture
    title: str
    words: str = ""


def sheet_of(tiles: Sequence[Tile], columns: int | None = None) -> Picture:
    """The tiles row by row, in about as many columns as rows unless told otherwise."""
    columns = columns or columns_for(len(tiles))
    wide, high = tiles[0].picture.size
    width, height = wide + MARGIN, high + CAPTION
    sheet = Image.new("RGB", (columns * width + MARGIN, math.ceil(len(tiles) / columns) * height + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    name_font, small_font = ImageFont.load_default(20), ImageFont.load_default(13)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        left, top = MARGIN + column * width, MARGIN + row * height
        image = tile.picture.to_pil()
        sheet.paste(image, (left, top), image if image.mode == "RGBA" else None)
        draw.text((left, top + high + 4), _shortened(tile.title, name_font, wide), "black", name_font)
        draw.text((left, top + high + 28), _shortened(tile.words, small_font, wide), "dimgray", small_font)
    return Picture.from_pil(sheet)


def columns_for(count: int) -> int:
    """About as many columns as rows; of nine and more tiles one or two more if the last row is fuller then."""
    square = math.ceil(math.sqrt(count))
    return min(range(square, square + (3 if count >= 9 else 1)), key=lambda columns: -count % columns)


def _shortened(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """As much of a caption as fits below its tile."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words.rstrip(" ,(") + "…"
