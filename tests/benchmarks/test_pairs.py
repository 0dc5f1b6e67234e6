"""Pairs are shuffled, nothing on them says who painted, and answers are counted for the first painter."""

from __future__ import annotations

import json
import sys

import pytest
from PIL import Image

import pairs


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["pairs.py", *map(str, arguments)])
    return pairs.main()


@pytest.fixture
def drawn(tmp_path, monkeypatch, photos, paintings):
    folder = tmp_path / "pairs"
    names = [path.stem for path in paintings]
    monkeypatch.setattr(pairs, "load_models", lambda models, threads: dict.fromkeys(models))
    monkeypatch.setattr(
        pairs, "model_painter", lambda stylizer, name, style: pairs.Painter(name, style, lambda pixels: pixels[::-1])
    )
    monkeypatch.setattr(pairs, "choose_paintings", lambda models, styles, base: {path.stem: path for path in paintings})
    asked = ["draw", "new", "old", "--photos", photos, "--paintings", paintings[0].parent, "--styles", *names]
    assert run(monkeypatch, *asked, "--count", 8, "--side", 32, "-o", folder) == 0
    return folder


def test_each_pair_has_both_painters_on_sides_drawn_by_chance(drawn):
    key = json.loads((drawn / "key.json").read_text())
    assert {frozenset((pair["A"], pair["B"])) for pair in key["pairs"]} == {frozenset(("new", "old"))}
    assert len({pair["A"] for pair in key["pairs"]}) == 2
    for pair in key["pairs"]:
        with Image.open(drawn / f"{pair['number']:03}.png") as sheet:
            assert sheet.size == (16 + 64 + 2 * pairs.GAP, 32 + pairs.LABEL)
            assert not sheet.info


def test_answers_are_counted_for_the_first(drawn, tmp_path, monkeypatch, capsys):
    key = json.loads((drawn / "key.json").read_text())
    mine = {pair["number"]: "A" if pair["A"] == "new" else "B" for pair in key["pairs"]}
    other = {"A": "B", "B": "A"}
    lines = [f"{n} {'=' if n == 1 else other[side] if n == 2 else side}" for n, side in mine.items()]
    (tmp_path / "answers.txt").write_text("\n".join(lines))
    assert run(monkeypatch, "score", drawn, tmp_path / "answers.txt", "-o", tmp_path / "out.json") == 0
    found = json.loads((tmp_path / "out.json").read_text())
    count = len(key["pairs"])
    assert found["preferred"] == pytest.approx((count - 1.5) / count)
    assert found["interval"][0] < found["preferred"] < found["interval"][1]
    assert "new is preferred" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1 C"], "a line of answers.txt is '1 C'; it must be a number and A, B or ="),
        (["1"], "a line of answers.txt is '1'; it must be a number and A, B or ="),
        (["1: A"], "a line of answers.txt is '1: A'; it must be a number and A, B or ="),
        (["1 A", "01 B"], "answers.txt has two answers to 1"),
        ([f"{n:03} a" for n in range(1, 8)], "there is no answer to 8"),
    ],
)
def test_answers_that_are_none_are_one_sentence(drawn, tmp_path, monkeypatch, capsys, lines, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.txt").write_text("\n".join(lines))
    assert run(monkeypatch, "score", drawn, "answers.txt", "-o", tmp_path / "out.json") == 2
    assert capsys.readouterr().err == f"pairs: {said}\n"


def test_two_sizes_of_strokes_are_a_pair_of_whole_photographs(tmp_path, monkeypatch, photos, paintings, capsys):
    sizes = []

    class Recorder:
        def stylize(self, pixels, style, *, stroke):
            sizes.append(str(stroke))
            return pixels

    monkeypatch.setattr(pairs, "load_models", lambda models, threads: dict.fromkeys(models, Recorder()))
    monkeypatch.setattr(pairs, "choose_paintings", lambda models, styles, base: {styles[0]: paintings[0]})
    asked = ["--strokes", 640, "auto", "--photos", photos, "--paintings", paintings[0].parent]
    asked += ["--styles", paintings[0].stem, "--count", 4, "--side", 32, "-o", tmp_path / "strokes"]
    assert run(monkeypatch, "draw", "new", *asked) == 0
    key = json.loads((tmp_path / "strokes" / "key.json").read_text())
    assert key["first"] == "new, stroke 640"
    assert {frozenset((pair["A"], pair["B"])) for pair in key["pairs"]} == {
        frozenset(("new, stroke 640", "new, stroke auto"))
    }
    assert sorted(sizes) == ["640"] * len(key["pairs"]) + ["auto"] * len(key["pairs"])
    assert run(monkeypatch, "draw", "new", "old", *asked) == 2
    assert "strokes of one model" in capsys.readouterr().err
    assert run(monkeypatch, "draw", "new", "--peer", "x=y:z", *asked) == 2
    assert "a peer has no sizes" in capsys.readouterr().err
    assert run(monkeypatch, "draw", "new", *asked[:1], "auto", *asked[2:]) == 2
    assert "both are auto" in capsys.readouterr().err
