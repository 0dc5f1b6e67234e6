"""What the variants of the architecture study have in common: one training, one measure, and the results so far."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import allaprima
from allaprima.engine.engine import Engine
from allaprima.errors import ModelError, TrainingError
from allaprima.evaluation.judge import Judge, photo_square, spread
from allaprima.evaluation.log import Log
from allaprima.evaluation.painters import Pixels, file_sha256, model_painter
from allaprima.evaluation.summary import mean_and_std
from allaprima.export.graph import StyleModel
from allaprima.export.onnx import export_model
from allaprima.style_model import mixture
from allaprima.training.cards import make_card
from allaprima.training.device import choose_device
from allaprima.training.model_file import read_card, weights_sha256
from allaprima.training.networks import StyleNetwork
from allaprima.training.objective import Losses, Objective
from allaprima.training.options import TrainingOptions
from allaprima.training.perceptual import LossNetwork, squared_norm
from allaprima.training.photos import find_photos
from allaprima.training.recipes import RECIPES
from allaprima.training.setup import Setup
from allaprima.training.style_images import StyleImage
from allaprima.training.trainer import Trainer
from allaprima.training.validation import readable
from allaprima.training.vgg16 import load_weights
from architecture_variants import DISTILLED, VARIANTS, Base, Variant

SIDE = 256  # of the photographs that are measured
TIMED_SIDE = 512
BANK = 2  # ``photo`` and the painting
TERMS = ("content", "style", "tv", "total")


class Distillation:
    """The objective with one more term: weight × the mean squared difference from what a teacher paints.

    Args:
        objective: what is minimized without a teacher.
        teacher: any style model that knows the style.
        style: the name of the only style that is learned.
        weight: of the term, for colors in 0..1.
    """

    def __init__(self, objective: Objective, teacher: Engine, style: str, weight: float) -> None:
        self.objective, self.teacher, self.weight = objective, teacher, weight
        self.mixture = mixture(teacher.card.names, style, strength=1.0)

    def __call__(
        self, stylized: Tensor, image: Tensor, mixture: Tensor, terms: Mapping[str, float] | None = None
    ) -> Losses:
        """As the objective's own."""
        losses = self.objective(stylized, image, mixture, terms)
        photos = (255.0 * image).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()  # as they were: no loss
        painted = torch.from_numpy(self.teacher.paint(photos.cpu().numpy(), self.mixture)).to(image.device)
        difference = stylized - painted.permute(0, 3, 1, 2) / 255.0
        distance = squared_norm(difference) / difference[0].numel()
        return replace(losses, total=losses.total + self.weight * distance)


class Study:
    """What all variants have in common, and the results so far.

    Args:
        options: of the command line.

    Raises:
        AllaPrimaError: a picture, the loss network or the teacher cannot be read.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder: Path = options.output.with_suffix("")
        self.log = Log(self.folder / "log.jsonl")
        self.recipe = replace(
            RECIPES["four-layers"], steps=options.steps, batch=options.batch, size=options.size,
            style_size=options.style_size, mixed=0.0, lower=0.0,
        )  # fmt: skip
        self.style = StyleImage(options.painting.stem, str(options.painting))
        self.photos: Path = options.photos
        self.val = readable(spread(find_photos(options.val, smallest=1).paths, options.count))
        if not self.val:
            raise TrainingError(f"{options.val} holds no photograph that can be decoded")
        self.vgg16 = load_weights(options.vgg16)
        loss_network = LossNetwork(self.vgg16).to(choose_device("auto"))
        self.judge = Judge(self.recipe, loss_network, {self.style.name: options.painting})
        self.variants = dict(VARIANTS)
        self.teacher: Engine | None = None
        self.weight = 0.0
        if options.teacher:
            path, weight = options.teacher
            self.teacher, self.weight = Engine(Path(path)), teachers_weight(weight)
            mixture(self.teacher.card.names, self.style.name, strength=1.0)  # a teacher of another style is refused now
            about = f"a term more: {self.weight:g} × squared distance from {Path(path).stem}"
            self.variants[DISTILLED] = Variant(about, Base)
        self._given = {
            "recipe": asdict(self.recipe),
            "painting": file_sha256(options.painting)[:12],
            "photos": names_digest(find_photos(self.photos, self.recipe.size // 2).paths),
            "val": [file_sha256(path)[:12] for path in self.val],
            "vgg16": weights_sha256(self.vgg16)[:12],
        }

    def describe(self, name: str) -> dict[str, Any]:
        """All that decides a variant's result."""
        variant = self.variants[name]
        structure = hashlib.sha256(repr(variant.build(BANK)).encode()).hexdigest()[:12]
        described = {"variant": name, "structure": structure, "seed": variant.seed, **self._given}
        if name == DISTILLED and self.teacher:
            described["teacher"] = {"weights": self.teacher.card.weights_sha256[:12], "weight": self.weight}
        return described

    def model(self, name: str) -> Path:
        """Where a variant's model lies."""
        return self.folder / "models" / f"{name}.onnx"

    def result(self, name: str) -> dict[str, Any] | None:
        """What was measured of a variant under these very settings, if its model is still there."""
        result = self.log.get(self.describe(name))
        try:
            there = result is not None and read_card(self.model(name)).weights_sha256 == result["weights_sha256"]
        except ModelError:
            there = False
        return result if there else None

    def train(self, name: str, tick: Callable[[], object]) -> dict[str, Any]:
        """Train a variant, keep its model and measure it; ``tick`` is called after each step.

        Raises:
            DivergedError: the loss is no longer a number.
        """
        variant = self.variants[name]
        options = TrainingOptions(
            styles=(self.style,), photos=str(self.photos), recipe=self.recipe, network=name, seed=variant.seed
        )
        torch.manual_seed(variant.seed)
        trainer = Trainer(options, Setup.of(options, self.vgg16), variant.build(BANK))
        if name == DISTILLED and self.teacher:
            trainer.objective = Distillation(trainer.objective, self.teacher, self.style.name, self.weight)
        seconds = 0.0
        for step in trainer.run():
            seconds += step.seconds
            tick()
        path = self.model(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        export_model(trainer.network, make_card(trainer, trainer.network, {}), path)
        card = read_card(path)
        result = {
            "parameters": card.parameters,
            "multiply_adds": multiply_adds(trainer.network, TIMED_SIDE),
            "terms": self.measure(path),
            "seconds_per_step": round(seconds / self.recipe.steps, 3),
            "weights_sha256": card.weights_sha256,
        }
        self.log.add(self.describe(name), result)
        return result

    def measure(self, model: Path) -> dict[str, dict[str, float]]:
        """Mean and standard deviation of the objective and its terms over the validation photographs."""
        painter = model_painter(allaprima.Stylizer(model), model.stem, self.style.name)
        return mean_and_std(self.judge.terms_of_all(painter, self.val, SIDE), TERMS)

    def paint(self, name: str, photo: Path) -> Pixels:
        """One photograph as a variant paints it: uint8 [SIDE, SIDE, 3]."""
        stylizer = allaprima.Stylizer(self.model(name))
        return stylizer.stylize(photo_square(photo, SIDE), self.style.name)


def teachers_weight(text: str) -> float:
    """A number above 0.

    Raises:
        TrainingError: it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise TrainingError(f"the weight of the teacher must be a number above 0, not {text}")
    return number


def names_digest(paths: tuple[Path, ...]) -> str:
    """A folder's photographs by number and name; the bytes of thousands are not read for this."""
    return f"{len(paths)}, {hashlib.sha256('/'.join(path.name for path in paths).encode()).hexdigest()[:12]}"


@torch.no_grad()
def multiply_adds(network: StyleNetwork, side: int) -> int:
    """Of all convolutions of the model that ships, for one square picture."""
    device = next(network.parameters()).device
    image = torch.zeros(1, side, side, 3, dtype=torch.uint8, device=device)
    model = StyleModel(network).eval()
    with FlopCounterMode(display=False) as counter:
        model(image, torch.ones(network.styles, device=device))
    return counter.get_flop_counts()["Global"][torch.ops.aten.convolution] // 2
