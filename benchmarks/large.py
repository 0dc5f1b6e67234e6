"""A picture of 100 megapixels: memory, time against the sum of its tiles, and whether a seam is left.

    python benchmarks/large.py photos/ --side 10000 --memory 1.5G

A square picture is laid out of the folder's photographs. Measured are

- memory: the most that ``allaprima stylize --stroke own`` took at any moment, from a JPEG file to a JPEG file;
- time: the painting in tiles with its statistics, against the bare network over the same tiles one by one, without
  overlap and without statistics. Both take turns, and the least of each counts;
- seams: the mean gradient across the borders of the tiles, divided by that at the same places in the same picture
  painted with the same statistics in tiles of half the size, less one step, whose borders lie elsewhere.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from allaprima.engine.boxes import ALIGN, grid
from allaprima.engine.engine import Engine
from allaprima.engine.memory import parse_memory
from allaprima.engine.sample import take_sample
from allaprima.engine.tiles import EXACT_BELOW, TilePainter
from allaprima.evaluation.record import command_line, record, versions
from allaprima.gallery import find_model, gallery_model
from allaprima.style_model import mixture
from progress import write_results
from speed import RESULTS, at_least_one
from tiles import Pixels, gradient, lay_out


def most_memory(image: Pixels, model: Path, style: str, memory: str) -> float:
    """GiB that the command takes at most."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "large.jpg", Path(folder) / "painted.jpg"
        Image.fromarray(image).save(source, quality=90)
        command = [sys.executable, "-m", "allaprima", "stylize", str(source), "-m", str(model), "-s", style]
        subprocess.run([*command, "--stroke", "own", "--memory", memory, "-o", str(target)], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20  # KiB, on Linux


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def seam(painted: Pixels, other: Pixels, side: int, other_side: int) -> float:
    """How much steeper it is where ``painted`` has borders of tiles and ``other`` has none."""
    ratios = []
    for axis in (0, 1):
        ours, theirs = ({box[axis] - 1 for box in grid(*painted.shape[:2], s) if box[axis]} for s in (side, other_side))
        places = sorted(ours - theirs)
        ratios.append(sum(gradient(painted, axis, k) for k in places) / sum(gradient(other, axis, k) for k in places))
    return float(np.mean(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--side", type=at_least_one, default=10_000, help="of the picture (default: %(default)s)")
    parser.add_argument("--memory", default="1.5G", help="that the painting may take (default: %(default)s)")
    parser.add_argument("--rounds", type=at_least_one, default=2, help="turns of each side (default: %(default)s)")
    parser.add_argument("--model", type=find_model, default=gallery_model(), help="fast (default), fine or a file")
    parser.add_argument("--style", default="great_wave", help="default: %(default)s")
    parser.add_argument("--threads", type=at_least_one, help="default: every core")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "large.json", help="default: %(default)s")
    options = parser.parse_args()

    image = lay_out(options.photos, options.side)
    gibibytes = most_memory(image, options.model, options.style, options.memory)
    engine = Engine(options.model, options.threads, memory=2**50)
    weights = mixture(engine.card.names, options.style, 1.0)
    painter = TilePainter(options.model.read_bytes(), len(engine.card.styles), engine.open)
    memory = parse_memory(options.memory)
    side = painter.side(image.nbytes, memory)
    tiles = grid(*image.shape[:2], side)
    sample_of = take_sample if image.shape[0] * image.shape[1] > EXACT_BELOW else painter.everything
    ways: dict[str, Callable[[], object]] = {
        "statistics": lambda: painter.statistics(image, weights, sample_of(image), memory),
        "tiles with overlap": lambda: painter.paint_tiles(image, statistics, side),
        "bare network over the tiles": lambda: [engine.paint(tile.of(image), weights).shape for tile in tiles],
    }
    statistics = painter.statistics(image, weights, sample_of(image), memory)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, work in ways.items():
            times[name].append(seconds(work))
            print(f"{name}: {times[name][-1]:.2f} s", file=sys.stderr)
    least = {name: round(min(values), 3) for name, values in times.items()}
    other_side = max(ALIGN, side // 2 // ALIGN * ALIGN - ALIGN)
    painted, other = (painter.paint_tiles(image, statistics, s) for s in (side, other_side))
    results = {
        "gibibytes_at_most": round(gibibytes, 3),
        "least_seconds": least,
        "time_as_a_multiple_of_the_tiles": round(
            (least["statistics"] + least["tiles with overlap"]) / least["bare network over the tiles"], 3
        ),
        "seam": round(seam(painted, other, side, other_side), 4),
    }
    command = command_line(["python", "benchmarks/large.py"], sys.argv[1:])
    settings = {"side": options.side, "memory": options.memory, "tile": side, "rounds": options.rounds}
    settings |= {"threads": options.threads, "style": options.style}
    write_results(
        options.output,
        {**record(command), "versions": versions("allaprima", "onnxruntime", "numpy"), "settings": settings, **results},
    )
    print(results)


if __name__ == "__main__":
    main()
