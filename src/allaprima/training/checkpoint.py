"""A training's state on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from allaprima.errors import TrainingError
from allaprima.files import replacing

CHECKPOINT_FORMAT = 4


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Keep a trainer's state; a kill leaves the old checkpoint or the new one, whole.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path) as file:
        torch.save({"format": CHECKPOINT_FORMAT, **state}, file)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's state; ``TrainingOptions.from_dict(state["options"])`` are its options.

    Raises:
        TrainingError: it does not exist, is not a checkpoint, or is of a newer format.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainingError(f"there is no checkpoint at {path}") from error
    except Exception as error:
        raise TrainingError(f"{path} is not a checkpoint of a training") from error
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        raise TrainingError(f"{path} is not a checkpoint of this version")
    return state
