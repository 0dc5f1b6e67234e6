"""Contact sheets for eyes: photograph, reference and models side by side, pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from allaprima.errors import PictureError
from allaprima.evaluation.painters import Pixels

LABEL, GAP = 16, 2
"""Height of the line above a picture, and space between two, in pixels."""


@dataclass(frozen=True)
class Row:
    """Pictures of the same photograph in the same style, each with its label."""

    pictures: Sequence[tuple[str, Pixels]]


def crop(pixels: Pixels, side: int) -> Pixels:
    """The middle, at most ``side`` pixels high and wide, at its own size."""
    top, left = ((n - min(n, side)) // 2 for n in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]


def draw(rows: Sequence[Row], side: int) -> Image.Image:
    """All rows below each other; every picture is shown 1:1, cropped to ``side`` pixels."""
    columns = max(len(row.pictures) for row in rows)
    sheet = Image.new("RGB", (columns * (side + GAP), len(rows) * (side + LABEL)), "white")
    pen = ImageDraw.Draw(sheet)
    for i, row in enumerate(rows):
        for j, (label, pixels) in enumerate(row.pictures):
            place = (j * (side + GAP), i * (side + LABEL))
            pen.text((place[0] + 2, place[1] + 2), label, fill="black")
            sheet.paste(Image.fromarray(crop(pixels, side)), (place[0], place[1] + LABEL))
    return sheet


def save(sheet: Image.Image, path: Path) -> None:
    """Write a sheet, and its folder if need be.

    Raises:
        PictureError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path)
    except (OSError, ValueError) as error:
        raise PictureError(f"the sheet {path} cannot be written: {error}") from error
