"""The architecture study from end to end, in two steps a variant, and what it draws."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import architectures
from allaprima.evaluation.report import BEGIN, END
from architecture_report import SHEET_BYTES, contact_sheet, draw_front, markdown, pareto_front
from architecture_study import Study

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def study(photos, paintings, vgg16_file, tmp_path, monkeypatch):
    """Run the study's command with small pictures; -> the file of results."""
    output = tmp_path / "study.json"
    inputs = ["--photos", photos, "--val", photos, "--painting", paintings[0], "--vgg16", vgg16_file]
    small = ["--steps", 2, "--batch", 1, "--size", 64, "--style-size", 64, "--count", 2, "--threads", 1]

    def run(*words: str | Path) -> dict:
        command = ["architectures.py", *inputs, *small, "--rounds", 1, "-o", output, *words]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        architectures.main()
        return json.loads(output.read_text()) if output.exists() else {}

    return run


def test_a_study_is_resumed_timed_and_reported(study, photos, tmp_path):
    first = study("--only", "blocks-2")
    assert [row["variant"] for row in first["results"]] == ["blocks-2"]
    assert first["results"][0]["milliseconds"] is None
    model = tmp_path / "study" / "models" / "blocks-2.onnx"
    trained = model.stat().st_mtime_ns

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nnothing yet\n{END}\nafter\n")
    photo = photos / "0.jpg"
    words = ["--only", "blocks-2", "distilled", "--teacher", model, 4]
    second = study(*words, "--timings", "--page", page, "--picture", photo)
    assert model.stat().st_mtime_ns == trained
    rows = {row["variant"]: row for row in second["results"]}
    assert list(rows) == ["blocks-2", "distilled"]
    assert rows["blocks-2"]["terms"] == first["results"][0]["terms"]
    assert rows["distilled"]["about"].startswith("a term more: 4 × ")
    assert all(row["milliseconds"]["min_ms"] > 0 for row in rows.values())
    assert set(second["front"]) <= set(rows)
    assert second["command"].startswith("python benchmarks/architectures.py --photos ")

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "nothing yet" not in text
    assert "blocks-2" in text
    for name in ("architectures.png", "architectures.jpg"):
        assert f"(images/{name})" in text
        with Image.open(tmp_path / "images" / name) as image:
            image.load()

    third = study(*words, "--page", page, "--picture", photo)  # the timings of these models are not lost
    assert third["results"] == second["results"]


def test_other_settings_are_another_study(study, photos, paintings, monkeypatch):
    """All that decides a result is in its description, and nothing else."""
    described = []

    def describe(options):
        described.append(json.dumps(Study(options).describe("blocks-2"), sort_keys=True))

    monkeypatch.setattr(architectures, "run", describe)
    same = [[], ["--threads", 2], ["--rounds", 3], ["--only", "blocks-2"]]
    other = [
        ["--steps", 1],
        ["--size", 32],
        ["--count", 1],
        ["--painting", paintings[1]],
        ["--photos", photos / "deep"],
    ]
    for words in same + other:
        study(*words)
    assert len(set(described[: len(same)])) == 1
    assert len(set(described)) == 1 + len(other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "cubist"], "there is no variant cubist"),
        (["--only", "distilled"], "there is no variant distilled"),
        (["--val", "nowhere"], "no folder of photographs at nowhere"),
        (["--page", "nowhere.md"], "there is no file nowhere.md"),
        (["--teacher", "nowhere.onnx", "1"], "there is no style model at nowhere.onnx"),
        (["--teacher", DOCS.parent / "src/allaprima/gallery/fast.onnx", "1"], "there is no style waves"),
    ],
)
def test_mistakes_are_said_in_a_sentence(study, words, message):
    with pytest.raises(SystemExit, match=message):
        study(*words)


def row(name: str, ms: float | None, loss: float) -> dict:
    return {
        "variant": name, "about": f"it is {name}", "parameters": 84_083, "multiply_adds": 1_634_729_984,
        "milliseconds": ms and {"min_ms": ms, "median_ms": ms}, "terms": {
            "content": {"mean": 0.8}, "style": {"mean": 0.2}, "total": {"mean": loss}},
    }  # fmt: skip


def test_the_pareto_front():
    rows = [row("quick", 10, 3), row("good", 40, 1), row("both", 20, 2), row("worse", 25, 2), row("same", 20, 2)]
    assert pareto_front([*rows, row("untimed", None, 0.1)]) == {"quick", "good", "both", "same"}


def test_the_table_has_the_front_in_bold():
    lines = markdown([row("quick", 10, 3), row("untimed", None, 1)], {"quick"}).splitlines()
    assert lines[2] == "| **quick** | it is quick | 84 k | 1.63 | 10.0 | 0.800 | 0.200 | 3.000 |"
    assert lines[3].startswith("| untimed | it is untimed | 84 k | 1.63 | – | ")


def test_names_in_the_plot_do_not_overlap(tmp_path, monkeypatch):
    """Fifteen points in one spot and ten along a curve."""
    rng = np.random.default_rng(0)
    crowd = [row(f"variant-{n}", 25 + rng.uniform(), 2 + rng.uniform(0, 0.02)) for n in range(15)]
    rows = crowd + [row(f"other-{n}", 30 * 1.3**n, 2 - 0.05 * n) for n in range(10)]
    drawn = []
    monkeypatch.setattr("architecture_report.save", lambda figure, path: drawn.append(figure))
    draw_front(rows, pareto_front(rows), tmp_path / "front.png")
    figure = drawn[0]
    figure.draw_without_rendering()
    boxes = {text.get_text(): text for text in figure.axes[0].texts}
    assert set(boxes) == {one["variant"] for one in rows}
    extents = [Text.get_window_extent(text) for text in boxes.values()]  # without the lines that lead to points
    overlapping = sum(a.overlaps(b) for n, a in enumerate(extents) for b in extents[:n])
    assert overlapping <= 2


def test_a_contact_sheet_is_as_small_as_was_promised():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(noise).resize((64, 64)).resize((256, 256)))
    data = contact_sheet({f"{n}": smooth for n in range(27)})
    assert len(data) <= SHEET_BYTES
    with Image.open(io.BytesIO(data)) as sheet:
        assert sheet.size == (6 * 264 + 8, 5 * 280 + 8)


def test_the_page_has_a_place_for_results():
    text = (DOCS / "networks.md").read_text()
    assert text.index(BEGIN) < text.index(END)
