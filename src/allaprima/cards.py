"""What a style model says of itself, read from its file without loading the network."""

from __future__ import annotations

import os
from pathlib import Path

from allaprima.engine.onnx_wire import metadata_of
from allaprima.errors import ModelError
from allaprima.gallery import GALLERY, find_model
from allaprima.style_model import CARD_KEY, Card, Style


def read_card(path: Path) -> Card:
    """The card of a style model, read from the file's metadata alone; nothing computes.

    Raises:
        ModelError: the file cannot be read, is not ONNX, or has no card.
    """
    try:
        metadata = metadata_of(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, IndexError) as error:
        raise ModelError(f"{path} is not a readable ONNX model") from error
    try:
        return Card.from_json(metadata.get(CARD_KEY))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def styles(model: str | os.PathLike[str] | None = None) -> tuple[Style, ...]:
    """The styles of the gallery or of another model, with artist, title and year; nothing is loaded but their names.

    Args:
        model: as for ``Stylizer``.

    Raises:
        ModelError: the file is missing or not a style model.
    """
    return read_card(find_model(GALLERY if model is None else model)).styles[1:]
