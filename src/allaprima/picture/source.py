"""Whatever a picture may be handed over as: a path, the bytes of a file, an open file, a PIL picture, an array."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from allaprima.errors import PictureError
from allaprima.options import MAX_PIXELS
from allaprima.picture.animation import Animation, read_frames
from allaprima.picture.picture import Picture
from allaprima.picture.reading import check_size, mask_of, read_picture

PathLike = str | os.PathLike[str]
Bytes = bytes | bytearray | memoryview
Source = PathLike | Bytes | BinaryIO | Image.Image | NDArray[np.uint8]

BATCH = 4
"""Dimensions of an array that holds several pictures."""

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/+[^/]")
"""The beginning of a URL; the letter of a Windows drive is alone."""


def read_source(
    source: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    keep_gps: bool = False,
    opened: Callable[[int, int], None] = lambda _width, _height: None,
) -> Picture | Animation:
    """Decode a picture, or an animation if that is what a file holds.

    Args:
        source: a path, the bytes of a file, or a file opened for reading in binary mode, which is read from its
            beginning; a PIL picture, which is its current frame alone; or pixels, uint8 [H, W], [H, W, 3] or [H, W, 4],
            or a batch of them, [N, H, W, 3] or [N, H, W, 4], which is read as an animation.
        max_pixels: a larger file is refused.
        keep_gps: whether the place where a photograph was taken stays in its metadata.
        opened: is told the size of a file's picture before it is decoded, and may wait until there is memory for it.

    Raises:
        PictureError: it cannot be read, or an array has another shape or type.
        TypeError: it is none of these.
    """
    if isinstance(source, np.ndarray):
        return batch_of(source) if source.ndim == BATCH else picture_of(source)
    if isinstance(source, Image.Image):
        check_size(*source.size, 1, max_pixels)
        return Picture.from_pil(source, keep_gps=keep_gps)
    return read_frames(_file(source), max_pixels=max_pixels, keep_gps=keep_gps, opened=opened)


def read_mask(source: Source | NDArray[Any]) -> NDArray[Any]:
    """A mask: the luminance of a picture, black where it is transparent, uint8 [h, w]; an array [h, w] as it is.

    Raises:
        PictureError: it cannot be read.
        TypeError: it is nothing that can be.
    """
    if isinstance(source, np.ndarray) and source.ndim != 3:
        return source
    try:
        with named(source):
            if isinstance(source, np.ndarray):
                return mask_of(picture_of(source))
            picture = Picture.from_pil(source) if isinstance(source, Image.Image) else read_picture(_file(source))
            return mask_of(picture)
    except PictureError as error:
        raise PictureError(f"the mask {error}" if is_path(source) else f"the mask: {error}") from error


def picture_of(array: NDArray[np.uint8]) -> Picture:
    """An array as a picture: uint8 [H, W], [H, W, 3], or [H, W, 4] with alpha.

    Raises:
        PictureError: another shape or type.
    """
    _check_array(array)
    return Picture.from_array(np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array)


def batch_of(array: NDArray[np.uint8]) -> Animation:
    """A batch of pictures of one size, uint8 [N, H, W, 3] or [N, H, W, 4], as the frames of an animation.

    Raises:
        PictureError: another shape or type.
    """
    _check_array(array)
    return Animation([picture_of(one) for one in array], (array.shape[2], array.shape[1]), len(array))


def _check_array(array: NDArray[Any]) -> None:
    """Refuse an array that is no picture and no batch of them.

    Raises:
        PictureError: with the reason.
    """
    if array.dtype.kind == "f":
        raise PictureError(
            f"an array must be uint8, not {array.dtype}; if its values lie between 0 and 1: "
            "(array * 255).round().astype(numpy.uint8)"
        )
    if array.dtype != np.uint8 or array.ndim not in (2, 3, BATCH) or (array.ndim > 2 and array.shape[-1] not in (3, 4)):
        raise PictureError(
            "an array must be uint8 of shape [H, W], [H, W, 3] or [H, W, 4], or a batch [N, H, W, 3] or [N, H, W, 4], "
            f"not {array.dtype} {list(array.shape)}"
        )


def is_path(source: object) -> TypeGuard[PathLike]:
    """Whether a picture is handed over as the path of its file."""
    return isinstance(source, (str, os.PathLike))


def is_url(text: str) -> bool:
    """Whether a path is a URL, which nothing here downloads."""
    return _URL.match(text) is not None


@contextmanager
def named(source: object) -> Iterator[None]:
    """Put the name of a file before what is wrong with it."""
    try:
        yield
    except PictureError as error:
        if not is_path(source) or not os.fspath(source):
            raise
        raise type(error)(f"{os.fspath(source)}: {error}", options=error.options) from error


def path_of(source: PathLike) -> Path:
    """The path of a picture's file.

    Raises:
        PictureError: it is empty, or a URL.
    """
    if not os.fspath(source):
        raise PictureError("the name of the picture is empty")
    if is_url(os.fspath(source)):
        raise PictureError("it is a URL, not a file; download it first")
    return Path(source)


def _file(source: object) -> Path | BinaryIO:
    if is_path(source):
        return path_of(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(source)
    read = getattr(source, "read", None)
    if read is None:
        raise TypeError(
            "a picture is a path, the bytes of a file, a file opened in binary mode, a PIL picture or a numpy array, "
            f"not {type(source).__name__}"
        )
    seek = getattr(source, "seek", None)
    with suppress(OSError, ValueError):  # a pipe has no beginning to go back to
        if seek is not None:
            seek(0)
    data = read()
    if not isinstance(data, bytes):
        raise TypeError("a file with a picture must be opened in binary mode")
    return io.BytesIO(data)
