"""Picture + style + strength -> picture, in the type that it came in."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.engine import Engine
from allaprima.errors import PictureError, StyleError
from allaprima.picture import Picture, read_picture
from allaprima.style_model import SMALLEST_SIDE, Card, Style, StyleSpec, gallery_model, mixture

PathLike = str | os.PathLike[str]


class Stylizer:
    """A loaded style model, to be reused for many pictures.

    Args:
        model: an ``.onnx`` style model; None is the gallery that ships with the package.
        threads: how many threads compute; None takes every physical core.

    Raises:
        ModelError: the file is missing or not a style model.
    """

    def __init__(self, model: PathLike | None = None, threads: int | None = None) -> None:
        self._engine = Engine(gallery_model() if model is None else Path(model), threads)

    @property
    def card(self) -> Card:
        """What the model says of itself."""
        return self._engine.card

    @property
    def styles(self) -> tuple[Style, ...]:
        """The bank's styles in order, without ``photo``."""
        return self.card.styles[1:]

    def choose(self, style: StyleSpec | None) -> StyleSpec:
        """The style asked for, or the model's only one.

        Raises:
            StyleError: none was asked for and the model has several.
        """
        if style is not None:
            return style
        if len(self.styles) == 1:
            return self.styles[0].name
        raise StyleError(f"choose a style of this model: {', '.join(s.name for s in self.styles)}")

    @overload
    def stylize(self, image: PathLike, style: StyleSpec | None = ..., strength: float = ...) -> Image.Image: ...
    @overload
    def stylize(self, image: Image.Image, style: StyleSpec | None = ..., strength: float = ...) -> Image.Image: ...
    @overload
    def stylize(
        self, image: NDArray[np.uint8], style: StyleSpec | None = ..., strength: float = ...
    ) -> NDArray[np.uint8]: ...

    def stylize(
        self, image: PathLike | Image.Image | NDArray[np.uint8], style: StyleSpec | None = None, strength: float = 1.0
    ) -> Image.Image | NDArray[np.uint8]:
        """Repaint a picture in one forward pass.

        Args:
            image: a path, a PIL picture of any mode, or uint8 RGB pixels ``[H, W, 3]``, RGBA ``[H, W, 4]`` (alpha is
                kept) or a batch ``[N, H, W, 3]``.
            style: a name, or a mixture such as ``"great_wave:0.6,starry_night:0.4"`` or a mapping; None if the model
                has only one.
            strength: 0 (the photograph) to 1 (the full style).

        Returns:
            An upright PIL picture (RGB or RGBA) for a path or a PIL picture, an array of the same shape for an array.

        Raises:
            PictureError: the picture cannot be read, or has a side below 16 pixels.
            StyleError: a style that the model does not have, or a strength outside 0..1.
        """
        if isinstance(image, np.ndarray):
            return self._stylize_array(image, style, strength)
        picture = Picture.from_pil(image) if isinstance(image, Image.Image) else read_picture(Path(image))
        return self.stylize_picture(picture, style, strength).to_pil()

    def stylize_picture(self, picture: Picture, style: StyleSpec | None = None, strength: float = 1.0) -> Picture:
        """The same for a decoded picture; alpha and metadata stay."""
        return picture.with_pixels(self._paint(picture.pixels[None], style, strength)[0])

    def _stylize_array(self, image: NDArray[np.uint8], style: StyleSpec | None, strength: float) -> NDArray[np.uint8]:
        if image.dtype != np.uint8 or image.ndim not in (3, 4) or image.shape[-1] not in (3, 4):
            raise PictureError(
                f"an array must be uint8 of shape [H, W, 3], [H, W, 4] or [N, H, W, 3], not {image.dtype} {image.shape}"
            )
        batch = image if image.ndim == 4 else image[None]
        painted = self._paint(batch[..., :3], style, strength)
        if image.shape[-1] == 4:
            painted = np.concatenate([painted, batch[..., 3:]], axis=-1)
        return painted if image.ndim == 4 else painted[0]

    def _paint(self, batch: NDArray[np.uint8], style: StyleSpec | None, strength: float) -> NDArray[np.uint8]:
        height, width = batch.shape[1:3]
        if min(height, width) < SMALLEST_SIDE:
            raise PictureError(
                f"the picture is {width}×{height} pixels; both sides need at least {SMALLEST_SIDE}: enlarge it first"
            )
        weights = mixture(self.card.names, self.choose(style), strength)
        return self._engine.run(np.ascontiguousarray(batch), weights)


@lru_cache(maxsize=1)
def gallery() -> Stylizer:
    """The gallery's stylizer, loaded once."""
    return Stylizer()


@overload
def stylize(image: PathLike, style: StyleSpec | None = ..., strength: float = ...) -> Image.Image: ...
@overload
def stylize(image: Image.Image, style: StyleSpec | None = ..., strength: float = ...) -> Image.Image: ...
@overload
def stylize(image: NDArray[np.uint8], style: StyleSpec | None = ..., strength: float = ...) -> NDArray[np.uint8]: ...


def stylize(
    image: PathLike | Image.Image | NDArray[np.uint8], style: StyleSpec | None = None, strength: float = 1.0
) -> Image.Image | NDArray[np.uint8]:
    """Repaint a picture in a style of the gallery; see ``Stylizer.stylize``."""
    return gallery().stylize(image, style, strength)


def styles() -> tuple[Style, ...]:
    """The gallery's styles, with artist, title and year."""
    return gallery().styles
