"""The experiment's two figures: loss against iterations (the paper's Figure 5), pictures side by side (Figure 6)."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from PIL import Image

from allaprima.evaluation.crossing import crossing
from allaprima.evaluation.experiment import CONTENT, NOISE, PAINTING
from allaprima.evaluation.judge import photo_square
from allaprima.evaluation.summary import Floats, Outcomes, curves, totals
from allaprima.files import write_bytes
from allaprima.picture.reading import read_picture

# Okabe & Ito 2008, Color Universal Design: told apart by color-blind eyes, and in gray by their lightness.
COLORS = {CONTENT: "#0072B2", NOISE: "#E69F00", PAINTING: "#009E73"}
LABELS = {
    CONTENT: "optimized from the photograph",
    NOISE: "optimized from noise",
    PAINTING: "optimized from the painting",
}
ONE_PASS = "one pass of the network"
INK = "#000000"
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif", "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "xtick.labelsize": 8, "ytick.labelsize": 8,
}  # fmt: skip
PANEL = (3.5, 3.0)  # inches
NARROWEST = 7.0  # inches, that the words above and below the panels need
COLUMNS = 3
DPI = 200
JPEG_QUALITY = 90
GRID_ROWS = 6
CELL = 256  # pixels a picture in the grid, at least


def draw_curves(scenes: Sequence[Outcomes], models: Sequence[str], path: Path) -> None:
    """Loss against iterations, one panel per style: the mean over the photographs, its quartiles as a band.

    Args:
        scenes: of one size.
        models: the first of them that knows a style paints what is the level to be reached.
        path: a PNG file.
    """
    columns = min(COLUMNS, len(scenes))
    rows = math.ceil(len(scenes) / columns)
    with mpl.rc_context(STYLE):
        width = max(NARROWEST, PANEL[0] * columns)
        figure = Figure((width, PANEL[1] * rows + 0.8), layout="constrained")
        axes = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axis, scene in zip(axes, scenes, strict=False):
            _panel(axis, scene, chosen(scene, models))
        for axis in axes[len(scenes) :]:
            axis.remove()
        size, count = scenes[0].size, max(len(group) for scene in scenes for group in scene.groups.values())
        figure.supxlabel(
            f"iterations of L-BFGS ({size}×{size} pixels; lines: mean of {count} photographs, bands: quartiles)",
            fontsize=9,
        )
        figure.supylabel("objective", fontsize=9)
        handles: dict[str, Artist] = {}
        for axis in figure.axes:
            handles |= {label: handle for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
        figure.legend(
            list(handles.values()), list(handles), loc="outside upper center", frameon=False,
            ncols=len(handles) if columns == COLUMNS else 2,
        )  # fmt: skip
        save(figure, path)


def chosen(scene: Outcomes, models: Sequence[str]) -> str:
    """The first of the models that has painted in this style; "" if none has."""
    return next((model for model in models if model in scene.painters), "")


def _panel(axis: Axes, scene: Outcomes, painter: str) -> None:
    """One style."""
    levels = totals(scene.group(painter))
    level = float(levels.mean()) if len(levels) else None
    longest = 1
    for (whose, start), group in scene.groups.items():
        if start and whose in ("", painter):
            values = curves(group)
            longest = max(longest, values.shape[1] - 1)
            _curve(axis, values, start)
            if level is not None and not whose:
                _mark(axis, values.mean(axis=0), level, COLORS[start])
    if level is not None:
        low, high = np.quantile(levels, (0.25, 0.75))
        axis.axhspan(low, high, color=INK, alpha=0.10, linewidth=0)
        axis.axhline(level, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=ONE_PASS)
    axis.set_title(scene.style, loc="left", fontweight="bold")
    axis.set_xscale("symlog", base=10, linthresh=1, linscale=0.35)  # iteration 0 has a place, too
    axis.set_xlim(0, longest)
    axis.xaxis.set_major_locator(FixedLocator(_round_numbers(longest)))
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(FixedLocator(_decimals(*axis.get_ylim())))
    for one in (axis.xaxis, axis.yaxis):
        one.set_minor_locator(NullLocator())
        one.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    axis.set_axisbelow(True)


def _curve(axis: Axes, values: Floats, start: str) -> None:
    """values: [photographs, 1 + iterations]."""
    iterations = np.arange(values.shape[1])
    low, high = np.quantile(values, (0.25, 0.75), axis=0)
    axis.fill_between(iterations, low, high, color=COLORS[start], alpha=0.22, linewidth=0)
    axis.plot(iterations, values.mean(axis=0), color=COLORS[start], linewidth=1.6, label=LABELS[start])


def _mark(axis: Axes, mean: Floats, level: float, color: str) -> None:
    """A dot where the mean curve comes down to the level, and the number of iterations beside it."""
    place = crossing(mean.tolist(), level)
    if math.isinf(place):
        return
    axis.plot(place, level, "o", color=color, markersize=5, markeredgecolor="white", zorder=5)
    axis.annotate(
        f"{place:.0f}", (place, level), xytext=(4, 5), textcoords="offset points", color=color, fontweight="bold"
    )


def _round_numbers(last: int) -> list[int]:
    """0, 1, 3, 10, 30, … up to ``last``."""
    powers = [10**k for k in range(len(str(last)))]
    return [0, *(n for power in powers for n in (power, 3 * power) if n <= last)]


def _decimals(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the limits."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [n * 10.0**k for k in powers for n in (1, 2, 5) if low <= n * 10.0**k <= high]


def draw_grid(
    scenes: Sequence[Outcomes], models: Sequence[str], photos: Mapping[str, Path], paintings: Mapping[str, Path],
    path: Path,
) -> None:  # fmt: skip
    """Content, style, optimized and feed-forward pictures, each with its objective; a row per photograph and style.

    Args:
        scenes: of one size, with their pictures on disk.
        models: whose feed-forward paintings are shown; see ``draw_curves``.
        photos: the photographs, by the name that the outcomes have for them.
        paintings: the picture of each style.
        path: a JPEG file.
    """
    pairs = _rows([scene for scene in scenes if chosen(scene, models)])
    size = scenes[0].size
    columns = _columns(scenes)
    cell = max(CELL, size) / DPI
    with mpl.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
        inches = ((2 + len(columns)) * (cell + 0.06), len(pairs) * (cell + 0.22) + 0.25)
        figure = Figure(inches, layout=layout)
        axes = figure.subplots(len(pairs), 2 + len(columns), squeeze=False)
        for row, (scene, photo) in zip(axes, pairs, strict=True):
            _tile(row[0], photo_square(photos[photo], size), "")
            _tile(row[1], _shrunk(paintings[scene.style], size), scene.style)
            for axis, column in zip(row[2:], columns.values(), strict=True):
                outcome = scene.group(chosen(scene, models) if column.painted else "", column.start).get(photo)
                if outcome is None:
                    axis.axis("off")
                else:
                    _tile(axis, read_picture(outcome.picture).pixels, f"objective {outcome.terms['total']:.2f}")
        for axis, title in zip(axes[0], ("photograph", "style", *columns), strict=True):
            axis.set_title(title)
        save(figure, path)


class _Column(NamedTuple):
    """What one column of the grid shows."""

    painted: bool
    """Whether the network had a hand in it."""
    start: str
    """What its optimization began with; "" without one."""


def _columns(scenes: Sequence[Outcomes]) -> dict[str, _Column]:
    """The columns that something was measured for, by title."""
    there = {_Column(bool(painter), start) for scene in scenes for painter, start in scene.groups}
    columns = {LABELS[start].replace(" from ", "\nfrom "): _Column(False, start) for start in (CONTENT, NOISE)}
    columns |= {"one pass": _Column(True, ""), "one pass,\nthen optimized": _Column(True, PAINTING)}
    return {title: column for title, column in columns.items() if column in there}


def _rows(scenes: Sequence[Outcomes]) -> list[tuple[Outcomes, str]]:
    """Which photographs are shown in which style: another one in each row, as long as there are others."""
    rows = []
    each = max(1, GRID_ROWS // len(scenes))
    for place, scene in enumerate(scenes):
        names = list(next(iter(scene.groups.values())))
        rows += [(scene, names[(place * each + turn) % len(names)]) for turn in range(min(each, len(names)))]
    return rows


def _shrunk(path: Path, side: int) -> np.ndarray:
    """A painting within a square of ``side`` pixels, on white."""
    painting = Image.fromarray(read_picture(path).pixels)
    painting.thumbnail((side, side), Image.Resampling.LANCZOS)
    square = Image.new("RGB", (side, side), "white")
    square.paste(painting, ((side - painting.width) // 2, (side - painting.height) // 2))
    return np.asarray(square)


def _tile(axis: Axes, pixels: np.ndarray, caption: str) -> None:
    """One picture and what stands below it."""
    axis.imshow(pixels, interpolation="lanczos")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.set_xlabel(caption, labelpad=2)


def save(figure: Figure, path: Path) -> None:
    """In the format of its extension; JPEG for pictures, a tenth of what PNG takes."""
    buffer = io.BytesIO()
    options = {"quality": JPEG_QUALITY} if path.suffix == ".jpg" else {}
    figure.savefig(buffer, format=path.suffix[1:], dpi=DPI, facecolor="white", pil_kwargs=options)
    write_bytes(buffer.getvalue(), path)


def draw(
    scenes: Sequence[Outcomes], models: Sequence[str], photos: Mapping[str, Path], paintings: Mapping[str, Path],
    folder: Path,
) -> list[Path]:  # fmt: skip
    """Both figures for every size: ``curves_256.png``, ``pictures_256.jpg`` …; the files written."""
    written = []
    for size in dict.fromkeys(scene.size for scene in scenes):
        alike = [scene for scene in scenes if scene.size == size]
        if any(start for scene in alike for _, start in scene.groups):
            written.append(folder / f"curves_{size}.png")
            draw_curves(alike, models, written[-1])
        written.append(folder / f"pictures_{size}.jpg")
        draw_grid(alike, models, photos, paintings, written[-1])
    return written
