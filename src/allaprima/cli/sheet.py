"""A photograph in every style of a model, on one sheet."""

from __future__ import annotations

from allaprima.cli.progress import progress
from allaprima.picture.picture import Picture
from allaprima.picture.sheet import Tile, sheet_of
from allaprima.stylizer import Stylizer

PAINTED = 512
"""Pixels: the longer side at which a sheet's pictures are painted at least."""


def contact_sheet(stylizer: Stylizer, photo: Picture, tile: int) -> Picture:
    """The photograph and every style of it, each with its name and painting below, none longer than ``tile`` pixels."""
    photo = photo.within(max(tile, PAINTED))  # a small tile shows a painting of usual strokes, scaled down
    tiles = [Tile(photo.within(tile), "photo")]
    with progress(stylizer.styles, "painting") as bar:
        for style in bar:
            painted = stylizer.paint(photo, stylizer.look(style.name)).within(tile)
            tiles.append(Tile(painted, style.name, style.credit))
    return sheet_of(tiles)
