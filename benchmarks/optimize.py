"""What an iteration of the optimization costs beyond its pass through VGG16, forwards and backwards.

    python benchmarks/optimize.py --photo examples/astronaut.jpg --painting wave.jpg --vgg16 WEIGHTS

``allaprima optimize`` (L-BFGS from the photograph) takes turns, ten iterations at a time, with bare passes: the same
network on a picture of the same size, up to the deepest layer of the recipe, and back to the picture from gradients
that lie ready. Both are in one process and in the same number format.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from allaprima.errors import AllaPrimaError
from allaprima.evaluation.judge import photo_square
from allaprima.evaluation.record import command_line, record, versions
from allaprima.training.device import choose_device, choose_precision
from allaprima.training.optimize import OptimizeOptions, OptimizeStep, optimize
from allaprima.training.perceptual import LossNetwork
from allaprima.training.preparation import from_pixels
from allaprima.training.recipes import Recipe
from allaprima.training.style_images import StyleImage, read_style
from allaprima.training.vgg16 import load_weights
from progress import progress, write_results
from speed import RESULTS, at_least_one

TURN = 10
"""Iterations, or bare passes, in a turn."""


def bare_passes(network: LossNetwork, image: Tensor, recipe: Recipe) -> Iterator[float]:
    """Seconds of one turn after another of forward and backward passes through VGG16."""
    layers = {*recipe.style_layers, *recipe.content_layers}
    pixels = image.clone().requires_grad_()
    gradients = [torch.ones_like(f) for f in network(image, layers).values()]
    while True:
        began = time.perf_counter()
        for _ in range(TURN):
            torch.autograd.grad(list(network(pixels, layers).values()), pixels, gradients)
        yield time.perf_counter() - began


def turns(steps: Iterator[OptimizeStep]) -> Iterator[float]:
    """Seconds of one turn after another of iterations."""
    before = next(steps).seconds  # the start, its targets and its own evaluation
    for step in steps:
        if step.iteration % TURN == 0:
            yield step.seconds - before
            before = step.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--painting", type=Path, required=True)
    parser.add_argument("--size", type=at_least_one, default=512, help="side of the square (default: 512)")
    parser.add_argument("--iterations", type=at_least_one, default=200, help="default: 200")
    parser.add_argument("--vgg16", type=Path, help="weights of the loss network (default: the user's cache)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "optimize.json", help="default: %(default)s")
    given = parser.parse_args()
    options = OptimizeOptions(iterations=given.iterations)
    device = choose_device("auto")
    precision = choose_precision("auto", device)
    try:
        network = LossNetwork(load_weights(given.vgg16), precision).to(device)
        style = read_style(StyleImage(given.painting.stem, str(given.painting)), options.recipe.style_size).to(device)
        photo = from_pixels(photo_square(given.photo, given.size)).to(device)
    except AllaPrimaError as error:
        sys.exit(f"optimize: {error}")

    bare = bare_passes(network, photo, options.recipe)
    next(bare)  # warm up
    ours: list[float] = []
    passes: list[float] = []
    with progress(given.iterations // TURN, "measuring") as bar:
        for seconds in turns(optimize(network, photo, [style], "content", options)):
            ours.append(seconds)
            passes.append(next(bare))
            bar.update(1)
    ratio = sum(ours) / sum(passes)
    write_results(
        given.output,
        {
            **record(command_line(["python", "benchmarks/optimize.py"], sys.argv[1:])),
            "versions": versions("allaprima", "torch"),
            "settings": {"size": given.size, "iterations": TURN * len(ours), "threads": torch.get_num_threads(),
                         "device": device.type, "precision": str(precision).removeprefix("torch.")},
            "seconds_per_iteration": round(float(np.mean(ours)) / TURN, 4),
            "seconds_per_bare_pass": round(float(np.mean(passes)) / TURN, 4),
            "ratio": round(ratio, 3),
            "ratio_of_medians": round(float(np.median(ours) / np.median(passes)), 3),
        },
    )  # fmt: skip
    print(f"an iteration {np.mean(ours) / TURN:.3f} s, a bare pass {np.mean(passes) / TURN:.3f} s, ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
