"""Training a bank of styles: draw photographs and mixtures, stylize, measure, step. Read ``Trainer.run`` first.

Everything random is a function of (seed, step), so that a training which is stopped and resumed goes on
bit for bit: the state is the weights, the optimizer's moments and the number of the step, nothing else.
"""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from allaprima.errors import DivergedError
from allaprima.style_model import PHOTO
from allaprima.training.contrast import give_contrast
from allaprima.training.muon import Muon
from allaprima.training.networks import StyleNetwork
from allaprima.training.options import TrainingOptions
from allaprima.training.photos import RandomCrops, batches
from allaprima.training.ranks import Ranks
from allaprima.training.schedule import draw_mixtures, learning_rate, shifted
from allaprima.training.setup import Setup
from allaprima.training.sizes import hold_sizes, holds_sizes
from allaprima.training.steadiness import next_frame, unsteadiness

COMPILE_STEPS = 2000  # compiling for a GPU takes longer than a training of fewer steps gains by it
CONTRAST_PHOTOS = 8
"""Photographs whose paintings' contrast is measured when a network is finished."""


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
    unsteady: float
    """0 where the recipe has no ``steady_weight``."""
    learning_rate: float
    gradient_norm: float
    seconds: float
    skipped: dict[Path, str]
    """Photographs that turned out to be broken in this step, with the reason."""


@dataclass(frozen=True)
class _Share:
    """What a step was in one process."""

    losses: dict[str, list[float]]
    skipped: dict[Path, str]
    asked: int


class Trainer:
    """A network, its objective and its optimizer; ``run`` makes the steps.

    Args:
        options: what to train.
        setup: what that works with.
        network: the network to train, for ``photo`` and the options' styles (``finetune.initial``).
        ranks: the processes that train it together.

    Raises:
        TrainingError: the network cannot take crops of the recipe's size.
        OptionError: the processes cannot share its batches evenly.
    """

    def __init__(
        self, options: TrainingOptions, setup: Setup, network: StyleNetwork, ranks: Ranks | None = None
    ) -> None:
        self.options, self.setup, self.recipe = options, setup, options.recipe
        self.ranks = ranks or Ranks()
        self.places = self.ranks.share(self.recipe.batch)
        self.objective, self.network = setup.objective, network
        for side in (self.recipe.size, *([self.recipe.small_size] if self.recipe.small_steps else [])):
            network.check_crops(side)
        network.to(setup.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if options.keeps:
            network.train_only(range(options.first_style, options.entries), lower=options.strengths)
        trained = network.learning
        kind = Muon if self.recipe.optimizer == "muon" else torch.optim.Adam
        self.optimizer: torch.optim.Optimizer = kind(trained, lr=self.recipe.learning_rate)
        self.holds_sizes = holds_sizes(options)
        self.step = 0
        self.asked = 0
        self.consistent = True
        """False while weights, moments and the number of the step are being changed together."""

    def run(self, asked: Callable[[], int] = lambda: 0) -> Iterator[TrainingStep]:
        """Make the remaining steps, one at a time.

        Args:
            asked: what this process is asked for, such as the number of a signal. After each step, ``self.asked`` is
                the largest that any process was asked for, so that they can end together.

        Raises:
            DivergedError: the loss is not a number; weights and optimizer still hold the state before that step.
            LostProcessError: another process has ended; likewise.
        """
        recipe, device = self.recipe, self.setup.device
        small = (recipe.small_steps * recipe.batch, recipe.small_size)
        crops = RandomCrops(self.setup.photos.paths, recipe.size, self.options.seed, recipe.darkened, small)
        compiled = device.type == "cuda" and recipe.steps >= COMPILE_STEPS
        torch.backends.cudnn.benchmark = True  # all pictures have one size, or two
        paint = torch.compile(self.network) if compiled else self.network
        self.network.train()
        for batch, skipped in batches(crops, recipe.batch, self.step, recipe.steps, self.workers, self.places):
            began = time.perf_counter()
            image = batch.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last) / 255.0
            mixture = draw_mixtures(recipe, len(self.options.styles), self.options.seed, self.step)
            mixture = mixture[self.places].to(device)

            with torch.autocast(device.type, torch.bfloat16, enabled=self.setup.autocast):
                stylized = paint(image, self.in_bank(mixture))
            seen, photo = shifted([stylized, image], recipe.shift, self.options.seed, self.step)
            losses = self.objective(seen, photo, mixture, recipe.terms_of(self.step))
            unsteady = torch.zeros_like(losses.total)
            if recipe.steady_weight:
                second, motion = next_frame(image, self.options.seed, self.step, recipe.batch, self.places)
                with torch.autocast(device.type, torch.bfloat16, enabled=self.setup.autocast):
                    repainted = paint(second, self.in_bank(mixture))
                unsteady = unsteadiness(stylized, repainted, motion)
            total = losses.total + recipe.steady_weight * unsteady

            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(recipe, self.step)
            self.optimizer.zero_grad()
            total.mean().backward()  # type: ignore[no-untyped-call]
            trained = [parameter for parameter in self.network.parameters() if parameter.grad is not None]
            self.ranks.average(parameter.grad for parameter in trained if parameter.grad is not None)
            norm = torch.nn.utils.clip_grad_norm_(trained, recipe.clip or math.inf).item()
            terms = {"content": losses.content, "style": losses.style, "tv": losses.tv, "total": total}
            own = {name: values.tolist() for name, values in (terms | {"unsteady": unsteady}).items()}
            shares = self.ranks.gathered(_Share(own, skipped, asked()))
            if not math.isfinite(norm + sum(sum(share.losses["total"]) for share in shares)):
                raise DivergedError(
                    f"the loss of step {self.step + 1} is not a number, at a learning rate of {recipe.learning_rate:g}",
                    options=("learning_rate",),
                )
            self.asked = max(share.asked for share in shares)
            self.consistent = False
            self.optimizer.step()
            if self.holds_sizes:
                hold_sizes(self.network)
            self.step += 1
            self.consistent = True
            yield self._report(shares, norm, time.perf_counter() - began)

    def finished(self) -> StyleNetwork:
        """The network before it is calmed (``distillation.py``): its own, or a copy that has the recipe's contrast."""
        if not self.recipe.contrast or self.options.strengths:
            return self.network
        network = copy.deepcopy(self.network).eval()
        photos = self.setup.first_crops(self.options, CONTRAST_PHOTOS)
        give_contrast(network, photos, self.setup.styles, self.recipe.contrast, self.options.first_style)
        return network

    def in_bank(self, mixture: Tensor) -> Tensor:
        """[N, 1 + styles] of ``photo`` and what is trained -> [N, entries of the bank], nothing of what is kept."""
        kept = mixture.new_zeros(len(mixture), len(self.options.kept))
        return torch.cat([mixture[:, : PHOTO + 1], kept, mixture[:, PHOTO + 1 :]], dim=1)

    @property
    def workers(self) -> int:
        """Processes that decode photographs."""
        if self.options.workers is not None:
            return self.options.workers
        return min(8, max(1, (os.cpu_count() or 1) // (2 * self.ranks.local_count)))

    def _report(self, shares: list[_Share], norm: float, seconds: float) -> TrainingStep:
        values = {name: [value for share in shares for value in share.losses[name]] for name in shares[0].losses}
        return TrainingStep(
            step=self.step, steps=self.recipe.steps,
            **{name: math.fsum(losses) / len(losses) for name, losses in values.items()},
            learning_rate=learning_rate(self.recipe, self.step - 1), gradient_norm=norm, seconds=seconds,
            skipped={path: why for share in shares for path, why in share.skipped.items()},
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """All that a resumed training needs: what ``checkpoint.write_checkpoint`` writes."""
        return {
            "options": self.options.to_dict(),
            "step": self.step,
            "network": self.network.state_dict(),
            "epsilons": self.network.epsilons,
            "shadows": self.network.shadows,
            "optimizer": self.optimizer.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a state that ``checkpoint.read_checkpoint`` returned."""
        self.network.load_state_dict(state["network"])
        self.network.epsilons = state.get("epsilons", self.network.epsilons)
        self.network.shadows = state.get("shadows", self.network.shadows)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
