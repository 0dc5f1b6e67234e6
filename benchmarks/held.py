"""What a frame of a calm shot takes with statistics held, beside the network that gathers its own.

    python benchmarks/held.py examples/astronaut.jpg
    python benchmarks/held.py examples/astronaut.jpg --engines onnxruntime openvino openvino-bf16

CPU milliseconds of one thread, medians of rounds in turns: of the network, of measuring and painting a frame, of making
a network of its statistics (with the first frame, less one), and of a frame held. ``differ`` is the share of values in
which the painting, held with the statistics of the same frame, is not the network's own, and ``most`` by how much.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from allaprima.engine.engine import Engine
from allaprima.evaluation.record import command_line, record, versions
from allaprima.gallery import BANKS, gallery_model
from progress import progress, write_results

SIZES = ((640, 360), (640, 480), (1280, 720))
RESULTS = Path(__file__).parent / "results" / "local"
AT_ONCE = 2
"""Threads of the engine, with a frame each; one of them is measured."""
STEPS = ("network", "measuring", "making", "held")

T = TypeVar("T")


def measured(engine: Engine, frame: np.ndarray, rounds: int) -> dict[str, float]:
    """Milliseconds of each step for a frame, [1, H, W, 3]."""
    mixture = np.eye(len(engine.card.styles), dtype=np.float32)[1]
    spent: dict[str, list[float]] = {step: [] for step in STEPS}

    def timed(step: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        result = work()
        spent[step].append(1000 * (time.process_time() - began))
        return result

    for _ in range(rounds + 1):
        alone = timed("network", lambda: engine.paint(frame, mixture, beside=True))
        _, statistics = timed("measuring", lambda: engine.paint_and_measure(frame, mixture, beside=True))
        assert statistics is not None
        began = time.process_time()
        network = engine.held(statistics, mixture)
        engine.paint(frame, mixture, beside=True, held=network)
        first = 1000 * (time.process_time() - began)
        engine.paint(frame, mixture, beside=True, held=network)  # its memory is new
        held = timed("held", lambda network=network: engine.paint(frame, mixture, beside=True, held=network))
        spent["making"].append(first - spent["held"][-1])
    off = np.abs(held.astype(int) - alone)
    found = {step: round(float(np.median(times[1:])), 1) for step, times in spent.items()}
    return {**found, "differ": round(float((off > 0).mean()), 5), "most": int(off.max())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, help="what the frames show")
    parser.add_argument("--engines", nargs="+", default=["onnxruntime"], help="default: onnxruntime")
    parser.add_argument("--bank", choices=BANKS, default="fast", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "held.json", help="default: %(default)s")
    options = parser.parse_args()
    with Image.open(options.photo) as photo:
        frames = [np.asarray(photo.convert("RGB").resize(size, Image.Resampling.BICUBIC))[None] for size in SIZES]
    results = []
    with progress(len(SIZES) * len(options.engines), "measuring") as bar:
        for engine in options.engines:
            loaded = Engine(gallery_model(options.bank), AT_ONCE, engine=engine)
            for size, frame in zip(SIZES, frames, strict=True):
                results.append({"engine": engine, "size": size, **measured(loaded, frame, options.rounds)})
                bar.update(1)
    command = command_line(["python", "benchmarks/held.py"], sys.argv[1:])
    openvino = ["openvino"] if any(engine.startswith("openvino") for engine in options.engines) else []
    libraries = versions("numpy", "onnxruntime", *openvino)
    settings = {"bank": options.bank, "rounds": options.rounds, "unit": "CPU milliseconds of one thread"}
    write_results(options.output, {**record(command), "versions": libraries, "settings": settings, "results": results})
    for row in results:
        steps = "".join(f"{step:>11} {row[step]:6.1f}" for step in STEPS)
        print(f"{row['engine']:14}{row['size'][0]:5}×{row['size'][1]:<5}{steps}  {row['differ']:.5f} {row['most']}")


if __name__ == "__main__":
    main()
