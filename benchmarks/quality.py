"""How far a painted photograph is from the photograph and from the painting, under VGG16.

    python benchmarks/quality.py --photos DIR --styles great_wave=wave.jpg --vgg16 WEIGHTS
    python benchmarks/quality.py --photos DIR --paintings DIR --strengths 0.5 --size 256 384

Content is |φ(y) − φ(x)|² / |φ(x)|² at relu2_2; style is the mean over relu1_2, relu2_2, relu3_3 and relu4_3 of
|G(y) − G(s)|² / |G(s)|², with the painting at a short side of 384 pixels. Photographs are resized and cropped to
squares from their middle. A style model, the networks of others and the untouched photograph stand side by side;
``--strengths`` adds the model at part of its strength and, beside it, photograph and full style blended pixel by
pixel in the same proportion, both still measured against the painting itself.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

import allaprima
from allaprima.errors import AllaPrimaError, StyleError, TrainingError
from allaprima.training.perceptual import LossNetwork, content_loss, gram_matrix, style_distances, style_loss
from allaprima.training.photos import find_photos, read_photo
from allaprima.training.recipes import RECIPES
from allaprima.training.vgg16 import load_weights
from peers import load_peer
from speed import RESULTS, at_least_one, record, write_json

RECIPE = RECIPES["default"]
"""Which layers are looked at, and how large the painting is."""

PHOTOGRAPH, MODEL, BLEND = "photograph", "model", "blend"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Painter:
    """One row of the table: pixels [H, W, 3] -> pixels, and the style that it aims at."""

    name: str
    style: str
    strength: float
    paint: Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Seen:
    """What the loss network sees in a picture."""

    content: Tensor  # [1, C, H, W]
    grams: dict[str, Tensor]  # by layer, [1, C, C]


class Judge:
    """The loss network, and the paintings that it has seen."""

    def __init__(self, network: LossNetwork, paintings: dict[str, Path], device: str) -> None:
        self.network, self.device = network.to(device), device
        self.styles = {name: self.see(read(path, RECIPE.style_size)).grams for name, path in paintings.items()}

    @torch.inference_mode()
    def see(self, pixels: Pixels) -> Seen:
        """pixels: [H, W, 3]."""
        image = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)[None].float() / 255.0
        features = self.network(image, {*RECIPE.style_layers, RECIPE.content_layer})
        return Seen(features[RECIPE.content_layer], {j: gram_matrix(features[j]) for j in RECIPE.style_layers})

    def distances(self, painted: Seen, photo: Seen, style: str) -> dict[str, float]:
        """Relative content and style distance, and the style distance of each layer."""
        layers = style_distances(painted.grams, self.styles[style], relative=True)
        return {
            "content": content_loss(painted.content, photo.content, relative=True).item(),
            "style": style_loss(layers, relative=True).item(),
            **{j: distance.item() for j, distance in layers.items()},
        }


def read(path: Path, short_side: int) -> Pixels:
    """A picture's pixels [H, W, 3].

    Raises:
        TrainingError: the file cannot be read as a picture.
    """
    try:
        return np.array(read_photo(path, short_side))
    except (OSError, ValueError) as error:
        raise TrainingError(f"the picture {path} cannot be read: {error}") from error


def read_square(path: Path, side: int) -> Pixels:
    """The middle of a photograph [side, side, 3]."""
    pixels = read(path, side)
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side].copy()


def painters(
    stylizer: allaprima.Stylizer, styles: Iterable[str], peers: Iterable[str], strengths: Iterable[float], device: str
) -> list[Painter]:
    """Everyone who paints; the untouched photograph is no painter.

    Raises:
        ModelError: a peer's weights cannot be read.
        StyleError: a peer aims at a style that is not measured.
    """

    def blend(pixels: Pixels, style: str, strength: float) -> Pixels:
        mixed = (1.0 - strength) * pixels + strength * stylizer.stylize(pixels, style).astype(np.float64)
        return mixed.round().astype(np.uint8)

    result = []
    for style in styles:
        result.append(Painter(MODEL, style, 1.0, partial(stylizer.stylize, style=style)))
        for s in strengths:
            result.append(Painter(MODEL, style, s, partial(stylizer.stylize, style=style, strength=s)))
            result.append(Painter(BLEND, style, s, partial(blend, style=style, strength=s)))
    for peer in peers:
        name, _, rest = peer.partition("=")
        weights, _, style = rest.rpartition(":")
        if style not in styles:
            raise StyleError(f"--peer {peer} must end in :STYLE, one of: {', '.join(styles)}")
        result.append(Painter(name, style, 1.0, load_peer(Path(weights), device)))
    return result


def measure(
    judge: Judge, everyone: list[Painter], photos: list[Path], size: int, tick: Callable[[], object]
) -> list[dict[str, Any]]:
    """One entry per style and painter, the photograph itself first; ``tick`` is called after each photograph."""
    rows = [Painter(PHOTOGRAPH, style, 0.0, lambda pixels: pixels) for style in judge.styles] + everyone
    rows.sort(key=lambda row: list(judge.styles).index(row.style))
    figures: list[list[dict[str, float]]] = [[] for _ in rows]
    for path in photos:
        pixels = read_square(path, size)
        photo = judge.see(pixels)
        for row, figure in zip(rows, figures, strict=True):
            painted = photo if row.name == PHOTOGRAPH else judge.see(row.paint(pixels))
            figure.append(judge.distances(painted, photo, row.style))
        tick()
    return [
        {"size": size, "style": row.style, "painter": row.name, "strength": row.strength, "distances": summary(figure)}
        for row, figure in zip(rows, figures, strict=True)
    ]


def summary(figures: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over the photographs, by distance."""
    values = {name: [figure[name] for figure in figures] for name in figures[0]}
    return {
        name: {"mean": round(np.mean(v).item(), 5), "std": round(np.std(v).item(), 5)} for name, v in values.items()
    }


def paintings_of(stylizer: allaprima.Stylizer, styles: list[str] | None, folder: Path | None) -> dict[str, Path]:
    """The painting of each style that is measured, by name; None is every style of the bank.

    Raises:
        StyleError: a style that the model does not have, or whose painting is not named.
    """
    bank = [style.name for style in stylizer.styles]
    result = {}
    for item in bank if styles is None else styles:
        name, _, image = item.partition("=")
        if name not in bank:
            raise StyleError(f"there is no style {name} in this model; there are: {', '.join(bank)}")
        if not image and folder is None:
            raise StyleError(
                f"which painting is {name}? write --styles {name}=IMAGE, or name their folder with --paintings"
            )
        result[name] = Path(image) if image else folder / f"{name}.jpg"
    return result


def spread(paths: tuple[Path, ...], count: int | None) -> list[Path]:
    """``count`` of the photographs, evenly spread over the sorted list, since neighbours are often alike."""
    count = min(count or len(paths), len(paths))
    return [paths[i * len(paths) // count] for i in range(count)]


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
    paintings = paintings_of(stylizer, options.styles, options.paintings)
    photos = spread(find_photos(options.photos, smallest=1).paths, options.count)  # small ones are enlarged
    everyone = painters(stylizer, paintings, options.peer, options.strengths, device)
    judge = Judge(LossNetwork(load_weights(options.vgg16)), paintings, device)
    with click.progressbar(length=len(options.size) * len(photos), label="measuring", file=sys.stderr) as bar:
        results = [
            entry for size in options.size for entry in measure(judge, everyone, photos, size, lambda: bar.update(1))
        ]
    card = stylizer.card
    return {
        **record(),
        "versions": {
            "allaprima": allaprima.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "model": {
            "network": card.network,
            "width": card.width,
            "steps": card.steps,
            "weights_sha256": card.weights_sha256,
        },
        "layers": {"content": RECIPE.content_layer, "style": list(RECIPE.style_layers)},
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
    parser.add_argument("--model", type=Path, help="a style model (.onnx) instead of the gallery")
    parser.add_argument(
        "--styles", nargs="+", metavar="NAME[=IMAGE]", help="styles to measure (default: all of the model)"
    )
    parser.add_argument("--paintings", type=Path, metavar="DIR", help="where the painting of a style is NAME.jpg")
    parser.add_argument("--strengths", type=parse_strength, nargs="+", default=[], metavar="S", help="such as 0.5")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=WEIGHTS:STYLE", help="a network of others, see peers.py"
    )
    parser.add_argument("--vgg16", type=Path, help="weights of the loss network (default: the user's cache)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "quality.json", help="default: %(default)s")
    options = parser.parse_args()
    try:
        data = run(options)
    except AllaPrimaError as error:
        sys.exit(f"quality: {error}")
    write_json(options.output, data)

    print(f"{'size':>5} {'style':<20}{'painter':<18}{'strength':>8}{'content':>16}{'style':>16}", end="")
    print("".join(f"{layer:>9}" for layer in RECIPE.style_layers))
    for row in data["results"]:
        content, style, *layers = row["distances"].values()
        print(
            f"{row['size']:>5} {row['style']:<20}{row['painter']:<18}{row['strength']:>8.2f}"
            + "".join(f"{d['mean']:>9.3f} ±{d['std']:<5.3f}" for d in (content, style))
            + "".join(f"{d['mean']:>9.3f}" for d in layers)
        )


if __name__ == "__main__":
    main()
