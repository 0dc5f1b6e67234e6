"""The architecture as a test: an ordered table of layers, no import upwards, no circle, and what each wing never loads.

All imports count, also those inside functions and those for type checkers alone.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
ROOT = "allaprima"

LAYERS = (
    ("errors", "version", "color"),  # the ground
    ("files", "style_model"),
    ("options",),  # the table of names and limits
    ("picture", "look", "engine", "steady"),  # what painting is made of; none knows the others
    ("gallery",),
    ("cards",),
    ("painter", "provenance"),
    ("session",),
    ("file_painter",),
    ("film",),  # clips: read, painted frame by frame, written
    ("stylizer", "training"),  # the two wings: the face of painting, and training
    ("batch", "export", "live", "shortcuts"),
    ("scale",),  # batches beyond one process
    ("evaluation", "conversion", "studio"),  # stand above both wings
    ("cli",),
    (ROOT, "__main__"),  # the package's own __init__: only names from below
)
"""From the ground up. A unit is a package or a module beside them; it may import from lower layers only."""

TRAINING_PACKAGES = {"torch", "onnx", "onnxscript", "h5py", "safetensors", "matplotlib", "tensorboard"}
PAINTING = (
    "errors",
    "files",
    "color",
    "style_model",
    "picture",
    "look",
    "engine",
    "gallery",
    "options",
    "painter",
    "provenance",
    "file_painter",
    "steady",
    "session",
    "stylizer",
)
PAINTING += ("batch", "scale", "live", "cli.live", "cli.stylize", "cli.styles")
TRAINING = ("training", "export")


def module_files() -> dict[str, Path]:
    """Every module of the package by its dotted name below ``allaprima``; the package itself is ``allaprima``."""
    found = {}
    for path in sorted((SOURCE / ROOT).rglob("*.py")):
        parts = path.relative_to(SOURCE / ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts) or ROOT] = path
    return found


MODULES = module_files()


def imported(path: Path) -> Iterable[str]:
    """The dotted names that a file imports; of ``from a import b`` both ``a`` and ``a.b``, which may be a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, which hides where from"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            # ``from allaprima.cli import app`` runs the package; ``from allaprima import version`` is a module's.
            inner = [name for name in names if name.removeprefix(f"{ROOT}.") in MODULES]
            yield from inner if len(inner) == len(names) else [node.module or "", *inner]


@cache
def inside(module: str) -> frozenset[str]:
    """The package's own modules that a module imports."""
    names = [name for name in imported(MODULES[module]) if name.split(".")[0] == ROOT]
    return frozenset(name.removeprefix(f"{ROOT}.") for name in names) - {module}


def unit(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def reach(starts: Iterable[str]) -> set[str]:
    """All modules that are loaded, sooner or later, for the sake of those of some units or modules."""
    found: set[str] = set()
    waiting = [module for module in MODULES for start in starts if module == start or module.startswith(f"{start}.")]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += inside(module)
    return found


def test_every_module_has_a_layer():
    known = {name for layer in LAYERS for name in layer}
    assert {unit(module) for module in MODULES} == known


def test_every_import_names_a_module():
    assert {module: inside(module) - set(MODULES) for module in MODULES if inside(module) - set(MODULES)} == {}


def test_nothing_is_imported_upwards_or_sideways():
    height = {name: floor for floor, layer in enumerate(LAYERS) for name in layer}
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        for other in inside(module)
        if unit(module) != unit(other) and height[unit(other)] >= height[unit(module)]
    ]
    assert not [arrow for arrow in wrong if arrow != "__main__ imports cli"]


def test_there_is_no_circle_of_modules():
    TopologicalSorter({module: inside(module) for module in MODULES}).prepare()  # a circle is a CycleError


@pytest.mark.parametrize(
    ("wing", "never"),
    [
        (PAINTING, TRAINING_PACKAGES | {"allaprima.training", "allaprima.export", "allaprima.evaluation"}),
        (TRAINING, {"allaprima.engine", "allaprima.look", "allaprima.stylizer", "allaprima.batch", "onnxruntime"}),
        (("evaluation",), {"allaprima.cli", "allaprima.batch"}),
    ],
)
def test_a_wing_never_reaches(wing, never):
    wrong = {
        f"{module} imports {name}"
        for module in reach(wing)
        for name in imported(MODULES[module])
        for one in never
        if name == one or name.startswith(f"{one}.")
    }
    assert not wrong


def test_painting_loads_no_torch_at_run_time(photo, tmp_path):
    """A photograph and an array are painted, whole and in tiles, by Python and by the command."""
    program = f"""
import sys
import numpy as np
import allaprima
from allaprima.cli import app
from allaprima.stylizer import Stylizer

stylizer = Stylizer()
stylizer.stylize(r"{photo}", "udnie").save("painted.png")
stylizer.stylize(np.zeros((40, 40, 3), np.uint8), "udnie", strength=0.5)
Stylizer(memory=2**20).stylize(np.zeros((300, 300, 3), np.uint8), "udnie")
app.main(["stylize", r"{photo}", "-s", "udnie", "-o", "painted.jpg"], standalone_mode=False)
app.main(["styles", "--sheet", r"{photo}", "-o", "sheet.png"], standalone_mode=False)
print([name for name in {sorted(TRAINING_PACKAGES)} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[-1:] == ["[]"], result.stderr


def test_training_loads_no_onnxruntime_at_run_time(tmp_path):
    program = """
import sys
import allaprima.training.trainer, allaprima.training.optimize, allaprima.export.onnx
print([name for name in ("onnxruntime", "allaprima.engine", "allaprima.stylizer") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines() == ["[]"], result.stderr


def test_the_version_loads_neither_numpy_nor_an_engine():
    program = """
import sys
from allaprima.cli import main
sys.argv = ["allaprima", "--version"]
try:
    main()
except SystemExit:
    print([name for name in ("numpy", "PIL", "onnxruntime", "av") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[-1:] == ["[]"], result.stdout + result.stderr
