"""LiteRT, once TensorFlow Lite: Android and other devices.

A file has one signature, ``paint_HEIGHTxWIDTH``, for every size. ``image`` and ``stylized`` are float32 ``[1, height,
width, 3]``, RGB in 0..255; ``style`` is the mixture, unless one is baked in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers
import litert_torch
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from torch import Tensor, nn

from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels, Source
from allaprima.engine.machine import cores
from allaprima.export.folding import traced
from allaprima.files import write_bytes
from allaprima.style_model import IMAGE, STYLE, STYLIZED

_MAGIC = b"TFL3"


class LiteRT:
    """The file's bytes, and the interpreter that comes with LiteRT."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._interpreter = Interpreter(model_content=data, num_threads=cores())

    def paint(self, photo: Pixels, mixture: Floats) -> NDArray[Any]:
        """On the CPU."""
        runner = self._interpreter.get_signature_runner(signature_of(Size(*photo.shape[:2])))
        feeds = {IMAGE: photo[None].astype(np.float32), STYLE: mixture}
        painted: NDArray[Any] = runner(**{name: feeds[name] for name in runner.get_input_details()})[STYLIZED][0]
        return painted

    def write(self, path: Path, *, overwrite: bool) -> list[Path]:
        """One file."""
        write_bytes(self._data, path, overwrite=overwrite)
        return [path]


def signature_of(size: Size) -> str:
    """What a signature is called."""
    return f"paint_{size}"


def convert(source: Source, sizes: tuple[Size, ...]) -> LiteRT:
    """One signature for every size."""
    converter: Any = litert_torch
    for size in sizes:
        example = source.example(size)
        program = traced(source.model(), example, (None,) * len(example))
        named = dict(zip((IMAGE, STYLE), example, strict=False))
        converter = converter.signature(signature_of(size), _Named(program.module()), sample_kwargs=named)
    data = bytes(converter.convert().model_content())
    return LiteRT(with_metadata(data, source.metadata("litert", sizes)))


class _Named(nn.Module):
    """A traced model whose output has a name."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.training = False

    def forward(self, image: Tensor, style: Tensor | None = None) -> dict[str, Tensor]:
        inputs = (image,) if style is None else (image, style)
        return {STYLIZED: self.model(*inputs)}


def with_metadata(data: bytes, entries: Mapping[str, str]) -> bytes:
    """A model with texts as buffers, each named in the model's metadata."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    model.metadata = list(model.metadata or [])
    for key, text in entries.items():
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = np.frombuffer(text.encode(), np.uint8)
        entry.name, entry.buffer = key.encode(), len(model.buffers)
        model.buffers.append(buffer)
        model.metadata.append(entry)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), _MAGIC)
    return bytes(builder.Output())


def read_metadata(data: bytes) -> dict[str, str]:
    """The texts in a model's metadata."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    found = {}
    for entry in model.metadata or []:
        content = model.buffers[entry.buffer].data
        found[entry.name.decode()] = b"" if content is None else bytes(content)
    return {name: content.decode() for name, content in found.items() if name.startswith("allaprima.")}
