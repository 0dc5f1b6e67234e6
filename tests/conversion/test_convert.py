"""What every export shares: what may be asked of it, how it is compared, and that nothing inexact is written."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.cli import app
from allaprima.conversion.convert import checked
from allaprima.conversion.formats import FORMATS
from allaprima.conversion.parity import PHOTOGRAPHS, Trial, compare, mixtures, photograph, style_text, trials
from allaprima.conversion.size import Size, parse_size
from allaprima.errors import OptionError, ParityError
from allaprima.style_model import parse_style
from support import refusal


@given(st.integers(16, 4096), st.integers(16, 4096), st.sampled_from("xX×"))
def test_sizes_are_read_height_first(height, width, times):
    assert parse_size(f"{height}{times}{width}") == Size(height, width)
    assert parse_size(str(Size(height, width))) == Size(height, width)


@pytest.mark.parametrize("text", ["", "512", "8x64", "64x5000", "64x-64", "64x64x3", "64.5x64", "ax64"])
def test_what_is_no_size(text):
    with pytest.raises(OptionError, match="HEIGHTxWIDTH"):
        parse_size(text)


@given(st.integers(0, 40))
def test_banks_of_any_length_are_tried_in_mixtures(count):
    names = ["photo", *(f"style_{number}" for number in range(count))]
    found = mixtures(names)
    assert len(found) == len(set(found)) == (0, 1, 3)[min(count, 2)]
    for style in found:
        assert set(parse_style(style)) <= set(names[1:])
        assert parse_style(style_text(style)) == parse_style(style)


def test_every_look_is_tried_at_the_smallest_size_and_every_photograph_at_all():
    sizes = [Size(512, 512), Size(256, 256), Size(300, 400)]
    looks = [(name, 1.0, np.ones(1, np.float32)) for name in "abcdef"]
    found = list(trials(sizes, looks))
    assert len(found) == len(PHOTOGRAPHS) * (len(looks) + 2)
    assert {(one.photograph, one.style) for one in found if one.size == Size(256, 256)} == {
        (name, look) for name in PHOTOGRAPHS for look in "abcdef"
    }
    assert all({one.photograph for one in found if one.size == size} == set(PHOTOGRAPHS) for size in sizes)


def test_a_difference_is_counted():
    trial = Trial("coffee", Size(50, 40), "a", 1.0, np.ones(1, np.float32))

    def off(photo, mixture):
        painted = photo.astype(np.float32)
        painted[0, 0, 0] += -3.4 if painted[0, 0, 0] > 100 else 3.4
        return painted

    row = compare(lambda photo, mixture: photo, off, trial)
    assert (row.largest, row.share) == (3, 1 / (50 * 40 * 3))
    assert row.psnr == pytest.approx(10 * np.log10(255**2 / (9 / (50 * 40 * 3))))
    assert compare(off, off, trial).psnr is None
    assert photograph("coffee", trial.size).shape == (50, 40, 3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--to", "tflite"], "there is no format tflite; choose one of: onnx-web"),
        (["--to", "onnx-web", "--size", "64x64", "--size", "64x96"], "one size in a file"),
        (["--to", "torch", "--size", "64x64"], "takes pictures of any size"),
        (["--to", "torch", "--style", "udnie"], "keeps all styles"),
        (["--to", "onnx-web", "--strength", "0.5"], "strength needs a style"),
        (["--to", "onnx-web", "--style", "nobody"], "there is no style nobody"),
        (["--to", "onnx-web", "--size", "big"], "HEIGHTxWIDTH"),
        (["--to", "torch"], "ends in .safetensors"),
    ],
)
def test_what_is_refused(words, sentence, tmp_path):
    assert sentence in refusal(["export", "fast", *words, "-o", str(tmp_path / "out.onnx")])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("to", "package"), [("litert", "litert_torch"), ("coreml", "coremltools")])
def test_an_extra_that_is_missing_is_said(to, package, tmp_path, small, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"allaprima.conversion.{to}", raising=False)
    words = ["export", str(small), "--to", to, "-o", str(tmp_path / f"out{FORMATS[to].suffix}")]
    assert re.search(rf"export to {to} needs the package {package}: .*\[{to}\]", refusal(words))
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_unasked(tmp_path, small):
    (tmp_path / "mine_network.py").write_text("precious")
    assert "exists" in refusal(["export", str(small), "--to", "torch", "-o", str(tmp_path / "mine.safetensors")])
    assert "style model itself" in refusal(["export", str(small), "--to", "onnx-web", "--overwrite", "-o", str(small)])
    assert [path.name for path in tmp_path.iterdir()] == ["mine_network.py"]


@pytest.mark.parametrize("limit", [{"tolerance": -1}, {"psnr": 1000.0}])
def test_nothing_out_of_tolerance_is_written(limit, tmp_path, small, monkeypatch, capsys):
    monkeypatch.setitem(FORMATS, "torch", replace(FORMATS["torch"], **limit))
    words = ["export", str(small), "--to", "torch", "-o", str(tmp_path / "out.safetensors")]
    with pytest.raises(ParityError, match="was not written: its paintings differ") as caught:
        app.main([*words, "--report", str(tmp_path / "report.json")], standalone_mode=False)
    assert caught.value.exit_code == 1
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out.startswith("photograph")  # the comparison is shown


def test_the_report_has_every_painting(tmp_path, small, capsys):
    words = ["export", str(small), "--to", "torch", "-o", str(tmp_path / "o.safetensors")]
    app.main([*words, "--report", str(tmp_path / "report.json")], standalone_mode=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.safetensors", "o_network.py", "report.json"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["to"] == "torch"
    assert report["largest"] <= 1
    rows = report["paintings"]
    assert {row["photograph"] for row in rows} == set(PHOTOGRAPHS)
    assert {row["size"] for row in rows} == {str(size) for size in FORMATS["torch"].trials}
    assert {row["style"] for row in rows} == {"a", "c:1,b:0.6", "a:1,b:0.6,c:0.3"}
    assert {row["strength"] for row in rows} == {1.0, 0.5}
    assert len(capsys.readouterr().out.splitlines()) == len(rows) + 1


def test_a_format_that_does_what_is_asked():
    assert checked("onnx-web", [Size(64, 64), Size(64, 64)], "a", 0.5) is FORMATS["onnx-web"]
