"""What a caller gets back: a painting in the type in which the picture was handed over."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.errors import OptionError, PictureError
from allaprima.options import DEFAULT_QUALITY
from allaprima.picture.animation import Animation
from allaprima.picture.formats import suffix_of_format
from allaprima.picture.picture import Picture
from allaprima.picture.reading import suffix_of
from allaprima.picture.source import BATCH, Bytes, Source


def suffix_wanted(source: Source, format: str | None, quality: int) -> str | None:
    """The extension of the format in which the result is to be bytes; None if it is not to be bytes.

    Args:
        source: what was handed over; bytes give bytes of their own format.
        format: a format that was asked for, such as "png".
        quality: of JPEG, WebP and AVIF, which only bytes have.

    Raises:
        OutputError: the format is not written.
        OptionError: a quality other than the default for what is no file.
        PictureError: bytes that are no picture, or a batch of arrays as a file.
    """
    if format is not None:
        suffix = suffix_of_format(format)
        if isinstance(source, np.ndarray) and source.ndim == BATCH:
            raise PictureError("a batch of pictures is not one file; paint them one by one")
        return suffix
    if isinstance(source, Bytes):
        return suffix_of(bytes(source))
    if quality != DEFAULT_QUALITY:
        raise OptionError("quality is for a result in bytes, which format asks for", options=("format",))
    return None


def given_back(
    painted: Picture | Animation, source: Source, suffix: str | None, quality: int
) -> Image.Image | bytes | NDArray[np.uint8]:
    """A painting as bytes of a format, or in the type of what was handed over.

    Raises:
        OutputError: the format cannot hold it.
    """
    if suffix is not None:
        return painted.encode(suffix, quality)
    if isinstance(source, np.ndarray):
        return _array(painted, source)
    if isinstance(painted, Picture):
        return painted.to_pil()
    return Image.open(io.BytesIO(painted.encode(".png")))  # with all its frames, of which PNG loses nothing


def _array(painted: Picture | Animation, source: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3 or 4], or of a batch [N, H, W, 3 or 4]: the caller's own, to be written to."""
    if isinstance(painted, Picture):
        pixels = painted.pixels
        own = painted.alpha is None and pixels.flags.writeable and not np.may_share_memory(pixels, source)
        return pixels if own else painted.to_array()  # a copy takes a hundredth of the time of painting
    frames = [frame.to_array() for frame in painted.frames]
    return np.stack(frames) if frames else source.copy()
