"""Picture + style + strength -> picture, in the type that it came in."""

from __future__ import annotations

import io
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypedDict, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.color import Color
from allaprima.engine.engine import ENGINES, Engine
from allaprima.engine.tiles import Progress
from allaprima.errors import PictureError, StyleError
from allaprima.gallery import GALLERY, find_model
from allaprima.look.look import Look, Mixture, paint
from allaprima.look.mask import Mask
from allaprima.look.stroke import STROKE
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.picture import Picture
from allaprima.picture.reading import mask_of, read_mask, read_picture, suffix_of
from allaprima.style_model import SMALLEST_SIDE, Card, Style, StyleSpec, mixture

PathLike = str | os.PathLike[str]
Kind = TypeVar("Kind", Image.Image, bytes, NDArray[np.uint8])


class Options(TypedDict, total=False):
    """What ``stylize`` takes by name."""

    stroke: int | Literal["auto"] | None
    """The longer side in pixels at which the network sees the picture, which is what decides how large its strokes are;
    the result has the picture's own size and sharpness. None is the picture's own size. "auto" is 1024, or less if the
    picture is smaller, and None for arrays."""
    color: Color
    """Whose colours: "style", "photo", "luminance" or "histogram" (``look.COLORS``)."""
    mask: PathLike | Image.Image | NDArray[np.uint8] | None
    """Where to paint: white is the style, black stays. An array is uint8 [H, W]; any size is scaled to the picture."""
    feather: float | None
    """Width of the mask's soft edge in pixels; None is a hundredth of the shorter side."""
    invert_mask: bool
    elsewhere: StyleSpec | None
    """A second style, where the mask is black."""


class Stylizer:
    """A loaded style model, to be reused for many pictures; threads may share it.

    Args:
        model: an ``.onnx`` style model, or a bank of the gallery that ships with the package: "fast" (real time; the
            default) or "fine" (better pictures, in three to four times the seconds).
        threads: how many threads compute; None takes every physical core.
        memory: bytes that the process may take; a picture that needs more is painted in tiles, without a seam. None is
            half of what the machine has, 4 GiB at most.
        exact: tiles equal the picture painted whole to 1 of 255, which takes about three times as long for pictures
            above 32 megapixels.
        engine: what computes: "onnxruntime", "openvino" or "openvino-bf16". OpenVINO (the extra ``openvino``) is faster
            for many pictures of one size; in bfloat16 by more, but its pictures differ by a few of 255.

    Raises:
        ModelError: the file is missing or not a style model.
        EngineError: the engine is not installed, or not for this machine.
    """

    def __init__(
        self,
        model: PathLike | None = None,
        threads: int | None = None,
        memory: int | None = None,
        *,
        exact: bool = False,
        engine: str = ENGINES[0],
    ) -> None:
        self._engine = Engine(
            find_model(GALLERY if model is None else model), threads, memory, exact=exact, engine=engine
        )

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
    def stylize(
        self, image: PathLike, style: StyleSpec | None = ..., strength: float = ..., **options: Unpack[Options]
    ) -> Image.Image: ...
    @overload
    def stylize(
        self, image: Kind, style: StyleSpec | None = ..., strength: float = ..., **options: Unpack[Options]
    ) -> Kind: ...

    def stylize(
        self,
        image: PathLike | Image.Image | bytes | NDArray[np.uint8],
        style: StyleSpec | None = None,
        strength: float = 1.0,
        **options: Unpack[Options],
    ) -> Image.Image | bytes | NDArray[np.uint8]:
        """Repaint a picture in one forward pass.

        Args:
            image: a path, a PIL picture of any mode, the bytes of a picture file, or uint8 RGB pixels ``[H, W, 3]``,
                RGBA ``[H, W, 4]`` (alpha is kept) or a batch ``[N, H, W, 3]``.
            style: a name, or a mixture such as ``"great_wave:0.6,starry_night:0.4"`` or a mapping; None if the model
                has only one.
            strength: 0 (the photograph) to 1 (the full style).
            **options: see ``Options``.

        Returns:
            An upright PIL picture (RGB or RGBA) for a path or a PIL picture; bytes of the same format for bytes, of
            PNG where that format cannot be written; an array of the same shape for an array.

        Raises:
            PictureError: the picture or the mask cannot be read, or has a side below 16 pixels.
            StyleError: a style that the model does not have, or a strength outside 0..1.
        """
        look = _look(style, strength, options, own_size=isinstance(image, np.ndarray))
        if isinstance(image, np.ndarray):
            return self._stylize_array(image, look)
        if isinstance(image, bytes):
            return self.paint(read_frames(io.BytesIO(image)), look).encode(suffix_of(image))
        picture = Picture.from_pil(image) if isinstance(image, Image.Image) else read_picture(Path(image))
        return self.paint(picture, look).to_pil()

    def stylize_picture(self, picture: Picture, style: StyleSpec | None = None, strength: float = 1.0) -> Picture:
        """The same for a decoded picture, with every option at its default; alpha and metadata stay."""
        return self.paint(picture, Look(style, strength))

    @overload
    def paint(self, content: Picture, look: Look, progress: Progress | None = ...) -> Picture: ...
    @overload
    def paint(
        self, content: Picture | Animation, look: Look, progress: Progress | None = ...
    ) -> Picture | Animation: ...

    def paint(self, content: Picture | Animation, look: Look, progress: Progress | None = None) -> Picture | Animation:
        """Repaint a decoded picture or animation; alpha and metadata stay. ``progress`` follows what is done in tiles.

        Raises:
            PictureError: it has a side below 16 pixels.
            StyleError: a style that the model does not have, or a strength outside 0..1.
        """
        if isinstance(content, Animation):
            return content.map(lambda frame: self.paint(frame, look, progress))
        return content.with_pixels(self._paint(content.pixels, look, progress))

    def mixtures(self, look: Look) -> list[Mixture]:
        """The weights of the look's style and, if there is one, of the style elsewhere: float32 [S] each.

        Raises:
            StyleError: a style that the model does not have, or a strength outside 0..1.
        """
        specs = [self.choose(look.style), *([] if look.elsewhere is None else [look.elsewhere])]
        return [mixture(self.card.names, spec, look.strength) for spec in specs]

    def _stylize_array(self, image: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
        if image.dtype != np.uint8 or image.ndim not in (3, 4) or image.shape[-1] not in (3, 4):
            raise PictureError(
                f"an array must be uint8 of shape [H, W, 3], [H, W, 4] or [N, H, W, 3], not {image.dtype} {image.shape}"
            )
        batch = image if image.ndim == 4 else image[None]
        if look.plain:  # one run for the whole batch
            painted = self._run(np.ascontiguousarray(batch[..., :3]), self.mixtures(look)[0])
        else:
            painted = np.stack([self._paint(one, look) for one in batch[..., :3]])
        if image.shape[-1] == 4:
            painted = np.concatenate([painted, batch[..., 3:]], axis=-1)
        return painted if image.ndim == 4 else painted[0]

    def _paint(self, pixels: NDArray[np.uint8], look: Look, progress: Progress | None = None) -> NDArray[np.uint8]:
        return paint(
            np.ascontiguousarray(pixels),
            look,
            self.mixtures(look),
            lambda seen, weights: self._run(seen[None], weights, progress)[0],
            self._engine.threads,
        )

    def _run(self, batch: NDArray[np.uint8], weights: Mixture, progress: Progress | None = None) -> NDArray[np.uint8]:
        height, width = batch.shape[1:3]
        if min(height, width) < SMALLEST_SIDE:
            raise PictureError(
                f"the picture is {width}×{height} pixels; both sides need at least {SMALLEST_SIDE}: enlarge it first"
            )
        return self._engine.run(batch, weights, progress)


def _look(style: StyleSpec | None, strength: float, options: Options, *, own_size: bool) -> Look:
    """The options of ``stylize`` as a look; ``own_size`` is what an automatic stroke means."""
    stroke = options.get("stroke", "auto")
    if stroke == "auto":
        stroke = None if own_size else STROKE
    given = options.get("mask")
    mask = None
    if given is not None:
        mask = Mask(_mask_pixels(given), options.get("feather"), options.get("invert_mask", False))
    return Look(style, strength, stroke, options.get("color", "style"), mask, options.get("elsewhere"))


def _mask_pixels(mask: PathLike | Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
    if isinstance(mask, np.ndarray):
        return mask
    return mask_of(Picture.from_pil(mask)) if isinstance(mask, Image.Image) else read_mask(Path(mask))


@lru_cache(maxsize=1)
def gallery() -> Stylizer:
    """The gallery's stylizer, loaded once."""
    return Stylizer()


@overload
def stylize(
    image: PathLike, style: StyleSpec | None = ..., strength: float = ..., **options: Unpack[Options]
) -> Image.Image: ...
@overload
def stylize(image: Kind, style: StyleSpec | None = ..., strength: float = ..., **options: Unpack[Options]) -> Kind: ...


def stylize(
    image: PathLike | Image.Image | bytes | NDArray[np.uint8],
    style: StyleSpec | None = None,
    strength: float = 1.0,
    **options: Unpack[Options],
) -> Image.Image | bytes | NDArray[np.uint8]:
    """Repaint a picture in a style of the gallery; see ``Stylizer.stylize``."""
    return gallery().stylize(image, style, strength, **options)


def styles() -> tuple[Style, ...]:
    """The gallery's styles, with artist, title and year."""
    return gallery().styles
