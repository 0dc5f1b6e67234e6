"""The formats that a style model can be exported to, and what each of them needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from numpy.typing import NDArray

from allaprima.conversion.beside import modules_beside
from allaprima.conversion.quiet import quiet
from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels, Source


class Converted(Protocol):
    """A style model in another format, not yet written."""

    def paint(self, photo: Pixels, mixture: Floats) -> NDArray:  # type: ignore[type-arg]
        """What the other program makes of a picture; see ``parity.Paint``. A fixed mixture is not looked at."""
        ...

    def write(self, path: Path, *, overwrite: bool) -> list[Path]:
        """Write it, whole or not at all; the files that there are then.

        Raises:
            OutputError: it cannot be written.
        """
        ...


Convert = Callable[[Source, tuple[Size, ...]], Converted]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as the command spells it.
        suffix: of the file.
        extra: of the package, that has what is needed.
        module: where ``convert`` is.
        sizes: that a file takes unless told otherwise; () are all.
        several: whether one file can have more than one size.
        fixed: whether sizes can be fixed at all.
        bakes: whether one style can be baked in.
        tolerance: the largest difference of two bytes that is written.
        psnr: the least that is written, in dB.
        trials: the sizes at which a file is tried that takes all.
    """

    name: str
    suffix: str
    extra: str
    module: str
    sizes: tuple[Size, ...] = ()
    several: bool = False
    fixed: bool = True
    bakes: bool = True
    tolerance: int = 1
    psnr: float = 60.0
    trials: tuple[Size, ...] = ()

    def beside(self, path: Path) -> list[Path]:
        """Further files that are written with the one at a path."""
        return [modules_beside(path)] if self.name == "torch" else []

    @property
    def convert(self) -> Convert:
        """What does it; the packages that it needs are loaded now."""
        with quiet():
            return cast(Convert, importlib.import_module(f"allaprima.conversion.{self.module}").convert)


_ALL = (
    Format(
        "onnx-web", ".onnx", "train", "onnx_web", trials=(Size(256, 256), Size(192, 320), Size(384, 256)),
    ),
    Format(
        "litert", ".tflite", "litert", "litert", sizes=(Size(512, 512),), several=True, tolerance=2,
    ),
    Format(
        "coreml", ".mlpackage", "coreml", "coreml", several=True, tolerance=2,
        sizes=(Size(256, 256), Size(512, 512), Size(512, 768), Size(768, 512), Size(1024, 1024)),
    ),
    Format(
        "torch", ".safetensors", "train", "torch_file", fixed=False, bakes=False,
        trials=(Size(256, 256), Size(197, 331), Size(384, 250)),
    ),
)  # fmt: skip

FORMATS = {one.name: one for one in _ALL}
"""By name."""
