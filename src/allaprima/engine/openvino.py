"""A style model in OpenVINO, faster than ONNX Runtime on x86 CPUs where many pictures have one size (docs/speed.md).

OpenVINO keeps instance norms and paddings in the layout of its convolutions, once the sizes of all inputs are known;
with sizes left open it is slower than ONNX Runtime. So the model is compiled for each size that comes, in about a
tenth of a second, and the last few are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from allaprima.errors import EngineError

SIZES_KEPT = 2
"""Of compiled models; each holds memory of its own."""


class OpenVinoSession:
    """Stands in for ``onnxruntime.InferenceSession``; threads may share it, and take turns.

    Args:
        model: an ``.onnx`` file's bytes.
        threads: how many threads compute; None takes every core.
        half: compute in bfloat16, with 8 bits of precision, rather than float32.

    Raises:
        EngineError: OpenVINO is not installed, or this CPU has no bfloat16.
    """

    def __init__(self, model: bytes, threads: int | None = None, *, half: bool = False) -> None:
        try:
            import openvino  # noqa: PLC0415 - an extra, and slow to load
        except ModuleNotFoundError as error:
            raise EngineError(
                "the engine openvino is not installed: pip install 'allaprima[openvino]', or choose onnxruntime"
            ) from error
        self._core = openvino.Core()
        if half and "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise EngineError("this CPU does not compute in bfloat16: choose the engine openvino, or onnxruntime")
        self._model = self._core.read_model(model)
        self._config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
            "INFERENCE_NUM_THREADS": threads or 0,
        }
        self._compiled = lru_cache(SIZES_KEPT)(self._compile)
        self._turn = threading.Lock()

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any]) -> list[Any]:
        """Compute the outputs named, or all."""
        with self._turn:
            shapes = tuple((name, value.shape) for name, value in input_feed.items())
            outputs = self._compiled(shapes)(input_feed)
        return list(outputs.values()) if output_names is None else [outputs[name] for name in output_names]

    def _compile(self, shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> Any:
        model = self._model.clone()
        model.reshape({name: list(shape) for name, shape in shapes})
        return self._core.compile_model(model, "CPU", self._config)
