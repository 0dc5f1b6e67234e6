"""What tests call: a picture to paint, and what a refused command must look like."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pytest

from allaprima.cli import app
from allaprima.errors import AllaPrimaError

if TYPE_CHECKING:
    from torch import Tensor

    from allaprima.training.finetune import Parent
    from allaprima.training.options import TrainingOptions
    from allaprima.training.trainer import Trainer


def checkered(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A colorful picture with edges and gradients: uint8 [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    ramps = np.stack([x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), 127 + 0 * x], axis=-1)
    blocks = np.random.default_rng(seed).integers(-60, 60, ((height + 7) // 8, (width + 7) // 8, 3))
    noise = np.kron(blocks, np.ones((8, 8, 1)))[:height, :width]
    return np.clip(ramps + noise, 0, 255).astype(np.uint8)


def touch(path: Path, data: bytes = b"x") -> Path:
    """A file with some bytes, in folders that are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


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
    from allaprima.training.checkpoint import read_checkpoint, write_checkpoint

    for step in trainer.run():
        if step.step == steps:
            break
    write_checkpoint(trainer.state(), checkpoint)
    return read_checkpoint(checkpoint)


def make_trainer(options: TrainingOptions, vgg16: dict[str, Tensor], parent: Parent | None = None) -> Trainer:
    """A training that has not made a step yet."""
    from allaprima.training.finetune import initial
    from allaprima.training.setup import Setup
    from allaprima.training.trainer import Trainer

    setup = Setup.of(options, vgg16)
    return Trainer(options, setup, initial(options, setup, parent)[0])


def random_vgg16() -> dict[str, Tensor]:
    """VGG16's layers with random weights that keep activations near their input's size."""
    import torch

    from allaprima.training.perceptual import VGG16_LAYERS

    generator = torch.Generator().manual_seed(0)
    weights: dict[str, Tensor] = {}
    for name, inputs, outputs in VGG16_LAYERS:
        weights[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=generator) * (2 / (9 * inputs)) ** 0.5
        weights[f"{name}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return weights


@contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, which is gone afterwards, whatever happens.

    Its signals are at their defaults, also where this process ignores them, as in the background of a script.
    """

    if os.name != "posix":
        pytest.skip("signals and groups of processes of POSIX")

    def defaults() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    process = subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=defaults,  # noqa: PLW1509 - between fork and exec it calls nothing but signal
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    """Until a condition holds; a process that ends before is a failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refusal(command: list[str]) -> str:
    """What a mistaken command, run in this process, says; its exit code is 2."""
    with pytest.raises((AllaPrimaError, click.ClickException)) as caught:
        app.main(command, standalone_mode=False)
    assert caught.value.exit_code == 2, command
    return caught.value.format_message() if isinstance(caught.value, click.ClickException) else str(caught.value)
