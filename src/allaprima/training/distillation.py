"""A network learns to paint what it, or another one, paints already: without mesh, weave, and a sensor's noise.

The teacher's paintings are what is to be painted. There are no style images and no VGG16, so a step takes a fraction of
the time of one of the training (compare Hinton, Vinyals & Dean 2015, *Distilling the Knowledge in a Neural Network*).
What the network gets rid of:

- mesh: a lattice with the stride of the deepest features is taken out of the teacher's paintings (``mesh.py``), and
  what is left of it in the network's own counts for more;
- weave: a share of what a Kuwahara filter changes, which keeps edges and strokes, is taught as well (``calm.py``), and
  then all is sharpened a little, since a network that learns by mean squares is softer than its teacher;
- noise: the network sees a third of the photographs with a sensor's noise, its teacher does not; and one picture in
  each batch is a noisy wall of one color or a slope. Norms stretch what little contrast a picture has.

Sizes of convolutions are not held (``sizes.py``), and no photograph is darkened: this takes a few hundred steps, at a
low rate.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from allaprima.errors import DivergedError
from allaprima.training.calm import calmed
from allaprima.training.mesh import mesh
from allaprima.training.networks import StyleNetwork
from allaprima.training.options import TrainingOptions
from allaprima.training.photos import PLAIN, RandomCrops, batches
from allaprima.training.recipes import RECIPES, Recipe
from allaprima.training.schedule import draw_mixtures, learning_rate
from allaprima.training.trainer import Trainer

LEARNING_RATE, CLIP, BATCH, MIXED, LOWER = 3e-4, 5.0, 4, 0.1, 0.15
"""Of Adam, of one cycle; pictures in a step; and what share of them are mixtures of two styles, or lower strengths."""
MOST = 400
"""After a training it takes so many steps, or as many as the training itself if these are fewer."""
WALL, SLOPE = (16.0, 235.0), 60.0
"""Luminance of a wall, and by how much it changes from edge to edge at most, of 255."""
SCALE = 100.0
"""A mean squared difference of a tenth counts as 1."""

Paint = Callable[[Tensor, Tensor], Tensor]
"""[N, 3, H, W] in 0..1 and mixtures [N, S] -> [N, 3, H, W] in 0..1."""


@dataclass(frozen=True)
class Terms:
    """What is taught, and how much it counts."""

    calm: float = RECIPES["default"].calm
    """Share of what a Kuwahara filter changes."""
    crisp: float = 0.6
    """How much is sharpened after it: of what a narrow mean would take away."""
    mesh: float = 20.0
    """Weight of the mesh, where the whole difference has 1."""
    noise: float = 8.0
    """Largest standard deviation of the noise, of 255; the least is ``PLAIN``."""
    wall: float = 1.0
    """Weight of the wall in each batch, where a photograph has 1."""


class Lesson:
    """What is taught, step by step.

    Args:
        network: what learns.
        teacher: what paints for it.
        terms: what is taught.
        seed: of everything random.
    """

    def __init__(self, network: StyleNetwork, teacher: Paint, terms: Terms, seed: int) -> None:
        self.network, self.teacher, self.terms, self.seed = network, teacher, terms, seed

    def loss(self, image: Tensor, mixture: Tensor, step: int) -> Tensor:
        """The mean squared difference from what is taught, with more weight for mesh: one number.

        Args:
            image: [N, 3, H, W] in 0..1; the first of them becomes a wall.
            mixture: [N, S].
            step: the number of the step, from 0.
        """
        rng = np.random.default_rng((self.seed, step, 8))
        image = torch.cat([wall(image.shape[-1], rng).to(image), image[1:]])
        painted = self.network(noisy(image, self.terms.noise, rng), mixture)
        difference = painted - self.taught(image, mixture)
        losses = (difference.square() + self.terms.mesh * mesh(difference).square()).mean((1, 2, 3))
        weights = torch.ones_like(losses)
        weights[0] = self.terms.wall
        loss: Tensor = SCALE * (weights * losses).mean()
        return loss

    @torch.no_grad()
    def taught(self, image: Tensor, mixture: Tensor) -> Tensor:
        """What is to be painted, [N, 3, H, W] in 0..1."""
        painted = self.teacher(image, mixture)
        return calmed((painted - mesh(painted)).clamp(0.0, 1.0), self.terms.calm, self.terms.crisp)


def recipe_of(recipe: Recipe, steps: int) -> Recipe:
    """A training's recipe with what a distillation does otherwise: its steps, its rate and its mixtures."""
    return replace(
        recipe, steps=steps, batch=BATCH, learning_rate=LEARNING_RATE, one_cycle=True, clip=CLIP,
        mixed=MIXED, lower=LOWER,
    )  # fmt: skip


def steps_after(options: TrainingOptions) -> int:
    """How many steps a distillation takes that follows a training; none where styles are to paint as before."""
    return min(MOST, options.recipe.steps) if options.recipe.calm and not options.keeps else 0


def calm_network(trainer: Trainer, tell: Callable[[int, int], None] = lambda done, steps: None) -> StyleNetwork:
    """What a training delivers: its finished network, which has learned from its own paintings as the recipe says.

    It is a function of the network, the photographs and the seed alone, like all of a training.

    Args:
        trainer: what has trained it; stays as it is.
        tell: is called with the number of steps done and that of all.

    Raises:
        DivergedError: a gradient is not a number.
    """
    options, setup = trainer.options, trainer.setup
    steps = steps_after(options)
    recipe = recipe_of(trainer.recipe, steps)
    network = copy.deepcopy(trainer.finished()).eval()
    if not steps:
        return network
    teacher = copy.deepcopy(network).requires_grad_(False)
    lesson = Lesson(network.train(), teacher, Terms(calm=recipe.calm), options.seed)
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    crops = RandomCrops(setup.photos.paths, recipe.size, options.seed)
    for step, (batch, _) in enumerate(batches(crops, BATCH, 0, steps, trainer.workers)):
        image = batch.to(setup.device).contiguous(memory_format=torch.channels_last) / 255.0
        mixture = draw_mixtures(recipe, len(options.styles), options.seed, step).to(setup.device)
        loss = lesson.loss(image, mixture, step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        if not (loss + norm).isfinite():
            raise DivergedError(f"step {step + 1} of calming is not a number; 0 leaves it out", options=("calm",))
        optimizer.step()
        tell(step + 1, steps)
    return network.eval()


def wall(side: int, rng: np.random.Generator) -> Tensor:
    """A wall of one color, or with a slope from edge to edge: [1, 3, side, side] in 0..1."""
    color = rng.uniform(*WALL) + rng.normal(0.0, 8.0, (3, 1, 1))
    down, across = rng.uniform(-SLOPE, SLOPE, 2) * (rng.random() < 0.5)
    along = np.linspace(-0.5, 0.5, side)
    picture = (color + down * along[:, None] + across * along).clip(0.0, 255.0)
    return torch.from_numpy(picture[None] / 255.0).float()


def noisy(pictures: Tensor, largest: float, rng: np.random.Generator) -> Tensor:
    """The first half with a sensor's noise, the same in all three colors or not, the others as they are."""
    count, _, *sides = pictures.shape
    first = (2 * np.arange(count) < count).reshape(-1, 1, 1, 1)
    deviation = first * rng.uniform(PLAIN / 255.0, largest / 255.0, (count, 1, 1, 1))
    noise = rng.normal(0.0, 1.0, (count, 3, *sides))
    noise = np.where(rng.random((count, 1, 1, 1)) < 0.5, noise[:, :1], noise)
    return (pictures + torch.from_numpy(deviation * noise).to(pictures)).clamp(0.0, 1.0)
