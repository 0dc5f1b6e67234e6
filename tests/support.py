"""What tests call: a picture to paint, and what a refused command must look like."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pytest

from allaprima.cli import app
from allaprima.errors import AllaPrimaError

if TYPE_CHECKING:
    from allaprima.training.trainer import Trainer


def checkered(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A colourful picture with edges and gradients: uint8 [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    ramps = np.stack([x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), 127 + 0 * x], axis=-1)
    blocks = np.random.default_rng(seed).integers(-60, 60, ((height + 7) // 8, (width + 7) // 8, 3))
    noise = np.kron(blocks, np.ones((8, 8, 1)))[:height, :width]
    return np.clip(ramps + noise, 0, 255).astype(np.uint8)


def one_sentence(result: subprocess.CompletedProcess[bytes]) -> str:
    """Stderr of a failed command: one line, no traceback."""
    text = result.stderr.decode()
    assert "Traceback" not in text, text
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert lines[0].startswith("allaprima: ")
    return lines[0]


def stopped_after(trainer: Trainer, steps: int, checkpoint: Path) -> dict[str, Any]:
    """What the checkpoint says of a training that ends after so many steps."""
    from allaprima.training.checkpoint import read_checkpoint

    for step in trainer.run():
        if step.step == steps:
            break
    trainer.save_checkpoint(checkpoint)
    return read_checkpoint(checkpoint)


def refusal(command: list[str]) -> str:
    """What a mistaken command, run in this process, says; its exit code is 2."""
    with pytest.raises((AllaPrimaError, click.ClickException)) as caught:
        app.main(command, standalone_mode=False)
    assert caught.value.exit_code == 2, command
    return caught.value.format_message() if isinstance(caught.value, click.ClickException) else str(caught.value)
