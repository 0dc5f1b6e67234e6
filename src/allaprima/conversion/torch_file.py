"""For PyTorch without this package: the weights as ``.safetensors``, and beside them one readable file of modules."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from numpy.typing import NDArray
from safetensors.torch import save

from allaprima.conversion.beside import modules_beside
from allaprima.conversion.bundle import bundle
from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Pixels, Source
from allaprima.files import replacing
from allaprima.version import __version__

TITLE = """The networks of Alla Prima for PyTorch, in one file that needs nothing else.

    from {module} import load

    bank = load("{weights}")
    painting = bank(photo, bank.mixture({{"{style}": 1.0}}, strength=0.8))  # uint8 [N, H, W, 3], RGB

``load_network`` gives the network as it was trained, to be trained further. Written by Alla Prima {version}
(Apache License 2.0).
"""


class TorchFile:
    """Weights and modules, and a bank made of them alone."""

    def __init__(self, weights: bytes, style: str) -> None:
        self._weights, self._style = weights, style
        with TemporaryDirectory(prefix="allaprima") as folder:
            path = Path(folder) / "bank.safetensors"
            path.write_bytes(weights)
            modules = modules_beside(path)
            modules.write_text(self._modules(path), encoding="utf-8")
            self._bank = _loaded(modules).load(path)

    def _modules(self, path: Path) -> str:
        title = TITLE.format(
            module=modules_beside(path).stem, weights=path.name, style=self._style, version=__version__
        )
        return bundle("allaprima.conversion.loading", ("load",), title, methods=("mixture",))

    @torch.no_grad()
    def paint(self, photo: Pixels, mixture: Floats) -> NDArray[Any]:
        """By the file of modules, as others load it."""
        painted: NDArray[Any] = self._bank(torch.from_numpy(photo.copy())[None], torch.from_numpy(mixture))[0].numpy()
        return painted

    def write(self, path: Path, *, overwrite: bool) -> list[Path]:
        """Two files: the weights, and the modules beside them."""
        modules = modules_beside(path)
        with ExitStack() as stack:
            weights, text = (stack.enter_context(replacing(one, overwrite=overwrite)) for one in (path, modules))
            weights.write(self._weights)
            text.write(self._modules(path).encode())
        return [path, modules]


def convert(source: Source, sizes: tuple[Size, ...]) -> TorchFile:
    """All of the bank, for any size."""
    weights = {name: value.float().contiguous() for name, value in source.network.state_dict().items()}
    metadata = source.metadata("torch", sizes) | {
        "format": "pt",  # as other readers of such files expect
        "allaprima.network": json.dumps({"epsilons": source.network.epsilons, "shadows": source.network.shadows}),
    }
    return TorchFile(save(weights, metadata), source.card.names[-1])


def _loaded(path: Path) -> Any:
    """A Python file as a module that nobody else sees."""
    loader = SourceFileLoader(f"_allaprima_exported_{id(path)}", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module
