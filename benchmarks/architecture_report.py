"""What the architecture study shows: a table, milliseconds against loss with the Pareto front, and a contact sheet."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator
from matplotlib.transforms import Bbox
from PIL import Image, ImageDraw, ImageFont

from allaprima.evaluation.figures import INK, STYLE, save
from allaprima.evaluation.painters import Pixels
from allaprima.evaluation.report import quoted, table
from allaprima.files import write_bytes

FRONT_COLOR, OTHER_COLOR = "#0072B2", "#767676"
SHEET_COLUMNS, MARGIN, CAPTION = 6, 8, 24  # pixels
SHEET_BYTES = 400_000

Rows = Sequence[Mapping[str, Any]]


def pareto_front(rows: Rows) -> set[str]:
    """The variants of which no other is both at least as fast and at least as good, and better in one of the two."""
    places = {row["variant"]: place(row) for row in rows if row["milliseconds"]}
    return {
        name
        for name, (ms, loss) in places.items()
        if not any(a <= ms and b <= loss and (a, b) != (ms, loss) for a, b in places.values())
    }


def place(row: Mapping[str, Any]) -> tuple[float, float]:
    """Milliseconds and loss: where a timed row stands in the plot."""
    return row["milliseconds"]["min_ms"], row["terms"]["total"]["mean"]


def write_page(data: Mapping[str, Any], pictures: Mapping[str, Pixels], photo: Pixels, page: Path) -> None:
    """Put table and pictures into a Markdown page; the pictures lie in ``images/`` beside it.

    Args:
        data: the file of results.
        pictures: a painting by each variant, all of one size.
        photo: what they have painted.
        page: where two comments mark the place (``evaluation/report.py``).

    Raises:
        ModelError: the page has no such place.
    """
    rows, images = data["results"], page.parent / "images"
    totals = {row["variant"]: f"{row['variant']}  {row['terms']['total']['mean']:.2f}" for row in rows}
    tiles = {"photograph": photo} | {totals[name]: pixels for name, pixels in pictures.items()}
    parts = [conditions(data), markdown(rows, set(data["front"])), ""]
    text = page.read_text(encoding="utf-8")
    if data["front"]:
        draw_front([row for row in rows if row["milliseconds"]], set(data["front"]), images / "architectures.png")
        parts += ["![Milliseconds against the objective, with the Pareto front](images/architectures.png)", ""]
    write_bytes(contact_sheet(tiles), images / "architectures.jpg")
    parts += ["![A photograph painted by each variant, with its objective](images/architectures.jpg)", ""]
    write_bytes(quoted(text, "\n".join(parts)).encode(), page)


def conditions(data: Mapping[str, Any]) -> str:
    """On what, with what, when."""
    recipe, timed, machine = data["recipe"], data["timed"], data["machine"]
    return (
        f"{data['painting']}, {recipe['steps']} steps of {recipe['batch']} crops of {recipe['size']} pixels; means "
        f"over {data['photos']['measured']} validation photographs of {data['photos']['side']} pixels; milliseconds at "
        f"{timed['side']}×{timed['side']}, the minimum of {timed['rounds']}, with {timed['threads']} threads of "
        f"{machine['cpu']}; {data['date'][:10]}:\n\n```sh\n{data['command']}\n```\n"
    )


def markdown(rows: Rows, front: set[str]) -> str:
    """One line per variant, the Pareto front in bold."""
    return table(
        ("variant", "what differs", "weights", "multiply-adds, 10⁹", "ms", "content", "style", "objective"),
        (
            (
                f"**{row['variant']}**" if row["variant"] in front else row["variant"],
                row["about"],
                f"{row['parameters'] / 1000:,.0f} k",
                f"{row['multiply_adds'] / 1e9:.2f}",
                f"{row['milliseconds']['min_ms']:.1f}" if row["milliseconds"] else "–",
                *(f"{row['terms'][term]['mean']:.3f}" for term in ("content", "style", "total")),
            )
            for row in rows
        ),
    )


def draw_front(rows: Rows, front: set[str], path: Path) -> None:
    """Milliseconds against the objective: every timed variant with its name, the Pareto front as a line."""
    names = [row["variant"] for row in rows]
    places = [place(row) for row in rows]
    with mpl.rc_context(STYLE):
        figure = Figure((8.0, 6.0), layout="constrained")
        axis = figure.subplots()
        corners = sorted(spot for name, spot in zip(names, places, strict=True) if name in front)
        axis.step(*zip(*corners, strict=True), where="post", color=FRONT_COLOR, linewidth=1.2)
        colors = [FRONT_COLOR if name in front else OTHER_COLOR for name in names]
        axis.scatter(*zip(*places, strict=True), c=colors, s=22, zorder=3)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axis.margins(0.12)
        axis.grid(color="#e5e5e5", linewidth=0.6)
        axis.set(xlabel="milliseconds at 512×512", ylabel="objective on validation photographs")
        figure.draw_without_rendering()  # settles where the points lie
        _label(axis, places, names, colors)
        save(figure, path)


def _label(axis: Axes, places: Sequence[tuple[float, float]], names: Sequence[str], colors: Sequence[str]) -> None:
    """Each name beside its point, as near as it finds room; a thin line leads to it from farther away."""
    pixel = axis.figure.dpi / 72  # of a point
    dots = axis.transData.transform(places)
    taken = [Bbox.from_extents(*(dot - 4 * pixel), *(dot + 4 * pixel)) for dot in dots]
    for name, spot, color in zip(names, places, colors, strict=True):
        tries = []
        for radius, angle in itertools.product((8, 16, 28, 42, 60), np.arange(1, 9) * math.pi / 4):
            dx, dy = radius * math.cos(angle), radius * math.sin(angle)
            side = "center" if abs(dx) < 1 else "left" if dx > 0 else "right"
            line = {"arrowstyle": "-", "color": color, "linewidth": 0.5} if radius > 8 else None
            text = axis.annotate(
                name, spot, xytext=(dx, dy), textcoords="offset points", ha=side, va="center", fontsize=8,
                color=INK, arrowprops=line, path_effects=[withStroke(linewidth=2, foreground="white")],
            )  # fmt: skip
            text.set_in_layout(False)
            text.get_window_extent()  # puts the text in its place; it counts the line as well, which may cross others
            box = Text.get_window_extent(text)
            outside = not all(axis.bbox.contains(*corner) for corner in (box.min, box.max))
            tries.append((box.count_overlaps(taken) + 10 * outside, text, box))
            if tries[-1][0] == 0:
                break
        _, best, box = min(tries, key=lambda one: one[0])
        for _, text, _ in tries:
            if text is not best:
                text.remove()
        taken.append(box)


def contact_sheet(tiles: Mapping[str, Pixels]) -> bytes:
    """Pictures of one size in a grid, captions below, as a JPEG of at most ``SHEET_BYTES`` if quality 40 allows it."""
    side = max(max(pixels.shape[:2]) for pixels in tiles.values())
    columns = min(SHEET_COLUMNS, len(tiles))
    size = (columns * (side + MARGIN) + MARGIN, math.ceil(len(tiles) / columns) * (side + CAPTION) + MARGIN)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for number, (caption, pixels) in enumerate(tiles.items()):
        row, column = divmod(number, columns)
        left, top = MARGIN + column * (side + MARGIN), MARGIN + row * (side + CAPTION)
        sheet.paste(Image.fromarray(pixels), (left, top))
        draw.text((left, top + side + 2), caption, "black", font)
    for quality in range(90, 35, -5):
        buffer = io.BytesIO()
        sheet.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= SHEET_BYTES:
            break
    return buffer.getvalue()
