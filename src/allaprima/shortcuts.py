"""The gallery's own stylizer, loaded once, for those who have one picture to paint."""

from __future__ import annotations

import threading
from typing import Any, BinaryIO, Unpack, overload

from PIL import Image

from allaprima.color import Color
from allaprima.engine.progress import Progress
from allaprima.look.look import Stroke
from allaprima.options import DEFAULT_QUALITY, MAX_PIXELS
from allaprima.picture.source import Bytes, PathLike, Source
from allaprima.style_model import StyleSpec
from allaprima.stylizer import Kind, Mask, PictureOptions, Pixels, Stylizer

_gallery: list[Stylizer] = []
_loading = threading.Lock()


def gallery() -> Stylizer:
    """The gallery's stylizer, loaded once for all threads."""
    with _loading:
        if not _gallery:
            _gallery.append(Stylizer())
        return _gallery[0]


@overload
def stylize(
    image: Source,
    style: StyleSpec | None = ...,
    strength: float = ...,
    *,
    format: str,
    **options: Unpack[PictureOptions],
) -> bytes: ...
@overload
def stylize(
    image: PathLike | BinaryIO,
    style: StyleSpec | None = ...,
    strength: float = ...,
    *,
    format: None = ...,
    **options: Unpack[PictureOptions],
) -> Image.Image: ...
@overload
def stylize(
    image: Bytes,
    style: StyleSpec | None = ...,
    strength: float = ...,
    *,
    format: None = ...,
    **options: Unpack[PictureOptions],
) -> bytes: ...
@overload
def stylize(
    image: Kind,
    style: StyleSpec | None = ...,
    strength: float = ...,
    *,
    format: None = ...,
    **options: Unpack[PictureOptions],
) -> Kind: ...


def stylize(
    image: Source,
    style: StyleSpec | None = None,
    strength: float = 1.0,
    *,
    stroke: Stroke = "auto",
    color: Color = "style",
    mask: Mask | None = None,
    feather: float | None = None,
    invert_mask: bool = False,
    mask_style: StyleSpec | None = None,
    size: int | None = None,
    max_pixels: int = MAX_PIXELS,
    keep_gps: bool = False,
    format: str | None = None,
    quality: int = DEFAULT_QUALITY,
    progress: Progress | None = None,
) -> Image.Image | bytes | Pixels:
    """Repaint a picture in a style of the gallery, in one forward pass; see ``Stylizer.stylize`` for every option.

    Returns:
        The type that came in: a PIL picture for a path, a file or a PIL picture, bytes for bytes, an array for an
        array.

    Raises:
        AllaPrimaError, TypeError: as ``Stylizer.stylize``.
    """
    same: Any = gallery().stylize  # with the same overloads, which a type checker cannot see through
    painted: Image.Image | bytes | Pixels = same(
        image,
        style,
        strength,
        stroke=stroke,
        color=color,
        mask=mask,
        feather=feather,
        invert_mask=invert_mask,
        mask_style=mask_style,
        size=size,
        max_pixels=max_pixels,
        keep_gps=keep_gps,
        format=format,
        quality=quality,
        progress=progress,
    )
    return painted
