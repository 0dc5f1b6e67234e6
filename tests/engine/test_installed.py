"""ONNX Runtime for GPUs beside another build of it: said once, in one sentence, and only where it does harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from allaprima.engine import installed
from allaprima.engine.installed import builds, complaint
from allaprima.stylizer import Stylizer

CPU = ("CPUExecutionProvider",)


def site(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
    return folder


def test_builds_are_found_by_what_pip_leaves(tmp_path):
    names = ("onnxruntime", "onnxruntime-1.31.1.dist-info", "onnxruntime_gpu-1.31.1.dist-info", "onnx-1.17.0.dist-info")
    more = ("onnxruntime_extensions-0.14.0.dist-info",)
    assert builds(site(tmp_path, *names, *more)) == ["onnxruntime", "onnxruntime-gpu"]
    assert builds(tmp_path / "nothing") == []


def test_what_is_installed_here_is_found():
    assert builds(Path(onnxruntime.__file__).parents[1])


@pytest.mark.parametrize(
    ("there", "providers"),
    [
        (["onnxruntime"], CPU),
        (["onnxruntime-gpu"], CPU),
        (["onnxruntime", "onnxruntime-gpu"], ("CUDAExecutionProvider", *CPU)),
        (["onnxruntime", "onnxruntime-directml"], CPU),
    ],
)
def test_nothing_is_said_where_no_harm_is_done(there, providers):
    assert complaint(there, providers) is None


def test_it_is_said_once_when_painting_begins(tmp_path, monkeypatch, caplog):
    site(tmp_path, "onnxruntime", "onnxruntime-1.31.1.dist-info", "onnxruntime_gpu-1.31.1.dist-info")
    monkeypatch.setattr(onnxruntime, "__file__", str(tmp_path / "onnxruntime" / "__init__.py"))
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(CPU))
    installed.complain_once.cache_clear()
    for _ in range(2):
        Stylizer().stylize(np.zeros((20, 20, 3), np.uint8), "udnie")
    installed.complain_once.cache_clear()
    assert [record.message for record in caplog.records] == [
        "onnxruntime-gpu is installed beside onnxruntime, which has taken its place, so the GPU is not used: "
        "pip uninstall onnxruntime onnxruntime-gpu, and then pip install onnxruntime-gpu"
    ]
