"""Where the time of a frame of a clip goes: reducing, the network, slopes, the rows of the result.

    python benchmarks/frame.py examples/astronaut.jpg
    python benchmarks/frame.py examples/astronaut.jpg --before ../older/src

CPU milliseconds of one thread, least of all rounds. With ``--before``, the source folder of an older checkout, that is
measured in turns with this one, each in a process of its own: this very file with ``--serve``.
"""
# ruff: noqa: PLC0415 - a child imports its own side's package

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CASES = ((1280, 720, 640), (1920, 1080, 640))
"""Width and height of a frame, and ``stroke``."""
RESULTS = Path(__file__).parent / "results" / "local"
STEPS = ("reduce", "network", "slopes", "rows", "whole")
"""What ``look.stroke`` and the engine do by themselves, and all of it, as a clip's session does it."""


def serve(photo: Path) -> None:
    """The child: answers every line of stdin with the milliseconds of each step of each case."""
    from allaprima.look.stroke import Enlarger, reduce, reduced_size
    from allaprima.stylizer import Stylizer

    stylizer = Stylizer(threads=1)
    engine, style = stylizer._engine, stylizer.styles[0].name
    mixture = np.eye(len(engine.card.styles), dtype=np.float32)[1]
    with Image.open(photo) as image:
        frames = [np.asarray(image.convert("RGB").resize(case[:2], Image.Resampling.BICUBIC)) for case in CASES]

    def measured(frame: np.ndarray, stroke: int) -> dict[str, float]:
        spent: dict[str, float] = {}

        def timed(step: str, work: Callable[[], Any]) -> Any:
            began = time.process_time()
            result = work()
            spent[step] = 1000 * (time.process_time() - began)
            return result

        height, width = frame.shape[:2]
        small = reduced_size(height, width, stroke)
        assert small is not None
        seen = timed("reduce", lambda: reduce(frame, *small))
        painted = timed("network", lambda: engine.paint(seen[None], mixture)[0])
        enlarger = timed("slopes", lambda: Enlarger(seen, painted, (height, width), 0.0))
        band = max(1, 2**17 // width)

        def rows() -> None:
            for top in range(0, height, band):
                rows = enlarger.rows(frame[top : top + band], top)
                if rows.dtype != np.uint8:  # of an older version, before it was rounded
                    np.clip(np.rint(rows), 0, 255).astype(np.uint8)

        timed("rows", rows)
        timed("whole", lambda: stylizer.stylize(frame, style, stroke=stroke))
        return spent

    for _ in sys.stdin:
        cases = zip(frames, CASES, strict=True)
        print(json.dumps([measured(frame, stroke) for frame, (_, _, stroke) in cases]), flush=True)


class Side:
    """A child process that measures one version.

    Args:
        photo: what the frames show.
        source: the folder of the package; None is the one that is imported here.
    """

    def __init__(self, photo: Path, source: Path | None) -> None:
        environment = dict(os.environ) if source is None else os.environ | {"PYTHONPATH": str(source)}
        command = [sys.executable, __file__, "--serve", str(photo)]
        self._process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment)
        self.least: list[dict[str, float]] = [{} for _ in CASES]

    def round(self) -> None:
        """Measure everything once more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        for least, found in zip(self.least, json.loads(self._process.stdout.readline()), strict=True):
            least.update({step: round(min(value, least.get(step, value)), 1) for step, value in found.items()})

    def close(self) -> None:
        """End the child."""
        self._process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, help="what the frames show")
    parser.add_argument("--before", type=Path, help="the folder src of an older checkout")
    parser.add_argument("--rounds", type=int, default=12, help="default: %(default)s")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "frame.json", help="default: %(default)s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.photo)
        return

    from allaprima.evaluation.record import command_line, record, versions
    from progress import progress, write_results

    sides = {"now": Side(options.photo, None)}
    if options.before is not None:
        sides["before"] = Side(options.photo, options.before)
    with progress(options.rounds * len(sides), "measuring") as bar:
        for _ in range(options.rounds):
            for side in sides.values():
                side.round()
                bar.update(1)
    for side in sides.values():
        side.close()
    results = [
        {"width": width, "height": height, "stroke": stroke, **{name: side.least[i] for name, side in sides.items()}}
        for i, (width, height, stroke) in enumerate(CASES)
    ]
    command = command_line(["python", "benchmarks/frame.py"], sys.argv[1:])
    libraries = versions("numpy", "pillow", "onnxruntime")
    settings = {"rounds": options.rounds, "threads": 1, "unit": "CPU milliseconds"}
    write_results(options.output, {**record(command), "versions": libraries, "settings": settings, "results": results})
    for row in results:
        print(f"{row['width']}×{row['height']}, stroke {row['stroke']}")
        for name in sides:
            print(f"  {name:7}" + "".join(f"{step:>10} {row[name][step]:6.1f}" for step in STEPS))


if __name__ == "__main__":
    main()
