"""Training a bank of styles: draw photographs and mixtures, stylise, measure, step. Read ``Trainer.run`` first.

Everything random is a function of (seed, step), so that a training which is stopped and resumed goes on
bit for bit: the state is the weights, the optimiser's moments and the number of the step, nothing else.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from allaprima.errors import DivergedError, TrainingError
from allaprima.style_model import PHOTO
from allaprima.training.checkpoint import CHECKPOINT_FORMAT
from allaprima.training.device import choose_device, choose_precision
from allaprima.training.networks import StyleNetwork, make_network
from allaprima.training.objective import Losses, Objective
from allaprima.training.options import TrainingOptions
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import RandomCrops, batches, bundled_photos, find_photos
from allaprima.training.schedule import draw_mixtures, learning_rate, shifted
from allaprima.training.style_images import read_style

COMPILE_STEPS = 2000  # compiling for a GPU takes longer than a training of fewer steps gains by it


@dataclass(frozen=True)
class TrainingStep:
    """What one step did: the means of the batch's losses, and how fast it went."""

    step: int
    """Steps done, this one included."""
    steps: int
    """Steps in all."""
    content: float
    style: float
    tv: float
    total: float
    learning_rate: float
    gradient_norm: float
    seconds: float
    skipped: dict[Path, str]
    """Photographs that turned out to be broken in this step, with the reason."""


class Trainer:
    """A network, its objective and its optimiser; ``run`` makes the steps.

    Args:
        options: what to train.
        vgg16: the loss network's weights (``vgg16.load_weights``).
        network: what to train, for ``photo`` and the options' styles, if it is none that the options can name.
    """

    def __init__(self, options: TrainingOptions, vgg16: dict[str, Tensor], network: StyleNetwork | None = None) -> None:
        self.options, self.recipe = options, options.recipe
        self.device = choose_device(options.device)
        self.precision = choose_precision(options.precision, self.device)
        folder = Path(options.photos) if options.photos else bundled_photos()
        self.photos = find_photos(folder, smallest=self.recipe.size // 2)
        torch.manual_seed(options.seed)
        entries = self.first_style + len(options.styles)
        self.network = make_network(options.network, entries, options.width) if network is None else network
        if self.recipe.size % self.network.stride:
            raise TrainingError(
                f"the size of the crops must be a multiple of {self.network.stride} for {options.network}"
            )
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if options.kept or options.strengths:
            self.network.train_only(self.first_style, lower=options.strengths)
        loss_network = LossNetwork(vgg16, self.precision).to(self.device)
        self.styles = [read_style(style, self.recipe.style_size).to(self.device) for style in options.styles]
        emphasis = [style.emphasis for style in options.styles]
        self.objective = Objective(self.recipe, loss_network, self.styles, emphasis)
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=self.recipe.learning_rate)
        self.step = 0
        self.consistent = True
        """False while weights, moments and the number of the step are being changed together."""

    def run(self) -> Iterator[TrainingStep]:
        """Make the remaining steps, one at a time.

        Raises:
            DivergedError: the loss is not a number; weights and optimiser still hold the state before that step.
        """
        recipe = self.recipe
        crops = RandomCrops(self.photos.paths, recipe.size, self.options.seed)
        compiled = self.device.type == "cuda" and recipe.steps >= COMPILE_STEPS
        paint = torch.compile(self.network) if compiled else self.network
        self.network.train()
        for batch, skipped in batches(crops, recipe.batch, self.step, recipe.steps, self.workers):
            began = time.perf_counter()
            image = batch.to(self.device, non_blocking=True).contiguous(memory_format=torch.channels_last) / 255.0
            mixture = draw_mixtures(recipe, len(self.options.styles), self.options.seed, self.step).to(self.device)

            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
                stylized = paint(image, self.in_bank(mixture))
            seen, photo = shifted([stylized, image], recipe.shift, self.options.seed, self.step)
            losses = self.objective(seen, photo, mixture)

            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(recipe, self.step)
            self.optimizer.zero_grad()
            losses.total.mean().backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip or math.inf)
            if not math.isfinite(norm.item() + losses.total.sum().item()):
                raise DivergedError(
                    f"the loss of step {self.step + 1} is not a number; "
                    f"try a lower --learning-rate than {recipe.learning_rate:g}"
                )
            self.consistent = False
            self.optimizer.step()
            self.step += 1
            self.consistent = True
            yield self._report(losses, norm, time.perf_counter() - began, skipped)

    @property
    def first_style(self) -> int:
        """The bank's entry of the first style that is trained."""
        return PHOTO + 1 + len(self.options.kept)

    def in_bank(self, mixture: Tensor) -> Tensor:
        """[N, 1 + styles] of ``photo`` and what is trained -> [N, entries of the bank], nothing of what is kept."""
        kept = mixture.new_zeros(len(mixture), len(self.options.kept))
        return torch.cat([mixture[:, : PHOTO + 1], kept, mixture[:, PHOTO + 1 :]], dim=1)

    @property
    def autocast(self) -> bool:
        """Half precision for the network itself: on a CPU it gains nothing, the network's share is small."""
        return self.precision is torch.bfloat16 and self.device.type == "cuda"

    @property
    def workers(self) -> int:
        """Processes that decode photographs."""
        if self.options.workers is not None:
            return self.options.workers
        return min(8, max(1, (os.cpu_count() or 1) // 2))

    def _report(self, losses: Losses, norm: Tensor, seconds: float, skipped: dict[Path, str]) -> TrainingStep:
        means = {name: getattr(losses, name).mean().item() for name in ("content", "style", "tv", "total")}
        return TrainingStep(
            step=self.step, steps=self.recipe.steps, **means, learning_rate=learning_rate(self.recipe, self.step - 1),
            gradient_norm=norm.item(), seconds=seconds, skipped=skipped,
        )  # fmt: skip

    def save_checkpoint(self, path: Path) -> None:
        """The full state, written beside and then renamed: a kill leaves the old checkpoint or the new one, whole."""
        state = {
            "format": CHECKPOINT_FORMAT,
            "options": self.options.to_dict(),
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        temporary = path.with_name(path.name + ".part")
        torch.save(state, temporary)
        os.replace(temporary, path)

    def load_checkpoint(self, state: dict[str, Any]) -> None:
        """Take up a state that ``read_checkpoint`` returned."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
