"""Training a bank by the clock, so that a busy machine only makes fewer steps, from a checkpoint; and its command."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from allaprima.engine.machine import keep_freed_memory
from allaprima.errors import AllaPrimaError, DivergedError, TrainingError
from allaprima.export.onnx import export_model
from allaprima.files import replacing
from allaprima.style_model import Card
from allaprima.training.device import use_threads
from allaprima.training.model_file import weights_sha256
from allaprima.training.networks import StyleNetwork
from allaprima.training.photos import RandomCrops, batches
from allaprima.training.recipes import Recipe
from allaprima.training.schedule import learning_rate

SAVE = 90.0
"""Seconds between two checkpoints."""


class ByTheClock:
    """Steps of an objective that ``loss`` says.

    Args:
        network: what is trained: those of its weights that need a gradient.
        card: the bank's that it was.
        optimizer: of these weights.
        recipe: the size and number of photographs in a step, the learning rate and its schedule.
        photos: the photographs.
        seed: of everything random.
        what: all that the result depends on, in words; a checkpoint of anything else is refused.
    """

    def __init__(
        self,
        network: StyleNetwork,
        card: Card,
        optimizer: torch.optim.Optimizer,
        recipe: Recipe,
        photos: Sequence[Path],
        seed: int,
        what: str,
    ) -> None:
        self.network, self.optimizer, self.recipe, self.seed, self.what = network, optimizer, recipe, seed, what
        self.card = card
        self.own = network.learning
        self.crops = RandomCrops(photos, recipe.size, seed)
        self.step, self.spent = 0, 0.0

    def loss(self, image: Tensor) -> Tensor:
        """The objective of this step's photographs, [N, 3, H, W] in 0..1 on the network's device: one number."""
        raise NotImplementedError

    def after_step(self) -> None:
        """What is to be done when the weights have changed."""

    @property
    def done(self) -> str:
        """What the steps were, for the card."""
        raise NotImplementedError

    def finish(self) -> None:
        """What is to be done when the last step is made."""

    def run(self, minutes: float, checkpoint: Path) -> None:
        """Train until so many minutes have been spent, those before the checkpoint included.

        Raises:
            TrainingError: the checkpoint is of another training.
            DivergedError: a weight is not a number; the checkpoint is of a state before.
        """
        if checkpoint.exists():
            self._load(checkpoint)
        self.network.train()
        device = self.own[0].device
        workers = 8 if device.type == "cuda" else 0
        began = saved = time.monotonic()
        for batch, _ in batches(self.crops, self.recipe.batch, self.step, self.step + 10**5, workers):
            if self.spent >= 60.0 * minutes:
                break
            loss = self.loss(batch.to(device) / 255.0)
            share = self.spent / (60.0 * minutes)
            self.optimizer.param_groups[0]["lr"] = learning_rate(self.recipe, round(share * self.recipe.steps))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.own, self.recipe.clip)
            self.optimizer.step()
            self.after_step()
            now = time.monotonic()
            self.step, self.spent, began = self.step + 1, self.spent + now - began, now
            if now - saved > SAVE:
                saved = now
                print(f"step {self.step}, {self.spent / 60:.1f} of {minutes:g} minutes, {loss.item():.4f}", flush=True)
                self._save(checkpoint)
        self._save(checkpoint)

    def write(self, path: Path) -> None:
        """The bank as a style model."""
        self.network.eval()
        self.finish()
        card = replace(
            self.card,
            weights_sha256=weights_sha256(self.network.state_dict()),
            losses={},
            parent=f"{self.card.weights_sha256}, {self.card.steps} steps",
            note=f"{self.card.note} {self.step} steps {self.done}.".strip(),
        )
        export_model(self.network.cpu(), card, path)

    def _save(self, path: Path) -> None:
        if not all(weight.isfinite().all() for weight in self.own):
            raise DivergedError(f"a weight is not a number after step {self.step}; {path} has a state before")
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        with replacing(path) as file:
            torch.save({**state, "step": self.step, "spent": self.spent, "what": self.what}, file)

    def _load(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state.get("what") != self.what:
            raise TrainingError(f"{path} is the checkpoint of another training; remove it, or write elsewhere")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["step"], state["spent"]


def carry_out(parser: argparse.ArgumentParser, make: Callable[[argparse.Namespace], ByTheClock], ending: str) -> int:
    """A command that trains by the clock: its exit code.

    Args:
        parser: knows the command's own options.
        make: the training that they ask for.
        ending: of the checkpoint's name. It is removed when the result is there.
    """
    parser.add_argument("--minutes", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    checkpoint = asked.output.with_suffix(f".{ending}.checkpoint")
    try:
        keep_freed_memory()
        use_threads(asked.threads)
        training = make(asked)
        training.run(asked.minutes, checkpoint)
        training.write(asked.output)
        checkpoint.unlink()
    except (AllaPrimaError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
