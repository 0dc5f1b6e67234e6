"""Training a bank of styles: draw photographs and mixtures, stylise, measure, step. Read ``Trainer.run`` first.

Everything random is a function of (seed, step), so that a training which is stopped and resumed goes on
bit for bit: the state is the weights, the optimiser's moments and the number of the step, nothing else.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from allaprima.errors import DivergedError, PictureError, TrainingError
from allaprima.export.onnx import weights_sha256
from allaprima.picture.picture import read_picture
from allaprima.style_model import Card, Style
from allaprima.training.networks import PHOTO, StyleNetwork, make_network
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import RandomCrops, batches, bundled_photos, find_photos, resized, to_tensor
from allaprima.training.recipes import RECIPES, Losses, Objective, Recipe
from allaprima.version import __version__

CHECKPOINT_FORMAT = 3
COMPILE_STEPS = 2000  # compiling for a GPU takes longer than a training of fewer steps gains by it
WARM_UP = 0.1  # share of a one-cycle schedule in which the learning rate rises


@dataclass(frozen=True)
class StyleImage:
    """One style to learn: the bank's name for it, its picture, and what the card says of it."""

    name: str
    path: str
    artist: str = ""
    title: str = ""
    year: str = ""
    licence: str = ""
    emphasis: float = 1.0
    """A factor on the recipe's style weight: more than 1 for bolder strokes, less for a nearer photograph."""


@dataclass(frozen=True)
class TrainingOptions:
    """All that decides a training's outcome; the checkpoint stores it and the card shows it."""

    styles: tuple[StyleImage, ...]
    photos: str = ""
    """The folder of photographs; empty is the one that comes with the package."""
    recipe: Recipe = RECIPES["default"]
    network: str = "fast"
    width: int | None = None
    """Channels of the first convolution; None is the network's own."""
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    """One of "float32", "bfloat16" and "auto": bfloat16 where the device computes it faster."""
    workers: int | None = None
    """Processes that decode photographs; None chooses by the number of cores."""
    parent: str = ""
    """The model that this training went on from: its weights' SHA-256 and its steps."""
    strengths: bool = False
    """Whether nothing but strengths below 1 is trained, of a bank that has these styles already."""
    kept: tuple[Style, ...] = ()
    """That model's styles, if it is to be extended: they come first in the bank, and nothing of theirs is trained."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainingOptions:
        """The inverse of ``to_dict``."""
        recipe = Recipe(**data["recipe"])
        styles = tuple(StyleImage(**style) for style in data["styles"])
        kept = tuple(Style(**style) for style in data.get("kept", ()))
        return cls(**{**data, "recipe": recipe, "styles": styles, "kept": kept})


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


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        TrainingError: the device named is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    try:
        if not there.get(name.split(":", maxsplit=1)[0], False):
            raise RuntimeError
        return torch.zeros(1, device=name).device  # cuda:9 is found out only when it is used
    except (RuntimeError, AssertionError) as error:
        present = ", ".join(kind for kind, is_there in there.items() if is_there)
        raise TrainingError(f"there is no device {name} here; choose auto or one of: {present}") from error


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The loss network's number format; bfloat16 only where there are instructions for it."""
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return torch.float32


def learning_rate(recipe: Recipe, step: int) -> float:
    """The rate of step 0, 1, …: constant, or one cycle of half a cosine up and half a cosine down (Smith 2018)."""
    if not recipe.one_cycle:
        return recipe.learning_rate
    peak = max(WARM_UP * recipe.steps, 1.0)
    if step < peak:
        low, progress = 0.04, 1.0 - step / peak
    else:
        low, progress = 0.0, (step - peak) / max(recipe.steps - peak, 1.0)
    return recipe.learning_rate * (low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))


def draw_mixtures(recipe: Recipe, styles: int, seed: int, step: int) -> Tensor:
    """The mixtures of one batch, float [batch, 1 + styles]: mostly one style each, all styles equally often.

    A share of ``recipe.mixed`` is mixed with another style, one of ``recipe.lower`` with the photograph.
    """
    rng = np.random.default_rng((seed, step, 2))
    mixtures = np.zeros((recipe.batch, 1 + styles), np.float32)
    for row in range(recipe.batch):
        turn, place = divmod(step * recipe.batch + row, styles)
        style = PHOTO + 1 + int(np.random.default_rng((seed, turn, 3)).permutation(styles)[place])
        weight, kind = rng.uniform(), rng.uniform()
        if kind >= recipe.mixed + recipe.lower:
            weight = 1.0
        other = PHOTO
        if kind < recipe.mixed and styles > 1:
            other = PHOTO + 1 + (style - PHOTO - 1 + int(rng.integers(1, styles))) % styles
        mixtures[row, other] = 1.0 - weight
        mixtures[row, style] = weight
    return torch.from_numpy(mixtures)


def shifted(pictures: Sequence[Tensor], shift: int, seed: int, step: int) -> list[Tensor]:
    """All pictures [N, 3, H, W] moved by the same 0 to ``shift`` − 1 pixels, and mirrored or not, as the step decides.

    Each loses ``shift`` rows and columns, so that nothing comes in from outside. Averaging a loss over such small
    transformations makes it harder to fool (Kettunen et al. 2019, *E-LPIPS*).
    """
    if not shift:
        return list(pictures)
    rng = np.random.default_rng((seed, step, 4))
    (top, left), mirror = rng.integers(0, shift, 2).tolist(), rng.random() < 0.5
    height, width = (side - shift for side in pictures[0].shape[2:])
    parts = [picture[..., top : top + height, left : left + width] for picture in pictures]
    return [part.flip(-1) for part in parts] if mirror else parts


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


def read_style(style: StyleImage, short_side: int) -> Tensor:
    """The style image as float [1, 3, H, W] in 0..1.

    Raises:
        TrainingError: the file cannot be read as a picture.
    """
    try:
        painting = Image.fromarray(read_picture(Path(style.path)).pixels)
    except PictureError as error:
        raise TrainingError(f"the style image {style.path} cannot be read: {error}") from error
    return to_tensor(resized(painting, short_side))[None].float() / 255.0


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
        raise TrainingError(f"{path} is not a checkpoint of allaprima train") from error
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        raise TrainingError(f"{path} is not a checkpoint of this version of allaprima train")
    return state


def make_card(trainer: Trainer, losses: dict[str, dict[str, float]], note: str = "") -> Card:
    """What the finished model says of itself; ``losses`` by style as ``validation.validate`` measured them."""
    options, weights = trainer.options, trainer.network.state_dict()
    learnt = (Style(s.name, s.artist, s.title, s.year, s.licence) for s in options.styles)
    return Card(
        styles=(Style("photo"), *options.kept, *learnt),
        network=options.network,
        width=trainer.network.width,
        recipe={
            **asdict(options.recipe),
            "emphasis": {s.name: s.emphasis for s in options.styles},
            "seed": options.seed,
        },
        steps=trainer.step,
        trained_on=f"{len(trainer.photos.paths)} photographs" + ("" if options.photos else " of the package"),
        device=f"{trainer.device.type}, {str(trainer.precision).removeprefix('torch.')}",
        losses=losses,
        weights_sha256=weights_sha256(weights),
        version=__version__,
        parameters=sum(value.numel() for value in weights.values()),
        parent=options.parent,
        note=note,
    )
