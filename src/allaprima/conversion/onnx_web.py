"""ONNX for the web and for any runtime that has floats but few operators on bytes.

``image`` and ``stylized`` are float32 ``[1, height, width, 3]``, RGB in 0..255; ``style`` is the mixture, unless one is
baked in. Convolutions and, with a baked style, scales and shifts are constants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels, Source
from allaprima.engine.runtime import open_session
from allaprima.export.folding import traced
from allaprima.export.onnx import exported
from allaprima.files import write_bytes
from allaprima.style_model import IMAGE, STYLE, STYLIZED

_EXAMPLE = Size(64, 96)


class OnnxWeb:
    """The file's bytes, and a session of them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._session = open_session(data)
        self._inputs = {given.name for given in self._session.get_inputs()}

    def paint(self, photo: Pixels, mixture: Floats) -> NDArray[Any]:
        """By ONNX Runtime."""
        feeds = {IMAGE: photo[None].astype(np.float32), STYLE: mixture}
        painted: NDArray[Any] = self._session.run(
            [STYLIZED], {name: value for name, value in feeds.items() if name in self._inputs}
        )[0][0]
        return painted

    def write(self, path: Path, *, overwrite: bool) -> list[Path]:
        """One file."""
        write_bytes(self._data, path, overwrite=overwrite)
        return [path]


def convert(source: Source, sizes: tuple[Size, ...]) -> OnnxWeb:
    """For one size, or for all whose sides are multiples of the network's stride."""
    stride = source.network.stride
    free: dict[int, Any] | None = None
    if not sizes:
        free = {n: stride * torch.export.Dim(name, min=16 // stride) for n, name in ((1, "rows"), (2, "columns"))}
    example = source.example(sizes[0] if sizes else _EXAMPLE)
    program = traced(source.model(), example, (free, None)[: len(example)])
    model = exported(program, optimize=True, input_names=[IMAGE, STYLE][: len(example)], output_names=[STYLIZED])
    if not sizes:
        _name_sides(model)
    for key, value in source.metadata("onnx-web", sizes).items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    return OnnxWeb(model.SerializeToString())


def _name_sides(model: onnx.ModelProto) -> None:
    """Call the free sides by their names; the exporter calls them by numbers of its own."""
    for picture in (model.graph.input[0], model.graph.output[0]):
        for dimension, name in zip(picture.type.tensor_type.shape.dim[1:3], ("height", "width"), strict=True):
            dimension.dim_param = name
    del model.graph.value_info[:]
