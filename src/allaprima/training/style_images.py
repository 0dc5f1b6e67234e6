"""The paintings that a bank learns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from allaprima.errors import OptionError, PictureError, TrainingError
from allaprima.picture.reading import read_picture
from allaprima.picture.srgb import Pixels
from allaprima.training.photos import resized, to_tensor

SMALLEST_PAINTING = 64
"""Pixels on the short side: fewer hold no strokes to learn."""

PLAIN = 2.0
"""Standard deviation of a painting's brightest or darkest channel, of 255, below which it has nothing to learn."""


Crop = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, as shares of its width and height."""


@dataclass(frozen=True)
class StyleImage:
    """One style to learn: the bank's name for it, its picture, and what the card says of it."""

    name: str
    path: str
    artist: str = ""
    title: str = ""
    year: str = ""
    license: str = ""
    emphasis: float = 1.0
    """A factor on the recipe's style weight: more than 1 for bolder strokes, less for a nearer photograph."""
    style_size: int | None = None
    """Short side of the painting in pixels, the scale of its strokes, where it is not the recipe's."""
    crop: Crop | None = None
    """The part of the painting that is learned; None is all of it."""


def read_style(style: StyleImage, short_side: int) -> Tensor:
    """The style image as float [1, 3, H, W] in 0..1.

    Args:
        style: the painting; its own ``style_size`` comes before ``short_side``, and is that of its ``crop``.
        short_side: pixels on the shorter side.

    Raises:
        TrainingError: the file cannot be read as a picture, or the picture is too small or too plain to be a style.
    """
    try:
        pixels = cropped(read_picture(Path(style.path)).pixels, style.crop)
    except PictureError as error:
        raise TrainingError(f"the style image {style.path} cannot be read: {error}") from error
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_PAINTING:
        part = "the crop of " if style.crop else ""
        raise TrainingError(
            f"{part}the style image {style.path} has {width}×{height} pixels, too few to show a style: "
            f"both sides need at least {SMALLEST_PAINTING}"
        )
    if np.std(pixels, axis=(0, 1)).max() < PLAIN:
        raise TrainingError(f"the style image {style.path} is of one plain color: there is no style in it")
    return to_tensor(resized(Image.fromarray(pixels), style.style_size or short_side))[None].float() / 255.0


def cropped(pixels: Pixels, crop: Crop | None) -> Pixels:
    """That part of a picture [H, W, C], or all of it."""
    if crop is None:
        return pixels
    height, width = pixels.shape[:2]
    left, top, right, bottom = crop
    return pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def describe_styles(paths: Sequence[Path], about: Path | None = None) -> tuple[StyleImage, ...]:
    """Each painting as a style that has its file's name, with what a table says of it.

    Args:
        paths: the paintings.
        about: a table of columns separated by tabs, whose first line names them: ``name``, which is the file's without
            its extension, and any of ``artist``, ``title``, ``year``, ``license``, ``emphasis``, ``style_size`` and
            ``crop``.

    Raises:
        OptionError: a painting is missing, its name cannot be a style's, or the table is none or knows no painting.
    """
    rows = {} if about is None else read_table(about)
    styles: list[StyleImage] = []
    for path in paths:
        if not path.is_file():
            raise OptionError(f"there is no painting at {path}")
        name = path.stem
        if name == "photo" or any(mark in name for mark in ",:") or name in {style.name for style in styles}:
            raise OptionError(f'"{name}" cannot name a style (taken, or with "," or ":"): rename {path}')
        row = rows.get(name, {})
        words = {field: row.get(field) or "" for field in ("artist", "title", "year", "license")}
        emphasis, size, crop = read_emphasis(row, about), read_style_size(row, about), read_crop(row, about)
        styles.append(StyleImage(name, str(path.resolve()), **words, emphasis=emphasis, style_size=size, crop=crop))
    if about is not None and not rows.keys() & {style.name for style in styles}:
        raise OptionError(f"the table {about} names none of the paintings in its column name")
    return tuple(styles)


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """A table's rows by their ``name``; a column ``licence`` is one ``license``.

    Raises:
        OptionError: it cannot be read, or has no column ``name``.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, delimiter="\t")
            columns, rows = table.fieldnames or (), list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or ("it is no text" if isinstance(error, ValueError) else error)
        raise OptionError(f"the table {path} cannot be read: {reason}") from error
    if "name" not in columns:
        raise OptionError(
            f"the table {path} has no column name: its first line must name the columns, with tabs between"
        )
    return {row["name"]: {"license": row.get("licence", ""), **row} for row in rows}


def read_emphasis(row: dict[str, str], about: Path | None) -> float:
    """The table's factor on a style's weight; 1 where it has none.

    Raises:
        OptionError: it is no number above 0.
    """
    text = row.get("emphasis") or "1"
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise OptionError(f'the emphasis "{text}" in {about} must be a number above 0')
    return number


def read_style_size(row: dict[str, str], about: Path | None) -> int | None:
    """The table's short side for a painting, pixels; None where it has none.

    Raises:
        OptionError: it is no whole number of at least ``SMALLEST_PAINTING``.
    """
    text = row.get("style_size")
    if not text:
        return None
    if not text.isdecimal() or int(text) < SMALLEST_PAINTING:
        raise OptionError(
            f'the style_size "{text}" in {about} must be a number of pixels, at least {SMALLEST_PAINTING}'
        )
    return int(text)


def read_crop(row: dict[str, str], about: Path | None) -> Crop | None:
    """The table's part of a painting; None where it has none.

    Raises:
        OptionError: it is not four shares that have something between them.
    """
    text = row.get("crop")
    if not text:
        return None
    try:
        left, top, right, bottom = (float(share) for share in text.split(","))
    except ValueError:
        left = top = right = bottom = -1.0
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise OptionError(
            f'the crop "{text}" in {about} must be left, top, right and bottom as shares of the painting: 0.25,0,0.75,1'
        )
    return left, top, right, bottom
