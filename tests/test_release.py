"""What a release consists of: the same bytes from the same sources, with a bill of what is inside."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from allaprima import __version__

PROJECT = Path(__file__).parents[1]
BUNDLED = (".onnx", ".wasm.gz", ".mjs", ".jpg", ".webp")
"""Endings of what is not this package's own source."""


@dataclass(frozen=True)
class Built:
    """The files of one build."""

    sdist: Path
    wheel: Path

    @classmethod
    def of(cls, project: Path, folder: Path) -> Built:
        command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
        subprocess.run(command, cwd=project, check=True, capture_output=True)
        return cls(next(folder.glob("*.tar.gz")), next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Built:
    """A build of what is checked out."""
    return Built.of(PROJECT, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def bill(first) -> dict:
    """The bill of materials in the wheel."""
    with zipfile.ZipFile(first.wheel) as wheel:
        name = next(name for name in wheel.namelist() if ".dist-info/sboms/" in name)
        return json.loads(wheel.read(name))


def named(component: dict) -> dict[str, str]:
    """The digest of each file that a component and those inside it name."""
    found = {component["name"]: component["hashes"][0]["content"]} if "hashes" in component else {}
    for inner in component.get("components", ()):
        found |= named(inner)
    return found


def test_an_sdist_gives_the_same_sdist_and_the_same_wheel_byte_by_byte(first, tmp_path):
    """In another folder, with other times: nothing of the machine gets in."""
    with tarfile.open(first.sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    for path in (tmp_path / "unpacked").rglob("*.py"):
        path.touch()
    second = Built.of(next((tmp_path / "unpacked").iterdir()), tmp_path / "second")
    assert second.sdist.name == first.sdist.name
    assert second.sdist.read_bytes() == first.sdist.read_bytes()
    assert second.wheel.name == first.wheel.name
    assert second.wheel.read_bytes() == first.wheel.read_bytes()


def test_the_bill_of_materials_follows_its_schema(bill):
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(bill)) is None
    assert validator.validate_str(json.dumps({**bill, "components": [{"type": "network", "name": "x"}]})) is not None


def test_the_bill_names_everything_that_is_bundled_with_its_digest(first, bill):
    found = named(bill)
    with zipfile.ZipFile(first.wheel) as wheel:
        bundled = [name for name in wheel.namelist() if name.endswith(BUNDLED)]
        assert {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in bundled} == found
    runtime = next(one for one in bill["components"] if one["name"] == "onnxruntime-web")
    notice = (PROJECT / "src/allaprima/studio/page/LICENSES.txt").read_text("utf-8")
    assert f"ONNX Runtime Web {runtime['version']} " in notice
    assert len(runtime["components"]) == 2


def test_the_bill_is_of_this_version(first, bill):
    component = bill["metadata"]["component"]
    assert component["version"] in first.wheel.name
    assert component["purl"] == f"pkg:pypi/allaprima@{component['version']}"


def test_the_citation_is_of_this_version():
    citation = (PROJECT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {__version__}\n" in citation
    for field in ("cff-version", "message", "title", "authors", "license"):
        assert re.search(rf"^{field}:", citation, re.MULTILINE), field


def test_the_release_asks_for_nothing_it_does_not_need_and_pins_what_it_runs():
    lines = (PROJECT / ".github" / "workflows" / "release.yml").read_text("utf-8").splitlines()
    assert any(line.startswith("permissions: {}") for line in lines)
    assert not [line for line in lines if "secrets." in line]
    actions = [(lines[number - 1], line) for number, line in enumerate(lines) if "uses:" in line]
    assert actions
    for before, line in actions:
        pinned = re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)
        assert pinned or "By its tag:" in before, line
