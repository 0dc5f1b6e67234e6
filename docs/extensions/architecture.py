"""The picture of the software, ``docs/images/architecture.svg``, from the table of layers in ``tests/test_layers.py``.

``python docs/extensions/architecture.py`` draws it anew. Layers, names, words and colors come from the sources: the
words are each module's own first sentence, the colors say what it loads, itself or by what it imports.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent / "tests"))

from test_layers import LAYERS, MODULES, ROOT, imported, reach  # noqa: E402 - where the table is

PICTURE = DOCS / "images" / "architecture.svg"
WIDTH, LEFT, GAP, LINE = 860, 48, 10, 16
"""Of the picture, of its margin for the arrow, between boxes, of a line of words; in pixels."""
LETTER = 6.9
"""Mean width of a letter of the words, in pixels."""
KINDS = {
    "paint": ("#dbe7f0", "painting: ONNX Runtime, never PyTorch"),
    "ground": ("#e6ebe1", "neither: numpy and Pillow at most"),
    "both": ("#eadff0", "stands above both wings"),
    "train": ("#f3dcd0", "training: PyTorch, never ONNX Runtime"),
}
"""Fill and meaning of each kind of box, from left to right."""
ENGINES = {"onnxruntime", "openvino"}
NAMES = {ROOT: "import allaprima", "__main__": "python -m allaprima"}


@cache
def loads(module: str) -> frozenset[str]:
    """The packages that a module imports itself."""
    return frozenset(one.split(".")[0] for one in imported(MODULES[module]))


@cache
def kind(name: str) -> str:
    """What a unit loads, sooner or later, itself or by what it imports."""
    modules = {name} if name == ROOT else reach([name])
    loaded = frozenset[str]().union(*map(loads, modules))
    paints, trains = bool(loaded & ENGINES), "torch" in loaded
    return {(True, True): "both", (True, False): "paint", (False, True): "train"}.get((paints, trains), "ground")


def title(name: str) -> str:
    """A package with a slash, a module with its ending."""
    ending = "/" if MODULES[name].name == "__init__.py" else ".py"
    return NAMES.get(name) or name + ending


def words(name: str) -> str:
    """The first sentence of its docstring, up to a semicolon."""
    text = ast.get_docstring(ast.parse(MODULES[name].read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=\w)\.(?:\s|$)|;|\(", " ".join(text.split("\n\n")[0].split()))[0]
    return sentence.replace("``", "").replace("->", "→").strip()


def row(names: tuple[str, ...]) -> list[tuple[str, str, list[str]]]:
    """The boxes of a layer: painting left, training right; each with its words in lines."""
    boxes = sorted(names, key=lambda name: list(KINDS).index(kind(name)))
    letters = int((width(len(boxes)) - 20) / LETTER)
    return [(name, kind(name), textwrap.wrap(words(name), letters)) for name in boxes]


def width(boxes: int) -> float:
    """Of each of so many boxes."""
    return (WIDTH - LEFT - 20 - GAP * (boxes - 1)) / boxes


def picture() -> str:
    """The SVG: the highest layer on top."""
    parts, y = [], 76.0
    for names in reversed(LAYERS):
        boxes = row(names)
        height = 36 + LINE * max(len(lines) for *_, lines in boxes)
        for place, (name, sort, lines) in enumerate(boxes):
            x = LEFT + place * (width(len(boxes)) + GAP)
            parts.append(box(x, y, width(len(boxes)), height, title(name), KINDS[sort][0], lines))
        y += height + GAP
    key = "".join(legend(place, *meaning) for place, meaning in enumerate(KINDS.values()))
    arrow = (
        f'<path d="M26 78V{y - 30:g}" stroke="#555" stroke-width="1.5" marker-end="url(#tip)"/>'
        f'<text transform="translate(18 {y / 2:g}) rotate(-90)" text-anchor="middle" font-size="13" fill="#333">'
        "imports only what stands lower</text>\n"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 6:g}" '
        'font-family="system-ui, sans-serif" role="img" aria-label="The packages of Alla Prima in their layers">\n'
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L10 5L0 10z" fill="#555"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{y + 6:g}" fill="#fff"/>\n{key}{arrow}{"".join(parts)}</svg>\n'
    )


def legend(place: int, fill: str, meaning: str) -> str:
    """What a color means: two to a line, above the boxes."""
    x, y = LEFT + 410 * (place % 2), 14 + 28 * (place // 2)
    return (
        f'<rect x="{x}" y="{y}" width="18" height="18" rx="4" fill="{fill}" stroke="#777"/>'
        f'<text x="{x + 26}" y="{y + 14}" font-size="13" fill="#222">{escape(meaning)}</text>\n'
    )


def box(x: float, y: float, wide: float, high: float, name: str, fill: str, lines: list[str]) -> str:
    """A unit with its words."""
    middle = x + wide / 2
    text = "".join(
        f'<text x="{middle:.1f}" y="{y + 40 + LINE * number:g}" text-anchor="middle" font-size="13" fill="#444">'
        f"{escape(line)}</text>\n"
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{x:.1f}" y="{y:g}" width="{wide:.1f}" height="{high:g}" rx="7" fill="{fill}" stroke="#777"/>\n'
        f'<text x="{middle:.1f}" y="{y + 20:g}" text-anchor="middle" font-size="15" font-weight="600" fill="#111">'
        f"{escape(name)}</text>\n{text}"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
