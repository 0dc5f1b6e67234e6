"""A photograph in every style of a model, on one sheet."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFont

from allaprima.cli.progress import progress
from allaprima.picture.picture import Picture
from allaprima.stylizer import Stylizer

PAINTED, MARGIN, CAPTION = 512, 16, 56
"""Pixels: the longer side at which a sheet's pictures are painted at least, and what is between and below them."""


def contact_sheet(stylizer: Stylizer, photo: Picture, tile: int) -> Picture:
    """The photograph and every style of it, each with its name and painting below, none longer than ``tile`` pixels."""
    photo = photo.within(max(tile, PAINTED))  # a small tile shows a painting of usual strokes, scaled down
    tiles = [("photo", "", photo.within(tile).to_pil())]
    with progress(stylizer.styles, "painting") as bar:
        for style in bar:
            painted = stylizer.paint(photo, stylizer.look(style.name)).within(tile)
            tiles.append((style.name, style.credit, painted.to_pil()))
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
