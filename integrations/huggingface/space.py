"""The studio as a static Space of Hugging Face: ``python integrations/huggingface/space.py FOLDER [MODEL.onnx]``.

``allaprima studio --export`` writes the page, and this the README.md that a Space begins with. Its headers isolate the
page, without which browsers give it one thread. Upload FOLDER with ``hf upload NAME FOLDER --repo-type space``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from allaprima.errors import AllaPrimaError
from allaprima.studio.page import HEADERS, export_page

ISOLATING = ("Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy")
"""Of the studio's headers, those that a static Space can send."""

README = """---
title: Alla Prima
emoji: 🎨
colorFrom: blue
colorTo: yellow
sdk: static
app_file: index.html
pinned: false
license: apache-2.0
short_description: Photographs as paintings, in your own browser
custom_headers:
{headers}
---

# Alla Prima

Photographs as paintings, on your own device: the page paints in the browser, and pictures never leave it.
"""


def write_space(folder: Path, model: Path | None = None) -> list[Path]:
    """Write the page and its README.md; the files."""
    paths = export_page(folder, model)
    sent = {name: HEADERS[name] for name in ISOLATING} | {"Cross-Origin-Resource-Policy": "cross-origin"}
    lines = "\n".join(f"  {name.lower()}: {value}" for name, value in sent.items())
    (folder / "README.md").write_text(README.format(headers=lines), encoding="utf-8")
    return [*paths, folder / "README.md"]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python space.py FOLDER [MODEL.onnx]")
    try:
        written = write_space(*map(Path, sys.argv[1:]))
    except AllaPrimaError as error:
        raise SystemExit(str(error)) from error
    print(f"wrote {len(written)} files to {sys.argv[1]}")
