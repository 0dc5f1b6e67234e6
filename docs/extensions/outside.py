"""Links that leave the folder of the documents: to the repository, or, where the site knows none, plain text."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./((?!\.\.)[^)\s]*)\)")


def rewritten(text: str, repository: str) -> str:
    """A page whose links out of the folder are addresses or text."""

    def replaced(found: re.Match[str]) -> str:
        words, place = found.groups()
        return f"[{words}]({repository.rstrip('/')}/{place})" if repository else words

    return LINK.sub(replaced, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Before a page is read; those that are generated link to nothing outside."""

    def on_read(app: Sphinx, name: str, source: list[str]) -> None:
        if "/" not in name:
            source[0] = rewritten(source[0], app.config.repository)

    app.add_config_value("repository", "", "env", str)
    app.connect("source-read", on_read)
    return {"parallel_read_safe": True}
