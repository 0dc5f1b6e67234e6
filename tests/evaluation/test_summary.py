"""From outcomes to tables: by hand, on curves that one can follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from allaprima.errors import OutputError
from allaprima.evaluation.experiment import CONTENT, PAINTING, Outcome, Task
from allaprima.evaluation.record import command_line, versions
from allaprima.evaluation.report import optimization_table, quoted, refinement_table, seconds_table, terms_table
from allaprima.evaluation.summary import summarize
from allaprima.version import __version__


def outcome(photo: str, total: float, painter: str = "", start: str = "", curve: tuple[float, ...] = ()) -> Outcome:
    task = Task(photo, 256, "waves", painter, start, max(0, len(curve) - 1))
    return Outcome(task, {"content": 0.5 * total, "total": total}, {"total": list(curve)} if curve else {}, Path())


@pytest.fixture
def tables():
    return summarize(
        [
            outcome("a", 9.0, "photograph"), outcome("b", 5.0, "photograph"),
            outcome("a", 3.0, "net"), outcome("b", 1.0, "net"),
            outcome("a", 2.0, start=CONTENT, curve=(9.0, 4.0, 2.0)),
            outcome("b", 2.0, start=CONTENT, curve=(5.0, 4.0, 2.0)),
            outcome("a", 1.5, "net", PAINTING, curve=(3.0, 1.0)), outcome("b", 0.5, "net", PAINTING, curve=(1.0, 0.5)),
        ]
    )  # fmt: skip


def test_crossings_and_ratios(tables):
    (row,) = tables["against_optimization"]  # the photograph is no painter
    assert row["each"] == {"a": 1.5, "b": None}
    assert row["equals_iterations"] == {"median": 1.5, "first_quartile": 1.5, "third_quartile": None, "never": 1}
    assert row["means_cross_at"] == 2.0  # the mean curve 7, 4, 2 against 2
    assert row["ratio_to_optimum"]["third_quartile"] == 1.5
    text = optimization_table(tables["against_optimization"])
    assert "| 256 | waves | net | content | 1.5 (1.5–>2) | 2 | 1 | 0.5 (0.5–1.5) | 2 |" in text


def test_refinement(tables):
    (row,) = tables["refined"]
    assert row["each"] == {"a": 0.5, "b": 0.0}
    assert row["ratio_to_optimum"]["third_quartile"] == 0.5
    assert "| 256 | waves | net | 0 (0–0.5) | 0 | 0.25 (0.25–0.5) | 2 |" in refinement_table(tables["refined"])


def test_terms_and_curves(tables):
    assert tables["terms"][0]["terms"]["total"] == {"mean": 7.0, "std": 2.0}
    text = terms_table(tables["terms"])
    assert "| 256 | waves | photograph | 3.5 ± 1 | 7 ± 2 | 2 |" in text
    assert "optimized from the painting of net" in text
    assert tables["curves"][0]["iterations"] == [0, 1, 2]
    assert tables["curves"][0]["mean"] == [7.0, 4.0, 2.0]
    assert tables["curves"][0]["first_quartile"] == [6.0, 4.0, 2.0]


def test_long_curves_are_thinned():
    curve = tuple(1.0 / (1 + k) for k in range(501))
    (row,) = summarize([outcome("a", 1.0, start=CONTENT, curve=curve)])["curves"]
    assert row["iterations"][0] == 0
    assert row["iterations"][-1] == 500
    assert row["iterations"] == sorted(set(row["iterations"]))
    assert len(row["iterations"]) < 60


def test_seconds_are_said_to_be_extrapolated():
    text = seconds_table([{"size": 512, "iteration": 0.5, "painters": {"net": 0.05}}], 10)
    assert "| 512 | net | 50.0 | 0.500 | 50.0 | 150.0 | 250.0 | 1,000× | 3,000× | 5,000× |" in text
    assert "extrapolated from the mean of 10" in text


def test_a_page_quotes_the_tables():
    page = "before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n"
    once = quoted(page, "| new |\n")
    assert once == "before\n<!-- results -->\n\n| new |\n\n<!-- end of results -->\nafter\n"
    assert quoted(once, "| new |\n") == once
    with pytest.raises(OutputError, match="no place for results"):
        quoted("no marks", "tables")


def test_a_recorded_command_names_no_folders():
    words = [
        "--photos",
        "/home/me/val",
        "--style",
        "wave=/home/me/wave.jpg",
        "--painter",
        "m:f:a=../b.bin:wave,/usr/c",
        "-o",
        "out",
    ]
    line = command_line(["allaprima", "evaluate"], words)
    assert line == "allaprima evaluate --photos val --style wave=wave.jpg --painter m:f:a=b.bin:wave,c -o out"


def test_results_name_the_version_of_the_code_that_made_them(monkeypatch):
    monkeypatch.setattr("allaprima.evaluation.record.version", lambda package: f"{package} as installed")
    told = versions("allaprima", "numpy")
    assert (told["allaprima"], told["numpy"]) == (__version__, "numpy as installed")
