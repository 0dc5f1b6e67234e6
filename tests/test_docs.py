"""What the documents say can be done can be done: their Python runs, and their links lead somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from architecture import PICTURE, picture, title
from support import checkered
from test_layers import LAYERS

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)?(#[^)\s]+)?\)")


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/style-model.md"])
def test_python_in_the_documents_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(checkered(120, 80)).save("photo.jpg")
    Image.fromarray(np.full((80, 120), 255, np.uint8)).save("sky.png")
    Path("holiday").mkdir()
    shutil.copy("photo.jpg", "holiday")
    shutil.copy(ROOT / "src" / "allaprima" / "gallery" / "fast.onnx", "fast.onnx")
    names = {"frame": checkered(64, 48), "photo": checkered(64, 48)}
    blocks = CODE.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), names)


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for place, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / place if place else page
        assert target.exists(), place
        if anchor:
            assert anchor in anchors(target), (place, anchor)


def test_the_picture_of_the_software_is_fresh():
    assert PICTURE.read_text("utf-8") == picture(), "run: python docs/extensions/architecture.py"


def test_the_architecture_describes_every_package():
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for name in {name for layer in LAYERS[:-1] for name in layer}:
        assert f"`{title(name)}`" in page, name
