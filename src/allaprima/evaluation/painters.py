"""Painters: whoever turns a photograph's pixels into a painting's. All are measured alike, whatever is behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allaprima.errors import ModelError, StyleError
from allaprima.stylizer import Stylizer

Pixels = NDArray[np.uint8]
"""sRGB, [H, W, 3]."""
Paint = Callable[[Pixels], Pixels]
"""Pixels to pixels of the same size."""

PHOTOGRAPH = "photograph"


@dataclass(frozen=True)
class Painter:
    """One who paints in one style: pixels [H, W, 3] -> pixels of the same size."""

    name: str
    style: str
    paint: Paint
    strength: float = 1.0
    fingerprint: str = ""
    """Of what decides its pictures, so that results of another training are never taken for this one's."""


def photograph(style: str) -> Painter:
    """Nobody's painting: the untouched photograph, measured against a style."""
    return Painter(PHOTOGRAPH, style, lambda pixels: pixels, strength=0.0)


def model_painter(stylizer: Stylizer, name: str, style: str, strength: float = 1.0) -> Painter:
    """A style model in one of its styles."""

    def paint(pixels: Pixels) -> Pixels:
        return stylizer.stylize(pixels, style, strength=strength, stroke="own")

    return Painter(name, style, paint, strength, stylizer.card.weights_sha256)


def load_models(names: Iterable[str], threads: int | None = None) -> dict[str, Stylizer]:
    """Style models by the name they get in tables: that of a bank of the gallery, or the file's.

    Raises:
        ModelError: a file is missing or not a style model, or two would have the same name.
    """
    models: dict[str, Stylizer] = {}
    for name in names:
        label = Path(name).stem
        if label in models or label == PHOTOGRAPH:
            raise ModelError(f'"{label}" cannot name {name} in the tables (taken): rename the file')
        models[label] = Stylizer(name, threads)
    return models


def choose_paintings(models: Iterable[Stylizer], styles: Iterable[str], folder: Path | None) -> dict[str, Path]:
    """The painting of each style that is measured, by the style's name.

    Args:
        models: whose styles may be asked for.
        styles: ``NAME`` or ``NAME=IMAGE``; none at all means every style of the models.
        folder: where the painting of a style that has no ``=IMAGE`` is called ``NAME.jpg`` or ``NAME.png``.

    Raises:
        StyleError: a style that no model has, or whose painting is not named or not there.
    """
    banks = list(dict.fromkeys(style.name for model in models for style in model.styles))
    paintings: dict[str, Path] = {}
    for item in styles or banks:
        name, _, image = item.partition("=")
        if name not in banks:
            raise StyleError(f"there is no style {name} in what is measured; there are: {', '.join(banks)}")
        paintings[name] = Path(image) if image else _painting(name, folder)
        if not paintings[name].is_file():
            raise StyleError(f"there is no painting of {name} at {paintings[name]}")
    return paintings


def _painting(style: str, folder: Path | None) -> Path:
    """Where a style's painting lies below the folder of paintings."""
    if folder is None:
        raise StyleError(
            f"which painting is {style}? name it as {style}=IMAGE with the style, or name a folder of paintings"
        )
    found = [folder / f"{style}{suffix}" for suffix in (".jpg", ".jpeg", ".png", ".webp")]
    return next((path for path in found if path.is_file()), found[0])


def parse_aim(text: str, styles: Iterable[str]) -> tuple[str, str]:
    """``WHAT:STYLE`` -> (what, style): something that knows no names of ours, and the style that it aims at.

    Raises:
        StyleError: the style is not measured, or nothing stands before it.
    """
    what, _, style = text.rpartition(":")
    if not what or style not in styles:
        raise StyleError(f"{text} must end in :STYLE, one of: {', '.join(styles)}")
    return what, style


def file_sha256(path: Path) -> str:
    """The digest of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
