"""The architecture study: variants of the network ``fast``, and candidates for ``fine``, at equal training budget.

    python benchmarks/architectures.py --photos TRAIN --val VAL --painting great_wave.jpg --vgg16 WEIGHTS
    python benchmarks/architectures.py … --timings --page docs/networks.md

Every variant learns the painting from the same crops in the same number of steps, full strength only; then its
exported model paints photographs that nobody trained on, and the pictures as delivered are measured by the recipe's
objective. ``--timings`` measures all finished models in turns. What is finished is kept beside the output
(``log.jsonl`` and ``models/``), and a run does only what is missing; see docs/networks.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from allaprima.engine.engine import Engine
from allaprima.errors import AllaPrimaError, DivergedError, TrainingError
from allaprima.evaluation.judge import photo_square
from allaprima.evaluation.record import command_line, cpu_model, record, versions
from allaprima.style_model import mixture
from allaprima.training.model_file import read_card
from allaprima.training.recipes import RECIPES
from architecture_report import pareto_front, write_page
from architecture_study import SIDE, TERMS, TIMED_SIDE, Study
from architecture_variants import DISTILLED, VARIANTS
from progress import progress, write_results
from speed import RESULTS, at_least_one, summary

PICTURE = Path(__file__).parents[1] / "examples" / "astronaut.jpg"


def time_models(
    models: Mapping[str, Path], photo: Path, rounds: int, threads: int, tick: Callable[[], object]
) -> dict[str, dict[str, float]]:
    """Minimum and median milliseconds of every model, which take turns; ``tick`` is called after each round."""
    pixels = photo_square(photo, TIMED_SIDE)[None]
    engines = {name: Engine(path, threads) for name, path in models.items()}
    inputs = {name: mixture(e.card.names, e.card.names[-1], strength=1.0) for name, e in engines.items()}
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(1 + rounds):
        for name, engine in engines.items():
            time.sleep(0.05)  # the threads of the one before spin for a moment after their work
            began = time.perf_counter()
            engine.paint(pixels, inputs[name])
            if turn:  # the first warms up
                seconds[name].append(time.perf_counter() - began)
        if turn:
            tick()
    return {name: summary(times) for name, times in seconds.items()}


def train_missing(study: Study, names: list[str]) -> None:
    """Train what has no result yet, a line for each; one that diverges does not stop the others."""
    missing = [name for name in names if study.result(name) is None]
    with progress(len(missing) * study.recipe.steps, "training") as bar:
        for name in missing:
            try:
                result = study.train(name, lambda name=name: bar.update(1, name))
            except DivergedError as error:
                print(f"architectures: {name}: {error}", file=sys.stderr)
                continue
            terms = "  ".join(f"{term} {result['terms'][term]['mean']:.3f}" for term in TERMS)
            print(f"{name:<12} {terms}  {result['seconds_per_step']:.2f} s/step", flush=True)


def timings(study: Study, names: list[str], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Of just these models, all measured side by side: anew with ``--timings``, else as the log has them, if at all."""
    models = {name: study.model(name) for name in names}
    settings = {"timed": TIMED_SIDE, "threads": options.threads, "rounds": options.rounds, "cpu": cpu_model()}
    described = {**settings, "models": {name: read_card(path).weights_sha256[:12] for name, path in models.items()}}
    if options.timings:
        with progress(options.rounds, "timing") as bar:
            measured = time_models(models, study.val[0], options.rounds, options.threads, lambda: bar.update(1))
        study.log.add(described, measured)
    return study.log.get(described) or {}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Do what is missing; the whole file of results.

    Raises:
        TrainingError: ``--only`` names something else than a variant.
    """
    study = Study(options)
    chosen = options.only or list(study.variants)
    for name in chosen:
        if name not in study.variants:
            raise TrainingError(f"there is no variant {name} here; choose from: {', '.join(study.variants)}")
    train_missing(study, chosen)
    results = {name: result for name in study.variants if (result := study.result(name)) is not None}
    if not results:
        raise TrainingError("no variant has a result, hence there is nothing to report")
    measured = timings(study, list(results), options)
    rows = [
        {"variant": name, "about": study.variants[name].about, **result, "milliseconds": measured.get(name)}
        for name, result in results.items()
    ]
    data = {
        **record(command_line(["python", "benchmarks/architectures.py"], sys.argv[1:])),
        "versions": versions("allaprima", "torch", "onnxruntime"),
        "recipe": asdict(study.recipe),
        "painting": study.style.name,
        "photos": {"measured": len(study.val), "side": SIDE},
        "timed": {"side": TIMED_SIDE, "threads": options.threads, "rounds": options.rounds},
        "front": sorted(pareto_front(rows)),
        "results": rows,
    }
    write_results(options.output, data)
    if options.page:
        write_page(data, {name: study.paint(name, options.picture) for name in results},
                   photo_square(options.picture, SIDE), options.page)  # fmt: skip
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recipe = RECIPES["four-layers"]
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="photographs to train on")
    parser.add_argument("--val", type=Path, required=True, metavar="DIR", help="other photographs, to measure on")
    parser.add_argument("--count", type=at_least_one, default=13, metavar="N", help="how many of them (default: 13)")
    parser.add_argument("--painting", type=Path, required=True, metavar="IMAGE", help="the style that all learn")
    parser.add_argument("--vgg16", type=Path, help="weights of the loss network (default: the user's cache)")
    parser.add_argument("--steps", type=at_least_one, default=250, help="of every variant (default: 250)")
    parser.add_argument("--batch", type=at_least_one, default=2, help="default: 2")
    parser.add_argument("--size", type=at_least_one, default=recipe.size, help="side of the crops (default: 256)")
    parser.add_argument(
        "--style-size", type=at_least_one, default=recipe.style_size, help="short side of the painting (default: 384)"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="train no others: " + ", ".join(VARIANTS))
    parser.add_argument(
        "--teacher", nargs=2, metavar=("MODEL", "WEIGHT"),
        help=f"adds the row {DISTILLED}: fast that also learns from this style model's pictures",
    )  # fmt: skip
    parser.add_argument("--timings", action="store_true", help="measure milliseconds; only on a machine that is quiet")
    parser.add_argument("--threads", type=at_least_one, default=os.cpu_count(), help="timed (default: every core)")
    parser.add_argument("--rounds", type=at_least_one, default=30, help="turns of each model (default: 30)")
    parser.add_argument("--page", type=Path, help="a Markdown page that gets the table; images/ beside it the pictures")
    parser.add_argument("--picture", type=Path, default=PICTURE, help=f"shown there (default: {PICTURE.name})")
    parser.add_argument(
        "-o", "--output", type=Path, default=RESULTS / "architectures.json", help="default: %(default)s"
    )
    options = parser.parse_args()
    for path in (options.painting, options.page, options.picture if options.page else None):
        if path is not None and not path.is_file():
            sys.exit(f"architectures: there is no file {path}")
    try:
        run(options)
    except AllaPrimaError as error:
        sys.exit(f"architectures: {error}")


if __name__ == "__main__":
    main()
