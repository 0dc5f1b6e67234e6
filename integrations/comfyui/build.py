"""Puts the ComfyUI node pack together: ``python integrations/comfyui/build.py FOLDER``.

The pack needs PyTorch only, so the modules of the package that paint in PyTorch go into it as they are, beside one
another, with the banks of the gallery. FOLDER is then ready for ``custom_nodes`` and for the registry.
"""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "allaprima"
STARTS = ("export.graph", "engine.onnx_wire", "style_model", "errors")
"""What ``pack/bank.py`` imports; what these import comes along."""
BANKS = ("fast", "fine")
IMPORT = re.compile(r"^(\s*from )allaprima(?:\.\w+)*\.(\w+) import ", re.MULTILINE)


def needed() -> dict[str, Path]:
    """The modules and where they are, by the name that each has in the pack."""
    found: dict[str, Path] = {}
    waiting = list(STARTS)
    while waiting:
        module = waiting.pop()
        path, name = SOURCE / f"{module.replace('.', '/')}.py", module.rpartition(".")[2]
        if found.get(name) == path:
            continue
        if name in found:
            raise SystemExit(f"two modules are called {name}")
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("allaprima."):
                waiting.append((node.module or "").removeprefix("allaprima."))
    return found


def build(folder: Path) -> None:
    """Write the pack into a folder that is not there yet."""
    shutil.copytree(Path(__file__).parent / "pack", folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    shutil.copy(Path(__file__).parent / "README.md", folder / "README.md")
    version = runpy.run_path(str(SOURCE / "version.py"))["__version__"]
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    line = f'version = "{version}"'
    (folder / "pyproject.toml").write_text(
        re.sub("^version = .*$", line, project, flags=re.MULTILINE), encoding="utf-8"
    )
    (folder / "painting").mkdir()
    (folder / "painting" / "__init__.py").write_text('"""Of the package allaprima, as it is there."""\n')
    for name, path in needed().items():
        text = IMPORT.sub(r"\1.\2 import ", path.read_text(encoding="utf-8"))
        (folder / "painting" / f"{name}.py").write_text(text, encoding="utf-8")
    (folder / "models").mkdir()
    for bank in BANKS:
        shutil.copy(SOURCE / "gallery" / f"{bank}.onnx", folder / "models")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python build.py FOLDER")
    target = Path(sys.argv[1])
    if target.exists():
        raise SystemExit(f"{target} exists")
    build(target)
