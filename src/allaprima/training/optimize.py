"""Optimization of a picture's own pixels: Gatys, Ecker & Bethge 2015, *A Neural Algorithm of Artistic Style*.

What a style network learns to do in one pass is done here slowly, for one picture and any style, on the same objective.
``minimize`` is the method, at one size; ``optimize`` puts round it what a painting needs: starts, a pyramid, colors.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from allaprima.color import COLORS
from allaprima.errors import DivergedError, OptionError
from allaprima.training.objective import Losses, Objective, Targets
from allaprima.training.perceptual import VGG16_LAYERS, LossNetwork
from allaprima.training.preparation import (
    check_sizes,
    gray,
    gray_like,
    make_start,
    pyramid,
    recolored,
    resized,
    scaled_style,
    with_chroma_of,
    with_margin,
    without_margin,
)
from allaprima.training.recipes import RECIPES, Recipe

METHODS = ("lbfgs", "adam")
ADAM_RATE = 0.02  # in pixels of 0..1: about five gray levels a step
HISTORY = 20
"""Pairs of steps and gradients that L-BFGS remembers, each twice the size of the picture."""
FIRST_STEP = 0.01
"""Mean change of a pixel (0..1) in L-BFGS's first step, which follows the bare gradient and knows no curvature yet."""
LINE_SEARCH = 20
"""Evaluations that one line search may take; it rarely needs a second."""
START_STRENGTH = 0.3
"""Strength of a style network's painting that an optimization begins with. At full strength, more of the photograph is
lost than the optimum loses, and it comes back slowly (docs/optimize.md)."""
PATIENCE = 10
"""Iterations over which ``OptimizeOptions.tolerance`` looks back."""


@dataclass(frozen=True)
class OptimizeOptions:
    """All that decides an optimization's outcome, but for its pictures."""

    recipe: Recipe = RECIPES["default"]
    """The objective; its other fields are for a training."""
    method: str = "lbfgs"
    iterations: int = 300
    """At each level of the pyramid."""
    tolerance: float = 0.0
    """A level ends when its last 10 iterations lowered the objective by less than this share of it; 0: never."""
    preconditioner: float = 0.5
    """Exponent by which ``spread`` spreads L-BFGS's steps over a neighborhood; 0: each pixel by itself, as Gatys's."""
    learning_rate: float | None = None
    """Adam's step in pixels of 0..1, or the first length that L-BFGS's line search tries; None: 0.02, or 1."""
    seed: int = 0
    """Of the noise that ``start="noise"`` begins with."""
    coarsest: int | None = None
    """Short side, pixels, that the pyramid begins at or just above, √2 a level up to the full size; None: one level."""
    color: str = "style"
    """Whose colors, one of ``color.COLORS``, as when a network paints. For "luminance" and "photo" a gray picture is
    painted. For "photo" the style's luminance is first matched to the photograph's, for "histogram" its colors are."""


@dataclass(frozen=True)
class OptimizeStep:
    """The picture so far, and how far it is from its targets."""

    iteration: int
    """Iterations done at this level: 0 is the start itself."""
    iterations: int
    level: int
    """1 is the coarsest level."""
    levels: int
    size: tuple[int, int]
    """(width, height) of this level, pixels."""
    content: float
    style: float
    layers: dict[str, float]
    tv: float
    total: float
    """The terms of ``objective.Losses``: of exactly ``image``, unless ``optimize`` says otherwise."""
    seconds: float
    """Computing time since the start; what the caller does between two steps does not count."""
    image: Tensor
    """[1, 3, H, W] in 0..1, detached."""


def minimize(objective: Objective, targets: Targets, start: Tensor, options: OptimizeOptions) -> Iterator[OptimizeStep]:
    """Change a picture until it is as near to its targets as it gets, at one size.

    Args:
        objective: what to minimize; its recipe counts, not that of ``options``.
        targets: of one picture (``objective.targets``), of the size of ``start``.
        start: [1, 3, H, W] in 0..1, on the objective's device, or [1, 1, H, W] for a picture that is to stay gray.
        options: method, iterations, tolerance and learning rate.

    Yields:
        The start as iteration 0, then one step per iteration. One pass forwards and backwards through VGG16 belongs
        to each (and one at half the size, if the recipe has ``half_size``), and a further one where L-BFGS's line
        search turned its first length down.

    Raises:
        DivergedError: the objective is no longer a number; every step yielded before was sound.
    """
    clock = time.perf_counter()
    evaluate = _Evaluation(objective, targets, start, options.preconditioner if options.method == "lbfgs" else 0.0)
    advance = _lbfgs(evaluate, options) if options.method == "lbfgs" else _adam(evaluate, options)
    totals: list[float] = []
    seconds = 0.0
    for iteration in range(options.iterations + 1):
        if iteration:
            advance()
        evaluate()
        losses = evaluate.losses
        totals.append(losses.total.item())
        if not math.isfinite(totals[-1]):
            raise DivergedError(f"the objective of iteration {iteration} is not a number; try a lower learning rate")
        image = evaluate.pixels().detach().clamp(0.0, 1.0).expand(-1, 3, -1, -1)
        seconds += time.perf_counter() - clock
        yield _report(losses, image, iteration, options.iterations, seconds)
        clock = time.perf_counter()
        if options.tolerance and iteration >= PATIENCE:
            before = totals[-1 - PATIENCE]
            if before - totals[-1] < options.tolerance * before:
                return


def _report(losses: Losses, image: Tensor, iteration: int, iterations: int, seconds: float) -> OptimizeStep:
    return OptimizeStep(
        iteration=iteration, iterations=iterations, level=1, levels=1, size=(image.shape[3], image.shape[2]),
        content=losses.content.item(), style=losses.style.item(), tv=losses.tv.item(), total=losses.total.item(),
        layers={layer: distance.item() for layer, distance in losses.layers.items()}, seconds=seconds, image=image,
    )  # fmt: skip


class _Evaluation:
    """The objective and its gradient at the picture ``start + spread(change)``, remembered.

    Optimizer and report ask for the same points, the end of one iteration being the beginning of the next; each point
    costs one pass. The gradient stays in ``change.grad``, the losses in ``losses``. L-BFGS takes gradients that
    differ by next to nothing for equal, so the objective is scaled to begin at one for each number of the picture.
    """

    def __init__(self, objective: Objective, targets: Targets, start: Tensor, preconditioner: float) -> None:
        self.objective, self.targets = objective, targets
        self.start = start.detach().float().contiguous()
        self.change = torch.zeros_like(self.start, requires_grad=True)
        self.preconditioner = preconditioner
        self.losses: Losses
        self.scale: float | None = None
        self.at: Tensor | None = None

    def pixels(self) -> Tensor:
        """The picture, not yet clamped: [1, 3, H, W], or [1, 1, H, W] for a gray one."""
        return self.start + spread(self.change, self.preconditioner)

    def __call__(self) -> Tensor:
        """The scaled objective, a scalar; afterwards ``change.grad`` is its gradient."""
        if self.at is None or not torch.equal(self.at, self.change):
            self.change.grad = None
            with torch.enable_grad():
                image = _Clamp.apply(self.pixels()).expand(-1, 3, -1, -1)  # type: ignore[no-untyped-call]
                losses = self.objective.losses(image, self.targets)
                if self.scale is None:
                    self.scale = self.change.numel() / max(losses.total.item(), 1e-12)
                self.value = self.scale * losses.total.sum()
                self.value.backward()  # type: ignore[no-untyped-call]
            self.value = self.value.detach()
            self.losses, self.at = losses, self.change.detach().clone()
        return self.value


def spread(change: Tensor, exponent: float) -> Tensor:
    """Weigh the frequencies f of a picture by f^−exponent, mean square 1: [..., H, W] -> [..., H, W].

    What the preconditioner is: an optimizer that takes steps in ``change`` moves broad strokes further than single
    pixels, as the spectra of pictures are (about 1/f: Field 1987), and needs fewer of them. The optimum is the same.
    """
    if not exponent:
        return change
    height, width = change.shape[-2:]
    weights = _frequency_weights(height, width, exponent, change.device)
    result: Tensor = torch.fft.irfft2(weights * torch.fft.rfft2(change), s=(height, width))
    return result


@lru_cache(maxsize=1)
def _frequency_weights(height: int, width: int, exponent: float, device: torch.device) -> Tensor:
    """For ``torch.fft.rfft2``: [H, W // 2 + 1]. Of frequency 0 no more than of the lowest."""
    down = torch.fft.fftfreq(height, device=device)[:, None]
    across = torch.fft.rfftfreq(width, device=device)
    weights = torch.hypot(down, across).clamp(min=1.0 / max(height, width)) ** -exponent
    return weights / weights.square().mean().sqrt()


class _Clamp(torch.autograd.Function):
    """Clamp to 0..1, so that what is measured is a picture; a pixel outside still feels what calls it back inside."""

    @staticmethod
    def forward(ctx: Any, pixels: Tensor) -> Tensor:
        clamped = pixels.clamp(0.0, 1.0)
        ctx.save_for_backward(pixels - clamped)
        return clamped

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (outside,) = ctx.saved_tensors
        gradient: Tensor = gradients[0] * (gradients[0] * outside >= 0)
        return gradient


def _lbfgs(evaluate: _Evaluation, options: OptimizeOptions) -> Callable[[], None]:
    """One iteration of L-BFGS (Liu & Nocedal 1989) with a line search (strong Wolfe), at each call."""
    rate = options.learning_rate or 1.0
    optimizer = torch.optim.LBFGS(
        [evaluate.change], lr=FIRST_STEP * evaluate.change.numel() * rate, history_size=HISTORY,
        max_iter=1, max_eval=1 + LINE_SEARCH, line_search_fn="strong_wolfe", tolerance_grad=0.0, tolerance_change=0.0,
    )  # fmt: skip

    def advance() -> None:
        optimizer.step(evaluate)  # type: ignore[no-untyped-call]
        optimizer.param_groups[0]["lr"] = rate

    return advance


def _adam(evaluate: _Evaluation, options: OptimizeOptions) -> Callable[[], None]:
    """One step of Adam (Kingma & Ba 2015) at each call."""
    optimizer = torch.optim.Adam([evaluate.change], lr=options.learning_rate or ADAM_RATE)

    def advance() -> None:
        optimizer.step(evaluate)

    return advance


def optimize(
    network: LossNetwork,
    content: Tensor,
    styles: Sequence[Tensor],
    start: Tensor | str,
    options: OptimizeOptions,
    weights: Sequence[float] | None = None,
) -> Iterator[OptimizeStep]:
    """Paint a photograph in one style or several, from coarse to fine if the options say so, in the colors asked for.

    Args:
        network: VGG16, on the device of the pictures.
        content: the photograph, [1, 3, H, W] in 0..1.
        styles: style images, [1, 3, h, w] in 0..1 each, at the scale whose strokes the result is to have.
        start: "content", "noise", "style" (the first, cut to the content's shape), or a picture of the content's size.
        options: everything else.
        weights: how much of each style; None is equal shares. Their Gram matrices are mixed.

    Yields:
        The steps of ``minimize``, level after level. The losses are those of the picture with a margin of eight
        reflected pixels, which is cut off: the zeros that VGG16 pads with would paint a frame at its edge. With color
        "luminance" and "photo" they are those of the gray picture. L-BFGS begins each level anew: a curvature measured
        between coarse pixels says nothing of finer ones.

    Raises:
        OptionError: an unknown word, or weights that are none.
        TrainingError: a picture too small for the layers.
        DivergedError: as ``minimize``.
    """
    recipe = options.recipe
    check_options(options)
    check_sizes(recipe, [content, *styles])
    shares = torch.tensor([1.0] * len(styles) if weights is None else list(weights))
    if len(shares) != len(styles) or not (shares >= 0).all() or not 0 < shares.sum() < math.inf:
        raise OptionError("the styles' weights must be one number of at least 0 for each style, not all of them 0")
    mixture = torch.cat([torch.zeros(1), shares / shares.sum()])[None].to(content)
    photo, only_luminance = content, options.color in ("luminance", "photo")
    if options.color == "photo":
        content, styles = gray(photo), [gray_like(style, photo) for style in styles]
    elif options.color == "luminance":
        content, styles = gray(photo), [gray(style) for style in styles]
    elif options.color == "histogram":
        styles = [recolored(style, photo) for style in styles]
    image = start if isinstance(start, Tensor) else make_start(start, content, styles, options.seed)
    if only_luminance:
        image = gray(image)

    seconds = 0.0
    sizes = pyramid(content.shape[3], content.shape[2], options.coarsest)
    for level, size in enumerate(sizes, start=1):
        clock = time.perf_counter()
        scale = min(size) / min(content.shape[2:])
        objective = Objective(recipe, network, [scaled_style(style, scale, recipe) for style in styles])
        targets = objective.targets(with_margin(resized(content, size)), mixture)
        chroma, image = resized(photo, size), with_margin(resized(image, size))
        seconds += time.perf_counter() - clock
        for step in minimize(objective, targets, image[:, :1] if only_luminance else image, options):
            inner = without_margin(step.image, size)
            shown = with_chroma_of(inner, chroma) if only_luminance else inner
            elapsed = seconds + step.seconds
            yield replace(step, level=level, levels=len(sizes), size=size, seconds=elapsed, image=shown)
        image, seconds = inner, elapsed


def check_options(options: OptimizeOptions) -> None:
    """Raise an ``OptionError`` for a method, color or layer that there is not."""
    layers = [name.replace("conv", "relu") for name, _, _ in VGG16_LAYERS]
    for what, words, known in (
        ("method", [options.method], METHODS),
        ("color", [options.color], COLORS),
        ("layer", [*options.recipe.content_layers, *options.recipe.style_layers], layers),
    ):
        for word in words:
            if word not in known:
                raise OptionError(f"there is no {what} {word}; choose one of: {', '.join(known)}")
