"""The build hook: a CycloneDX bill of materials of what the wheel bundles, in ``.dist-info/sboms`` (PEP 770).

It lists what is inside the wheel: the style models, the photographs for training, and ONNX Runtime for browsers in the
studio's page. What the package depends on is in METADATA, where installers read it. The same sources give the same
bytes, so the bill has no time of its own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

Component = dict[str, Any]
BILL = "allaprima.cdx.json"
SOURCE = "https://github.com/microsoft/onnxruntime"


def bill_of_materials(root: Path, version: str) -> Component:
    """The bill of a source tree, as CycloneDX 1.6 has it."""
    package = root / "src" / "allaprima"
    components = [*models(package, version), *pictures(package), runtime(root)]
    reference = f"pkg:pypi/allaprima@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, reference + json.dumps(components))}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "library",
                "bom-ref": reference,
                "name": "allaprima",
                "version": version,
                "purl": reference,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": components,
        "dependencies": [{"ref": reference, "dependsOn": [one["bom-ref"] for one in components]}],
    }


def models(package: Path, version: str) -> list[Component]:
    """Every network that ships, wherever in the package it lies."""
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{inside(package, path)}",
            "name": inside(package, path),
            "version": version,
            "description": "A style model of Alla Prima; its card is in the file's metadata.",
            "hashes": hashes(path),
            "licenses": [{"license": {"id": "Apache-2.0"}}],
            "modelCard": {"modelParameters": {"task": "style transfer", "architectureFamily": "convolutional"}},
        }
        for path in sorted(package.rglob("*.onnx"))
    ]


def pictures(package: Path) -> list[Component]:
    """Photographs and paintings of others."""
    folder, page = package / "training" / "photographs", package / "studio" / "page"
    free = [{"license": {"id": "CC0-1.0"}}, {"license": {"name": "public domain"}}]
    parts = (
        (
            "photographs",
            folder.glob("*.jpg"),
            "What training learns on.",
        ),
        (
            "studio",
            [*page.glob("sample-*"), *page.glob("paintings-*")],
            "The sample and the paintings of its page.",
        ),
    )
    return [
        {
            "type": "data",
            "bom-ref": f"data:{name}",
            "name": name,
            "description": words,
            "licenses": free,
            "components": files(package, paths),
        }
        for name, paths, words in parts
    ]


def runtime(root: Path) -> Component:
    """ONNX Runtime for browsers: JavaScript and WebAssembly of the studio's page."""
    version = json.loads((root / "web" / "package.json").read_text("utf-8"))["devDependencies"]["onnxruntime-web"]
    package = root / "src" / "allaprima"
    reference = f"pkg:npm/onnxruntime-web@{version}"
    return {
        "type": "library",
        "bom-ref": reference,
        "name": "onnxruntime-web",
        "version": version,
        "purl": reference,
        "licenses": [{"license": {"id": "MIT"}}],
        "externalReferences": [{"type": "vcs", "url": SOURCE}],
        "components": files(package, (package / "studio" / "page").glob("ort-*")),
    }


def files(package: Path, paths: Any) -> list[Component]:
    """The files of a component, each with its digest."""
    return [{"type": "file", "name": inside(package, path), "hashes": hashes(path)} for path in sorted(paths)]


def inside(package: Path, path: Path) -> str:
    """Where the wheel has it."""
    return path.relative_to(package.parent).as_posix()


def hashes(path: Path) -> list[dict[str, str]]:
    """The digest of a file."""
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]


class BillOfMaterials(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the bill into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write it where hatchling finds it."""
        if self.target_name != "wheel":
            return
        self._folder = Path(tempfile.mkdtemp())
        bill = self._folder / BILL
        contents = bill_of_materials(Path(self.root), self.metadata.version)
        bill.write_text(json.dumps(contents, indent=2) + "\n", "utf-8")
        build_data["sbom_files"].append(str(bill))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove it again."""
        if self.target_name == "wheel":
            shutil.rmtree(self._folder, ignore_errors=True)
