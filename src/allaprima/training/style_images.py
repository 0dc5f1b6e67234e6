"""The paintings that a bank learns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from torch import Tensor

from allaprima.errors import PictureError, TrainingError
from allaprima.picture.reading import read_picture
from allaprima.training.photos import resized, to_tensor


@dataclass(frozen=True)
class StyleImage:
    """One style to learn: the bank's name for it, its picture, and what the card says of it."""

    name: str
    path: str
    artist: str = ""
    title: str = ""
    year: str = ""
    licence: str = ""
    emphasis: float = 1.0
    """A factor on the recipe's style weight: more than 1 for bolder strokes, less for a nearer photograph."""


def read_style(style: StyleImage, short_side: int) -> Tensor:
    """The style image as float [1, 3, H, W] in 0..1.

    Raises:
        TrainingError: the file cannot be read as a picture.
    """
    try:
        painting = Image.fromarray(read_picture(Path(style.path)).pixels)
    except PictureError as error:
        raise TrainingError(f"the style image {style.path} cannot be read: {error}") from error
    return to_tensor(resized(painting, short_side))[None].float() / 255.0
