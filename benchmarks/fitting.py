"""How near a style that was fitted into the gallery's bank comes to one that was trained from random weights.

    allaprima train painting.jpg -o fitted.onnx
    allaprima train painting.jpg -o folder.onnx --photos TRAIN
    allaprima train painting.jpg -o extended.onnx --extend
    allaprima train painting.jpg -o scratch.onnx --photos TRAIN --from none --steps 18000 --batch 2
    python benchmarks/fitting.py fitted.onnx folder.onnx extended.onnx scratch.onnx --painting painting.jpg --photos VAL

The objective that training minimizes (recipe ``default``) is measured on photographs that took no part in it, beside
that of the last model. The painting must be none of the gallery's. Steps and parent come from the cards, the seconds of
the steps from the logs beside the models.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

import allaprima
from allaprima.errors import AllaPrimaError
from allaprima.evaluation.judge import Judge, spread
from allaprima.evaluation.painters import model_painter
from allaprima.evaluation.record import command_line, record, versions
from allaprima.evaluation.summary import mean_and_std
from allaprima.training.perceptual import LossNetwork
from allaprima.training.photos import find_photos
from allaprima.training.recipes import RECIPES
from allaprima.training.vgg16 import load_weights
from progress import progress, write_results
from speed import RESULTS, at_least_one

RECIPE = RECIPES["four-layers"]
TERMS = ("content", "style", "tv", "total")


def seconds_of_steps(model: Path) -> float | None:
    """What the log beside a model says its steps took, together."""
    log = model.with_suffix(".jsonl")
    if not log.exists():
        return None
    return round(sum(json.loads(line)["seconds"] for line in log.read_text().splitlines()), 1)


def measure(path: Path, style: str, judge: Judge, photos: list[Path], size: int) -> dict[str, Any]:
    """One model's entry.

    Raises:
        ModelError: the file is not a style model.
        StyleError: it does not have that style.
    """
    stylizer = allaprima.Stylizer(path)
    painter = model_painter(stylizer, path.stem, style)
    card = stylizer.card
    return {
        "model": path.name,
        "entries": len(card.styles),
        "parent": card.parent,
        "steps": card.steps,
        "batch": card.recipe["batch"],
        "trained_on": card.trained_on,
        "seconds_of_steps": seconds_of_steps(path),
        "losses": mean_and_std(judge.terms_of_all(painter, photos, size), TERMS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="the last one is what all stand beside")
    parser.add_argument("--painting", type=Path, required=True, help="what they learned; its name is the style's")
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="photographs nobody trained on")
    parser.add_argument("--count", type=at_least_one, metavar="N", help="how many of them (default: all)")
    parser.add_argument("--size", type=at_least_one, default=256, help="side of the squares (default: 256)")
    parser.add_argument("--vgg16", type=Path, help="weights of the loss network (default: the user's cache)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "fitting.json", help="default: %(default)s")
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    style = given.painting.stem
    try:
        judge = Judge(RECIPE, LossNetwork(load_weights(given.vgg16)).to(device), {style: given.painting})
        photos = spread(find_photos(given.photos, smallest=1).paths, given.count)  # small ones are enlarged
        rows = []
        with progress(len(given.models), "measuring") as bar:
            for path in given.models:
                rows.append(measure(path, style, judge, photos, given.size))
                bar.update(1, path.name)
    except AllaPrimaError as error:
        sys.exit(f"fitting: {error}")
    reference = rows[-1]["losses"]["total"]["mean"]
    for row in rows:
        row["total_beside_the_last"] = round(row["losses"]["total"]["mean"] / reference, 3)
    write_results(
        given.output,
        {
            **record(command_line(["python", "benchmarks/fitting.py"], sys.argv[1:])),
            "versions": versions("allaprima", "torch"),
            "painting": style,
            "photos": len(photos),
            "size": given.size,
            "results": rows,
        },
    )
    print(f"{'model':<24}{'steps':>7}{'seconds':>9}" + "".join(f"{term:>9}" for term in TERMS) + "   beside the last")
    for row in rows:
        figures = "".join(f"{row['losses'][term]['mean']:>9.4f}" for term in TERMS)
        seconds = f"{row['seconds_of_steps']:.0f}" if row["seconds_of_steps"] is not None else "–"
        print(f"{row['model']:<24}{row['steps']:>7}{seconds:>9}{figures}{row['total_beside_the_last']:>18.3f}")


if __name__ == "__main__":
    main()
