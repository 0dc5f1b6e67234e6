"""The links of the documents lead somewhere, and their picture of the software is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architecture import PICTURE, picture, title
from doc_code import PAGES, ROOT
from test_layers import LAYERS

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)?(#[^)\s]+)?\)")


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
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
