"""How near painting comes to what the CPU can do: a profile of the network, its GFLOP/s, and measured ceilings.

    python benchmarks/ceiling.py
    python benchmarks/ceiling.py --size 1024x1024 --rounds 20

A ceiling is the best that a library reaches on the same cores with a large matrix product, and with the network's most
frequent convolution (32 to 32 channels, 3×3, 128×128) alone. All are measured in one run and take turns; every core
computes. Of a network, only its convolutions are counted, two operations for each multiplication with its addition.
Needs the package onnx; OpenVINO is measured where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from allaprima import Stylizer
from allaprima.engine.engine import ENGINES
from allaprima.engine.openvino import OpenVinoSession
from allaprima.errors import EngineError
from allaprima.evaluation.record import command_line, record, versions
from allaprima.gallery import find_model, gallery_model
from allaprima.style_model import IMAGE, STYLE
from progress import progress, write_results
from speed import RESULTS, at_least_one, parse_size, summary

SIDE = 2048  # of the matrices
CHANNELS, PIXELS = 32, 128

Run = Callable[[], object]


def profile(
    model: Path, pixels: NDArray[np.uint8], style: NDArray[np.float32], runs: int
) -> tuple[dict[str, float], float]:
    """Milliseconds by kind of node (medians over the runs), in ONNX Runtime as it comes; and the convolutions' FLOP."""
    milliseconds: Counter[str] = Counter()
    for kind, _, seconds in _nodes(model, pixels, style, runs, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
        milliseconds[kind] += 1000 * seconds
    flop = 0.0
    # Without the last level of optimization weights keep their own shape, [outputs, inputs, height, width].
    for kind, shapes, _ in _nodes(model, pixels, style, 1, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED):
        if kind in ("Conv", "FusedConv"):
            weight, result = shapes[0][1], shapes[1][0]
            flop += 2.0 * math.prod(weight[1:]) * math.prod(result)
    return {kind: round(value, 3) for kind, value in milliseconds.most_common()}, flop


def _nodes(
    model: Path, pixels: NDArray[np.uint8], style: NDArray[np.float32], runs: int, level: Any
) -> list[tuple[str, tuple[list[list[int]], list[list[int]]], float]]:
    """Every node of a model as it runs: its kind, the shapes of inputs and outputs, and seconds (a median)."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(runs + 2):  # two warm up
            session.run(None, {IMAGE: pixels[None], STYLE: style})
        events = json.loads(Path(session.end_profiling()).read_text())
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            found.setdefault(event["name"], []).append(event)

    def shapes(event: dict[str, Any], which: str) -> list[list[int]]:
        return [shape for tensor in event["args"][which] for shape in tensor.values()]

    return [
        (
            same[0]["args"]["op_name"],
            (shapes(same[0], "input_type_shape"), shapes(same[0], "output_type_shape")),
            float(np.median([event["dur"] for event in same[-runs:]])) / 1e6,
        )
        for same in found.values()
    ]


def node_model(kind: str, x: NDArray[Any], constants: list[NDArray[Any]], output: int) -> bytes:
    """A model of one node: input ``x``, then constants."""
    names = [f"c{k}" for k in range(len(constants))]
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *names], ["y"])],
        kind,
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)],
        [helper.make_tensor_value_info("y", output, None)],
        [numpy_helper.from_array(value, name) for value, name in zip(constants, names, strict=True)],
    )
    model: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    ).SerializeToString()
    return model


def ceilings() -> dict[str, tuple[Run, float]]:
    """What is measured by name, and its operations."""
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((SIDE, SIDE), dtype=np.float32) for _ in range(2))
    x = random.standard_normal((1, CHANNELS, PIXELS + 2, PIXELS + 2), dtype=np.float32)
    weight = random.standard_normal((CHANNELS, CHANNELS, 3, 3), dtype=np.float32)
    product = node_model("MatMul", a, [b], TensorProto.FLOAT)
    convolution = node_model("Conv", x, [weight], TensorProto.FLOAT)
    bytes_a, bytes_b = (random.integers(0, 100, (SIDE, SIDE)).astype(kind) for kind in (np.uint8, np.int8))
    integers = node_model("MatMulInteger", bytes_a, [bytes_b], TensorProto.INT32)
    of_product, of_convolution = 2.0 * SIDE**3, 2.0 * CHANNELS**2 * 9 * PIXELS**2

    def in_onnxruntime(model: bytes, x: NDArray[Any]) -> Run:
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.force_spinning_stop", "1")  # it would take the next one's cores
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"x": x})

    found: dict[str, tuple[Run, float]] = {
        "numpy float32 product": (lambda: a @ b, of_product),
        "onnxruntime float32 product": (in_onnxruntime(product, a), of_product),
        "onnxruntime float32 convolution": (in_onnxruntime(convolution, x), of_convolution),
        "onnxruntime int8 product": (in_onnxruntime(integers, bytes_a), of_product),
    }
    for half in (False, True):
        name = f"openvino {'bfloat16' if half else 'float32'}"
        try:
            of_a, of_x = (OpenVinoSession(model, half=half) for model in (product, convolution))
        except EngineError as error:
            print(f"ceiling: {name}: {error}", file=sys.stderr)
            continue
        found[f"{name} product"] = (lambda s=of_a: s.run(None, {"x": a}), of_product)  # type: ignore[misc]
        found[f"{name} convolution"] = (lambda s=of_x: s.run(None, {"x": x}), of_convolution)  # type: ignore[misc]
    return found


def paintings(model: Path, pixels: NDArray[np.uint8], flop: float) -> dict[str, tuple[Run, float]]:
    """The whole way from uint8 array to uint8 array, in every engine that is here."""
    found: dict[str, tuple[Run, float]] = {}
    for engine in ENGINES:
        try:
            stylizer = Stylizer(model, engine=engine)
        except EngineError:
            continue
        style = stylizer.styles[0].name
        found[f"painting, {engine}"] = (lambda s=stylizer, t=style: s.stylize(pixels, t, stroke="own"), flop)  # type: ignore[misc]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=parse_size, default=(512, 512), help="WIDTHxHEIGHT (default: 512x512)")
    parser.add_argument("--model", type=find_model, default=gallery_model(), help="fast (default), fine or a file")
    parser.add_argument("--rounds", type=at_least_one, default=12, help="turns of each (default: 12)")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "ceiling.json", help="default: %(default)s")
    options = parser.parse_args()
    if not options.model.is_file():
        sys.exit(f"ceiling: there is no file {options.model}")
    width, height = options.size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    styles = len(Stylizer(options.model).card.styles)
    by_kind, flop = profile(options.model, pixels, np.eye(styles, dtype=np.float32)[-1], options.rounds)
    runs = paintings(options.model, pixels, flop) | ceilings()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    with progress(options.rounds, "measuring") as bar:
        for _ in range(options.rounds):
            for name, (run, _) in runs.items():
                time.sleep(0.1)  # threads spin for a moment after their work
                run()
                for _ in range(2):
                    began = time.perf_counter()
                    run()
                    seconds[name].append(time.perf_counter() - began)
            bar.update(1)
    results = {
        name: {**summary(seconds[name]), "gflops": round(work / min(seconds[name]) / 1e9, 1)}
        for name, (_, work) in runs.items()
    }
    names = [
        "allaprima",
        "numpy",
        "onnx",
        "onnxruntime",
        *(["openvino"] if importlib.util.find_spec("openvino") else []),
    ]
    report = {
        **record(command_line(["python", "benchmarks/ceiling.py"], sys.argv[1:])),
        "versions": versions(*names),
        "settings": {"width": width, "height": height, "rounds": options.rounds, "threads": os.cpu_count()},
        "gflop": round(flop / 1e9, 3),
        "profile_ms": by_kind,
        "results": results,
    }
    write_results(options.output, report)

    print(f"{flop / 1e9:.2f} GFLOP in the convolutions of {width}×{height} pixels")
    for kind, value in list(by_kind.items())[:10]:
        print(f"{kind:>34}{value:>9.2f} ms{100 * value / sum(by_kind.values()):>7.1f} %")
    for name, row in results.items():
        print(f"{name:>34}{row['min_ms']:>9.2f} ms{row['gflops']:>8.0f} GFLOP/s")


if __name__ == "__main__":
    main()
