"""Core ML: Apple's devices.

``image`` and ``stylized`` are RGB images; ``style`` is the mixture, unless one is baked in. A file for several sizes
enumerates them. It computes in float32, since sums over a picture are too large for half precision.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from allaprima.conversion import mil
from allaprima.conversion.quiet import quiet
from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels, Source
from allaprima.errors import OptionError
from allaprima.export.folding import traced
from allaprima.export.graph import FloatModel
from allaprima.files import replacing_folder
from allaprima.style_model import IMAGE, STYLE, STYLIZED


class CoreML:
    """The converted program; macOS computes it, and elsewhere ``mil.py`` does."""

    def __init__(self, model: Any, program: Any) -> None:
        self._model, self._program = model, program

    def paint(self, photo: Pixels, mixture: Floats) -> NDArray[Any]:
        """By Core ML itself on macOS; elsewhere by the program's definition, in PyTorch."""
        if sys.platform == "darwin":
            feeds = {IMAGE: Image.fromarray(photo), STYLE: mixture}
            wanted = {given.name for given in self._model.get_spec().description.input}
            painted = self._model.predict({name: value for name, value in feeds.items() if name in wanted})[STYLIZED]
            return np.asarray(painted.convert("RGB"))
        upright = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float()
        outputs = mil.run(self._program, {IMAGE: upright, STYLE: torch.from_numpy(mixture)})
        found: NDArray[Any] = outputs[STYLIZED][0].permute(1, 2, 0).numpy()
        return found

    def write(self, path: Path, *, overwrite: bool) -> list[Path]:
        """A package, which is a folder."""
        with replacing_folder(path, overwrite=overwrite) as folder, quiet():
            self._model.save(str(folder))
        return [path]


class _Upright(nn.Module):
    """A model whose pictures are [1, 3, H, W], as Core ML's images are, and whose results are whole numbers."""

    def __init__(self, model: FloatModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, style: Tensor | None = None) -> Tensor:
        painted: Tensor = self.model(image.permute(0, 2, 3, 1), style)
        return painted.permute(0, 3, 1, 2).round().clamp(0.0, 255.0)


def convert(source: Source, sizes: tuple[Size, ...]) -> CoreML:
    """For one size, or for several whose sides are multiples of the network's stride."""
    stride = source.network.stride
    crooked = [str(size) for size in sizes if size.height % stride or size.width % stride]
    if crooked and len(sizes) > 1:
        raise OptionError(f"in a file of several sizes, sides must be multiples of {stride}: {', '.join(crooked)}")
    program = _program(source, sizes)
    shapes = [(1, 3, *size) for size in sizes]
    shape = shapes[0] if len(shapes) == 1 else ct.EnumeratedShapes(shapes, default=shapes[0])
    inputs = [ct.ImageType(name=IMAGE, shape=shape, color_layout=ct.colorlayout.RGB)]
    if source.style is None:
        inputs.append(ct.TensorType(name=STYLE, shape=(len(source.card.styles),)))
    model = ct.convert(
        program,
        inputs=inputs,
        outputs=[ct.ImageType(name=STYLIZED, color_layout=ct.colorlayout.RGB)],
        convert_to="mlprogram",
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT32,
    )
    computed = model._mil_program
    description = model.get_spec()
    _describe(description, source, sizes)
    model = ct.models.MLModel(description, weights_dir=model.weights_dir)
    return CoreML(model, computed)


def _program(source: Source, sizes: Sequence[Size]) -> torch.export.ExportedProgram:
    model = _Upright(source.model())
    model.eval()
    image, *style = source.example(sizes[0])
    example = (image.permute(0, 3, 1, 2).contiguous(), *style)
    free = None
    if len(sizes) > 1:
        stride = source.network.stride
        free = {n: stride * torch.export.Dim(name, min=16 // stride) for n, name in ((2, "rows"), (3, "columns"))}
    traces = traced(model, example, (free, None)[: len(example)])
    # Core ML's own norm has constants for scale and shift, which a baked style has.
    table: dict[Any, Any] = {} if style == [] else {torch.ops.aten.instance_norm.default: _norm}
    program: torch.export.ExportedProgram = traces.run_decompositions(table)
    return program


def _norm(x: Tensor, scale: Tensor, shift: Tensor, *rest: Any) -> Tensor:
    """Instance norm written out: [N, C, H, W], [C], [C] -> [N, C, H, W]. Of the rest only ε counts."""
    epsilon = rest[4]
    centered = x - x.mean((2, 3), keepdim=True)
    deviation = torch.sqrt((centered * centered).mean((2, 3), keepdim=True) + epsilon)
    return centered / deviation * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)


def _describe(spec: Any, source: Source, sizes: tuple[Size, ...]) -> None:
    """The card, in words and in full, and the result's size, which is the picture's."""
    spec.description.output[0].type.imageType.CopyFrom(spec.description.input[0].type.imageType)
    notes = spec.description.metadata
    names = ", ".join(source.card.names[1:])
    notes.shortDescription = f"Paints photographs in the style of paintings (Alla Prima): {names}"
    notes.versionString = source.card.version
    for key, text in source.metadata("coreml", sizes).items():
        notes.userDefined[key] = text
    if "com.github.apple.coremltools.conversion_date" in notes.userDefined:
        del notes.userDefined["com.github.apple.coremltools.conversion_date"]
    about = {
        IMAGE: "A photograph.",
        STYLE: f"The weights of photo, {names}; photo's is one minus the strength.",
        STYLIZED: "The painting.",
    }
    for end in (*spec.description.input, *spec.description.output):
        end.shortDescription = about[end.name]
