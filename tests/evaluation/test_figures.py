"""The figure of curves, from outcomes made up: what is not there leaves its place white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from allaprima.evaluation.crossing import crossing
from allaprima.evaluation.experiment import CONTENT, NOISE, PAINTING, Outcome, Task
from allaprima.evaluation.figures import LABELS, ONE_PASS, draw_curves
from allaprima.evaluation.summary import split


def made_up(style: str) -> list[Outcome]:
    rng = np.random.default_rng(0)
    outcomes = []
    for photo in "abcd":
        outcomes.append(Outcome(Task(photo, 256, style, "net"), {"total": 2.0 * rng.uniform(0.8, 1.2)}, {}, Path()))
        for start, painter, height, iterations in (
            (CONTENT, "", 8.0, 300),
            (NOISE, "", 200.0, 300),
            (PAINTING, "net", 1.2, 100),
        ):
            curve = 0.8 + rng.uniform(0.8, 1.2) * height / (1 + np.arange(iterations + 1))
            task = Task(photo, 256, style, painter, start, iterations)
            outcomes.append(Outcome(task, {"total": curve[-1]}, {"total": curve.tolist()}, Path()))
    return outcomes


def test_every_style_has_its_panel_and_no_panel_is_empty(tmp_path):
    scenes = split([outcome for style in ("one", "two", "three", "four") for outcome in made_up(style)])
    draw_curves(scenes, ["net"], tmp_path / "four.png")
    with Image.open(tmp_path / "four.png") as figure:
        pixels = np.asarray(figure.convert("L"))
    panels = pixels[150:-100]  # without legend and label: two rows of three, the last two empty
    upper, lower = np.array_split(panels, 2)
    inked = [part.min() < 128 for row in (upper, lower) for part in np.array_split(row, 3, axis=1)]
    assert inked == [True, True, True, True, False, False]


def test_the_curves_are_the_means_and_the_level_is_the_painters(tmp_path, monkeypatch):
    """What is drawn, not how it looks: the lines' own numbers."""
    outcomes = made_up("one")
    (scene,) = split(outcomes)
    drawn = []
    monkeypatch.setattr("allaprima.evaluation.figures.save", lambda figure, path: drawn.append(figure))
    draw_curves([scene], ["net"], tmp_path / "one.png")
    (axis,) = drawn[0].axes
    lines = {line.get_label(): line for line in axis.get_lines()}
    by_label = {LABELS[CONTENT]: (CONTENT, ""), LABELS[NOISE]: (NOISE, ""), LABELS[PAINTING]: (PAINTING, "net")}
    for label, (start, painter) in by_label.items():
        curves = [o.curve["total"] for o in outcomes if (o.task.start, o.task.painter) == (start, painter)]
        assert np.allclose(lines[label].get_ydata(), np.mean(curves, axis=0))
    level = np.mean([o.terms["total"] for o in outcomes if not o.task.start])
    assert np.allclose(lines[ONE_PASS].get_ydata(), level)
    marks = sorted(float(text.get_text()) for text in axis.texts)
    crossings = sorted(round(crossing(lines[LABELS[start]].get_ydata().tolist(), level)) for start in (CONTENT, NOISE))
    assert marks == crossings
