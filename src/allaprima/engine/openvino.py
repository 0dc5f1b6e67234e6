"""A style model in OpenVINO, faster than ONNX Runtime on x86 CPUs where many pictures have one size (docs/speed.md).

OpenVINO keeps instance norms and paddings in the layout of its convolutions, once the sizes of all inputs are known;
with sizes left open it is about as fast as ONNX Runtime. To compile the model for a size takes the time of several
pictures, so that is done only for sizes that keep coming; all others are painted by one model of open sizes.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from allaprima.errors import EngineError, how_to_install

COMPILED_AT = 4
"""The time that a size comes, at which the model is compiled for it: to compile takes as long as a size of its own
saves on about so many pictures."""
SIZES_KEPT = 2
"""For which the model is compiled; each holds memory of its own."""
SIZES_COUNTED = 1000
"""After so many, counting begins again, so that a folder without end takes no memory."""

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Of the inputs, by their names."""


class OpenVinoSession:
    """Stands in for ``onnxruntime.InferenceSession``; threads may share it, and take turns unless it is for many.

    Args:
        model: an ``.onnx`` file's bytes.
        threads: how many threads compute; None takes every core.
        half: compute in bfloat16, with 8 bits of precision, rather than float32.
        at_once: how many pictures of the same sizes, such as a clip's frames, are computed side by side.
        soon: whether the model is compiled for a size as soon as that comes, which it is anyway where more than one
            picture is computed: of the same frame comes the same painting wherever in a clip a run begins.

    Raises:
        EngineError: OpenVINO is not installed, or this CPU has no bfloat16.
    """

    def __init__(
        self, model: bytes, threads: int | None = None, *, half: bool = False, at_once: int = 1, soon: bool = False
    ) -> None:
        try:
            import openvino  # noqa: PLC0415 - an extra, and slow to load
        except ModuleNotFoundError as error:
            raise EngineError(
                f"the engine openvino is not installed: {how_to_install('openvino')}, or choose onnxruntime"
            ) from error
        self._core = openvino.Core()
        if half and "BF16" not in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise EngineError("this CPU does not compute in bfloat16: choose the engine openvino, or onnxruntime")
        self._model = self._core.read_model(model)
        self._many = at_once > 1
        self._compiled_at = 1 if soon or self._many else COMPILED_AT
        self._config = {
            **({"NUM_STREAMS": at_once} if self._many else {"PERFORMANCE_HINT": "LATENCY"}),
            "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
            "INFERENCE_NUM_THREADS": threads or 0,
        }
        self._of_one_size: OrderedDict[Shapes, Any] = OrderedDict()
        self._seen: Counter[Shapes] = Counter()
        self._turn, self._requests = threading.Lock(), threading.local()

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any]) -> list[Any]:
        """Compute the outputs named, or all."""
        with self._turn:
            shapes = tuple((name, value.shape) for name, value in input_feed.items())
            compiled = self._compiled(shapes)
            outputs = None if self._many else compiled(input_feed)
        if outputs is None:
            outputs = self._request(compiled).infer(input_feed)
        return list(outputs.values()) if output_names is None else [outputs[name] for name in output_names]

    def _compiled(self, shapes: Shapes) -> Any:
        """What computes inputs of these shapes."""
        if shapes in self._of_one_size:
            self._of_one_size.move_to_end(shapes)
            return self._of_one_size[shapes]
        if len(self._seen) >= SIZES_COUNTED:
            self._seen.clear()
        self._seen[shapes] += 1
        if self._seen[shapes] < self._compiled_at:
            return self._of_any_size
        if len(self._of_one_size) >= SIZES_KEPT:  # one that is dropped has to come as often once more
            self._of_one_size.popitem(last=False)
        del self._seen[shapes]
        model = self._model.clone()
        model.reshape({name: list(shape) for name, shape in shapes})
        self._of_one_size[shapes] = self._core.compile_model(model, "CPU", self._config)
        return self._of_one_size[shapes]

    def _request(self, compiled: Any) -> Any:
        """This thread's own request to compute one picture; its memory is kept for the next."""
        known: dict[int, tuple[Any, Any]] = self._requests.__dict__.setdefault("known", {})
        if id(compiled) not in known:
            for other in [one for one, (model, _) in known.items() if model not in self._of_one_size.values()]:
                del known[other]
            known[id(compiled)] = compiled, compiled.create_infer_request()
        return known[id(compiled)][1]

    @cached_property
    def _of_any_size(self) -> Any:
        return self._core.compile_model(self._model, "CPU", self._config)
