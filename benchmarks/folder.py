"""How near painting a folder comes to the bare network: photographs a second, from files to files.

    python benchmarks/folder.py photos/ --count 100 --size 1155x866
    python benchmarks/folder.py photos/ --count 1000 --size own --rounds 1

A folder of JPEG files of one size, or each of its own, is made of real photographs. ``allaprima stylize FOLDER``
paints it, measured as a user would from the start of the command to its end; the bare network is given as many decoded
pictures of the size that it sees in the command (``--stroke``), once with every core on one picture after another and
once with a picture on every core, and the faster counts. Both take turns, so that noise on a shared machine hits both
alike. Beside the seconds on the clock, the processor time of all cores is given, which other processes disturb less.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from allaprima.engine.engine import Engine, cores
from allaprima.evaluation.record import command_line, record, versions
from allaprima.gallery import find_model, gallery_model
from allaprima.look.stroke import reduce, reduced_size
from allaprima.options import STROKE
from allaprima.picture.formats import SUFFIXES
from allaprima.style_model import mixture
from progress import write_results
from speed import RESULTS, at_least_one, parse_size

QUALITY = 90  # of the photographs, as a camera's
DISTINCT = 8  # decoded pictures of one size that the bare network is given in turn, so that memory stays small
OWN = "own"  # each photograph as large as it is

Pixels = NDArray[np.uint8]
Cost = dict[str, float]
Size = tuple[int, int] | str


def size_or_own(text: str) -> Size:
    """``"1155x866"`` -> (1155, 866), or the word ``own``."""
    return text if text == OWN else parse_size(text)


def make_folder(photos: Path, folder: Path, count: int, size: Size) -> None:
    """``count`` JPEG files of ``size`` (width, height), of the photographs in turn."""
    sources = sorted(path for path in photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not sources:
        sys.exit(f"folder: there are no photographs in {photos}")
    for number in range(count):
        place = folder / f"{number:05}.jpg"
        if number >= len(sources):
            place.write_bytes((folder / f"{number % len(sources):05}.jpg").read_bytes())
            continue
        with Image.open(sources[number]) as photo:
            pixels = photo.convert("RGB")
            fitted = pixels if size == OWN else ImageOps.fit(pixels, size, Image.Resampling.LANCZOS)
        fitted.save(place, quality=QUALITY)


def as_seen(folder: Path, stroke: int, distinct: int) -> list[Pixels]:
    """So many of the folder's photographs as the network sees them, [1, h, w, 3] each."""
    pictures = []
    for path in sorted(folder.iterdir())[:distinct]:
        with Image.open(path) as photo:
            pixels = np.asarray(photo.convert("RGB"))
        size = reduced_size(*pixels.shape[:2], stroke)
        pictures.append((pixels if size is None else reduce(pixels, *size))[None])
    return pictures


def timed(work: Callable[[], object]) -> Cost:
    """Seconds on the clock, and of the processors in this process and those that it waited for."""
    began, used = time.perf_counter(), sum(os.times()[:4])
    work()
    return {"seconds": time.perf_counter() - began, "processor_seconds": sum(os.times()[:4]) - used}


def bare_in_turn(model: Path, threads: int, style: str, pictures: list[Pixels]) -> Callable[[int], None]:
    """The network with every core on one picture after another."""
    engine = Engine(model, threads)
    weights = mixture(engine.card.names, style, 1.0)

    def run(count: int) -> None:
        for number in range(count):
            engine.paint(pictures[number % len(pictures)], weights)

    return run


def bare_side_by_side(model: Path, threads: int, style: str, pictures: list[Pixels]) -> Callable[[int], None]:
    """The network with a picture on every core."""
    engine = Engine(model, 1)
    weights = mixture(engine.card.names, style, 1.0)

    def run(count: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda number: engine.paint(pictures[number % len(pictures)], weights).shape, range(count)))

    return run


def stylize(folder: Path, model: Path, threads: int, style: str, stroke: int) -> None:
    """The command, as a user types it."""
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "allaprima", "stylize", str(folder), "-m", str(model), "-s", style]
        command += ["-o", target, "--threads", str(threads), "--stroke", str(stroke)]
        subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--count", type=at_least_one, default=100, help="photographs (default: %(default)s)")
    parser.add_argument("--size", type=size_or_own, default=(1155, 866), help="of each (default: 1155x866)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="turns of each side (default: %(default)s)")
    parser.add_argument("--stroke", type=at_least_one, default=STROKE, help="default: %(default)s")
    parser.add_argument("--threads", type=at_least_one, default=cores(), help="default: every core")
    parser.add_argument("--model", type=find_model, default=gallery_model(), help="fast (default), fine or a file")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "folder.json", help="default: %(default)s")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_folder(options.photos, folder, options.count, options.size)
        pictures = as_seen(folder, options.stroke, options.count if options.size == OWN else DISTINCT)
        network = (options.model, options.threads, options.style)
        bare = {
            "bare, every core on one picture": bare_in_turn(*network, pictures),
            "bare, a picture on every core": bare_side_by_side(*network, pictures),
        }
        sides: dict[str, Callable[[], object]] = {
            name: lambda run=run: run(options.count) for name, run in bare.items()
        }
        sides["stylize"] = lambda: stylize(folder, options.model, options.threads, options.style, options.stroke)
        costs: dict[str, list[Cost]] = {name: [] for name in sides}
        for run in bare.values():
            run(DISTINCT)  # the first pictures wait for memory
        for _ in range(options.rounds):
            for name, work in sides.items():
                costs[name].append(timed(work))
                print(f"{name}: {costs[name][-1]}", file=sys.stderr)
    least = {name: {key: min(cost[key] for cost in rows) for key in rows[0]} for name, rows in costs.items()}
    settings: dict[str, Any] = {key: getattr(options, key) for key in ("count", "size", "rounds", "stroke", "threads")}
    settings["seen"] = OWN if options.size == OWN else pictures[0].shape[2:0:-1]
    ratios = {key: round(min(least[name][key] for name in bare) / least["stylize"][key], 3) for key in least["stylize"]}
    command = command_line(["python", "benchmarks/folder.py"], sys.argv[1:])
    results = {"versions": versions("allaprima", "onnxruntime", "pillow", "numpy"), "settings": settings}
    rates = {name: round(options.count / cost["seconds"], 2) for name, cost in least.items()}
    results |= {"least": least, "photographs_a_second": rates, "throughput_as_a_share_of_the_bare_network": ratios}
    write_results(options.output, {**record(command), **results})
    print(f"{rates}\nshare of the bare network: {ratios}")


if __name__ == "__main__":
    main()
