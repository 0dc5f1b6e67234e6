"""What a wheel and an sdist would hold, by hatchling's own reckoning; and what pyproject.toml promises of versions."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

PROJECT = Path(__file__).parents[1]
WHEEL_BYTES = 8_000_000
"""A wheel of two banks, the bundled photographs, and the studio's page, of which ONNX Runtime for browsers is nearly
all; code is a twentieth of it."""


def packed(builder: SdistBuilder | WheelBuilder) -> dict[str, Path]:
    """The files by the path that they get."""
    return {file.distribution_path: Path(file.path) for file in builder.recurse_included_files()}


@pytest.fixture(scope="module")
def sdist() -> dict[str, Path]:
    return packed(SdistBuilder(str(PROJECT)))


@pytest.fixture(scope="module")
def wheel() -> dict[str, Path]:
    return packed(WheelBuilder(str(PROJECT)))


def test_an_sdist_has_all_that_the_readme_names(sdist):
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", readme) if "://" not in link}
    commands = set(re.findall(r"\bexamples/[\w.]+|\bbenchmarks/[\w./]+\.py", readme))
    assert "examples/astronaut.jpg" in commands
    named = {link for link in links | commands if not link.endswith("/")}
    assert named - set(sdist) == set()
    for folder in (link for link in links if link.endswith("/")):
        assert any(path.startswith(folder) for path in sdist), folder


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "docs", "examples", ".ci", "src", "web"])
def test_an_sdist_has_every_file_of_its_folders(sdist, folder):
    """Also those that tests open: pictures, tables, results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    tracked = [path for path in listed if path and (PROJECT / path).is_file()]
    if not tracked:
        pytest.skip("not a clone: git knows no files here")
    assert set(tracked) - set(sdist) == set()


def test_a_wheel_holds_the_package_and_nothing_else(wheel):
    assert {path.split("/")[0] for path in wheel} == {"allaprima"}
    assert not [path for path in wheel if "peers" in path or "lite_server" in path or path.endswith(".pyc")]
    assert {"allaprima/gallery/fast.onnx", "allaprima/gallery/fine.onnx", "allaprima/py.typed"} <= set(wheel)
    page = [path for path in wheel if path.startswith("allaprima/studio/page/")]
    assert {"allaprima/studio/page/index.html", "allaprima/studio/page/sw.js"} <= set(page)
    assert any(path.endswith(".wasm.gz") for path in page)
    assert sum(len(zlib.compress(path.read_bytes())) for path in wheel.values()) < WHEEL_BYTES


def test_lowest_versions_are_written_as_constraints():
    command = [sys.executable, PROJECT / ".ci" / "lowest.py"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = [line.partition("==")[0] for line in lines]
    assert {"numpy", "pillow", "onnxruntime", "tifffile", "click"} <= set(names)
    assert all(re.fullmatch(r"[a-z0-9-]+==\d+(\.\d+)*", line) for line in lines)
