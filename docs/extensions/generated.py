"""The part of the reference that is made from the package itself, so that it is never stale: ``_generated/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import cli_pages
import http_page
import model_cards
import python_page

FOLDER = "_generated"


def pages() -> dict[str, str]:
    """Every page of it by its name."""
    return {
        "python.md": python_page.page(),
        "http.md": http_page.page(),
        **cli_pages.pages(),
        **model_cards.pages(),
    }


def write(docs: Path) -> None:
    """Write what has changed; a page that is as it was keeps its time, so Sphinx reads it only once."""
    wanted = {docs / FOLDER / name: text for name, text in pages().items()}
    for path in set((docs / FOLDER).rglob("*.md")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def take_in(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the pages that no list of the index names, so that a new page is never lost."""
    if name != "index":
        return
    new = [path.stem for path in sorted(Path(app.srcdir).glob("*.md")) if f"\n{path.stem}\n" not in source[0]]
    if missing := [stem for stem in new if stem != "index"]:
        source[0] += "\n```{toctree}\n:hidden:\n:caption: More\n\n" + "\n".join(missing) + "\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Before Sphinx looks for pages."""
    python_page.forget_overloads()
    app.connect("config-inited", lambda app, _: write(Path(app.srcdir)))
    app.connect("source-read", take_in)
    app.connect("autodoc-process-docstring", python_page.link_names)
    return {"parallel_read_safe": True}
