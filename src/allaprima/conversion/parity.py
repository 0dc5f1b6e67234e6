"""How exactly a converted model paints: three photographs × mixtures × strengths, byte by byte."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels
from allaprima.style_model import StyleSpec, parse_style

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")
"""Of those that are there to learn a style on."""
STRENGTHS = (1.0, 0.5)

Paint = Callable[[Pixels, Floats], NDArray[Any]]
"""uint8 [H, W, 3] and a mixture, float32 [S] -> bytes, or floats in 0..255 that are still to be rounded, [H, W, 3]."""


@dataclass(frozen=True)
class Trial:
    """One painting that is compared."""

    photograph: str
    size: Size
    style: str
    strength: float
    mixture: Floats


@dataclass(frozen=True)
class Row:
    """How one painting differs.

    Attributes:
        photograph: one of ``PHOTOGRAPHS``.
        size: HEIGHTxWIDTH.
        style: a style or a mixture.
        strength: 0 to 1.
        largest: difference of two bytes, 0..255.
        share: of the bytes that differ, 0..1.
        psnr: in dB; None if all bytes are equal.
    """

    photograph: str
    size: str
    style: str
    strength: float
    largest: int
    share: float
    psnr: float | None


def mixtures(names: Sequence[str]) -> list[str]:
    """One style, two and three of a bank, as far as it has so many: specifications of mixtures."""
    styles = list(names[1:])
    if not styles:
        return []
    picks = (styles[:1], [styles[-1], styles[len(styles) // 2]], styles[:: max(1, len(styles) // 3)][-3:])
    found = {frozenset(pick): dict(zip(pick, (1, 0.6, 0.3), strict=False)) for pick in picks}
    return [style_text(weights) for weights in found.values()]


def style_text(style: StyleSpec) -> str:
    """``great_wave:1,udnie:0.6``; one style is its name."""
    weights = parse_style(style)
    return ",".join(name if len(weights) == 1 else f"{name}:{weight:g}" for name, weight in weights.items())


def trials(sizes: Sequence[Size], looks: Sequence[tuple[str, float, Floats]]) -> Iterator[Trial]:
    """All photographs in all looks at the smallest size, and at each other size every photograph in one of the looks.

    Args:
        sizes: of the pictures.
        looks: (style, strength, mixture).
    """
    smallest, *others = sorted(sizes, key=lambda size: size.height * size.width)
    for photograph in PHOTOGRAPHS:
        for look in looks:
            yield Trial(photograph, smallest, *look)
    for shift, size in enumerate(others):
        for number, photograph in enumerate(PHOTOGRAPHS):
            yield Trial(photograph, size, *looks[(number + shift) % len(looks)])


def photograph(name: str, size: Size) -> Pixels:
    """One of ``PHOTOGRAPHS``, cut to the shape of a size and scaled to it: uint8 [H, W, 3]."""
    with (files("allaprima.training") / "photographs" / f"{name}.jpg").open("rb") as file, Image.open(file) as image:
        return np.asarray(ImageOps.fit(image.convert("RGB"), (size.width, size.height), Image.Resampling.BICUBIC))


def compare(reference: Paint, candidate: Paint, trial: Trial) -> Row:
    """Paint one picture twice."""
    photo = photograph(trial.photograph, trial.size)
    expected, found = (as_bytes(paint(photo, trial.mixture)) for paint in (reference, candidate))
    difference = np.abs(expected.astype(np.int16) - found)
    error = float(np.square(difference, dtype=np.int32).mean())
    return Row(
        trial.photograph,
        str(trial.size),
        trial.style,
        trial.strength,
        int(difference.max()),
        float((difference > 0).mean()),
        10.0 * math.log10(255.0**2 / error) if error else None,
    )


def as_bytes(painted: NDArray[Any]) -> Pixels:
    """Floats in 0..255, rounded; bytes stay as they are."""
    return painted if painted.dtype == np.uint8 else np.clip(np.rint(painted), 0, 255).astype(np.uint8)
