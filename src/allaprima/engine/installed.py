"""Which builds of ONNX Runtime are installed: two of them write to the same folder, and the last one wins."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cache
from pathlib import Path

GPU = "onnxruntime-gpu"


def builds(folder: Path) -> list[str]:
    """The installed packages that bring a module ``onnxruntime``.

    Args:
        folder: where packages are installed.
    """
    found = (path.name.partition("-")[0] for path in folder.glob("onnxruntime*-*.dist-info"))
    return sorted({name.replace("_", "-").lower() for name in found} - {"onnxruntime-extensions", "onnxruntime-genai"})


def complaint(installed: Collection[str], providers: Collection[str]) -> str | None:
    """One sentence if the build for GPUs is there and another one has taken its place."""
    if GPU not in installed or len(installed) < 2 or "CUDAExecutionProvider" in providers:
        return None
    others = " and ".join(name for name in installed if name != GPU)
    return (
        f"{GPU} is installed beside {others}, which has taken its place, so the GPU is not used: "
        f"pip uninstall {' '.join(installed)}, and then pip install {GPU}"
    )


@cache
def complain_once(module: str, providers: tuple[str, ...]) -> None:
    """Say so, once in a process.

    Args:
        module: the file of the module ``onnxruntime``.
        providers: what it computes with.
    """
    sentence = complaint(builds(Path(module).parents[1]), providers)
    if sentence is not None:
        logging.getLogger("allaprima").warning(sentence)
