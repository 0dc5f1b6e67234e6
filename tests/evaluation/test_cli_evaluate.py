"""``allaprima evaluate`` as a user types it: from models and photographs to tables and figures."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from allaprima.cli import app
from allaprima.errors import AllaPrimaError
from allaprima.gallery import gallery_model
from support import refusal


@pytest.fixture
def words(photos, paintings, vgg16_file):
    """A small experiment in two styles of the gallery."""
    styles = ["--style", f"great_wave={paintings[0]}", "--style", f"the_scream={paintings[1]}"]
    sizes = ["--size", 32, "--style-size", 64, "--timed-size", 32, "--count", 2, "--iterations", 4, "--refine", 2]
    rest = ["--vgg16", vgg16_file, "--precision", "float32", "--device", "cpu", "--quick"]
    return [str(word) for word in ["evaluate", "gallery", "--photos", photos, *styles, *sizes, *rest]]


def test_from_models_to_tables_and_figures(allaprima, words, tmp_path):
    shutil.copy(gallery_model(), tmp_path / "mine.onnx")
    (tmp_path / "page.md").write_text("# Page\n<!-- results -->\n<!-- end of results -->\n")
    result = allaprima(*words, "mine.onnx", "-o", "results", "--page", "page.md")
    assert result.returncode == 0, result.stderr.decode()

    data = json.loads((tmp_path / "results" / "results.json").read_text())
    assert data["command"].startswith("allaprima evaluate gallery --photos")
    assert (data["conditions"]["photos"], data["conditions"]["precision"]) == (2, "float32")
    rows = data["against_optimization"]
    assert {(r["style"], r["painter"], r["start"]) for r in rows} == {
        (style, model, start)
        for style in ("great_wave", "the_scream")
        for model in ("gallery", "mine")
        for start in ("content", "noise")
    }
    assert [row["size"] for row in data["seconds"]] == [32]
    assert set(data["seconds"][0]["painters"]) == {"gallery", "mine"}

    tables = (tmp_path / "results" / "tables.md").read_text()
    assert "### How many iterations one pass equals" in tables
    assert tables in (tmp_path / "page.md").read_text()
    for name in ("curves_32.png", "pictures_32.jpg"):
        with Image.open(tmp_path / "results" / name) as figure:
            assert min(figure.size) > 300
            assert np.asarray(figure.convert("RGB")).std() > 20


def test_killed_and_given_again_it_goes_on(allaprima, words, tmp_path):
    words = [*words, "-o", "results"]
    log = tmp_path / "results" / "log.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "allaprima", *words], cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (log.exists() and log.read_bytes().count(b"\n") >= 4):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "results" / "results.json").exists()
    kept = log.read_bytes()
    kept = kept[: kept.rindex(b"\n") + 1]

    result = allaprima(*words)
    assert result.returncode == 0, result.stderr.decode()
    assert log.read_bytes().startswith(kept)
    lines = [json.dumps(json.loads(line)["measured"]) for line in log.read_text().splitlines()]
    # Two photographs in two styles: the photograph, the painting, two starts, a refinement; and the seconds.
    assert len(lines) == len(set(lines)) == 2 * 2 * 5 + 1


def test_only_painters(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app.main([*words, "--no-optimize", "--refine", "0", "-o", "results"], standalone_mode=False)
    data = json.loads((tmp_path / "results" / "results.json").read_text())
    assert data["against_optimization"] == data["refined"] == data["curves"] == []
    assert [row["painter"] for row in data["terms"]] == ["photograph", "gallery"] * 2
    assert not (tmp_path / "results" / "curves_32.png").exists()
    assert (tmp_path / "results" / "pictures_32.jpg").exists()


def test_mistakes_get_one_sentence(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("precious")
    (tmp_path / "page.md").write_text("no marks")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "bad.png").write_bytes(b"nothing")
    plain = words[: words.index("--style")]
    cases = [
        (["evaluate", "-o", "r"], "Missing argument"),
        (["evaluate", "gallery", "-o", "r"], "--photos"),
        (words, "Missing option '-o'"),
        ([*words, "-o", "file"], "file is a file"),
        ([*words, "--start", "noise:0", "-o", "r"], "as in noise:150, not noise:0"),
        ([*words, "none.onnx", "-o", "r"], "no style model at none.onnx"),
        ([*words, "gallery", "-o", "r"], "cannot name"),
        ([*plain, "-o", "r"], "great_wave=IMAGE"),
        ([*plain, "--paintings", "empty", "-o", "r"], "no painting of great_wave"),
        ([*words, "--style", "cubism", "-o", "r"], "no style cubism"),
        ([*words, "--painter", "json", "-o", "r"], "MODULE:FUNCTION or MODULE:FUNCTION:SPEC, not json"),
        ([*words, "--painter", "nowhere:f", "-o", "r"], "nowhere cannot be imported"),
        ([*words, "--threads", "0", "-o", "r"], "not in the range"),
        ([*words, "--page", "none.md", "-o", "r"], "none.md cannot be read"),
        ([*words, "--page", "page.md", "-o", "r"], "no place for results"),
        ([*words, "--photos", "empty", "-o", "r"], "holds no photograph"),
        ([*words, "--photos", "bad", "-o", "r"], "holds no photograph"),
        ([*words, "--recipe", "cubist", "-o", "r"], "no recipe cubist"),
        ([*words, "--vgg16", "none.h5", "-o", "r"], "none.h5"),
        ([*words, "--size", "8", "-o", "r"], "not in the range"),
        ([*words, "--start", "style", "-o", "r"], "not style"),
        ([*words, "--iterations", "0", "-o", "r"], "not in the range"),
    ]
    for command, sentence in cases:
        message = refusal(command)
        assert sentence in message, command
        assert "\n" not in message.strip(), command
    assert (tmp_path / "file").read_text() == "precious"


def test_without_matplotlib_it_says_what_to_install(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    with pytest.raises(AllaPrimaError, match=r"pip install '\.\[evaluate\]'"):
        app.main([*words, "-o", "r"], standalone_mode=False)
