"""``allaprima train`` as a user types it: from paintings to a style model, kills and mistakes included."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from allaprima import Stylizer
from allaprima.cli import app
from allaprima.errors import AllaPrimaError
from allaprima.training.export import read_weights, weights_sha256
from support import refusal

STEPS = 12


@pytest.fixture
def words(photos: Path, paintings: list[Path], vgg16_file: Path) -> list[str]:
    """A small training of two styles."""
    options = ["--steps", STEPS, "--batch", 2, "--size", 64, "--style-size", 64, "--width", 4, "--device", "cpu"]
    rest = ["--vgg16", vgg16_file, "--checkpoint-every", 2, "--preview-every", 6, "--workers", 1]
    return [str(word) for word in ["train", *paintings, "--photos", photos, *options, *rest]]


def digest(model: Path) -> str:
    return weights_sha256(read_weights(model))


def test_from_paintings_to_a_picture(allaprima, words, tmp_path, photo, photos):
    about = tmp_path / "about.tsv"
    about.write_text("name\tartist\ttitle\tyear\nwaves\tHokusai\tThe Wave\t1831\n")
    result = allaprima(*words, "-o", "model.onnx", "--about", about, "--val", photos, "--note", "a test")
    assert result.returncode == 0, result.stderr.decode()
    assert "waves: relative content" in result.stderr.decode()

    card = Stylizer(tmp_path / "model.onnx").card
    assert card.names == ("photo", "waves", "stars")
    assert (card.styles[1].artist, card.styles[2].artist) == ("Hokusai", "")
    assert (card.steps, card.recipe["name"], card.note) == (STEPS, "default", "a test")
    assert set(card.losses) == {"waves", "stars"}

    log = [json.loads(line) for line in (tmp_path / "model.jsonl").read_text().splitlines()]
    assert [row["step"] for row in log] == list(range(1, STEPS + 1))
    with Image.open(tmp_path / "model.previews" / "step_000006.png") as preview:
        assert preview.width == 3 * 384  # the photograph and two styles

    painted = allaprima("stylize", photo, "-m", "model.onnx", "-s", "waves:0.5,stars:0.5", "-o", "painted.png")
    assert painted.returncode == 0
    with Image.open(tmp_path / "painted.png") as image:
        assert image.size == (101, 67)

    further = [*words, "-o", "further.onnx", "--from", "model.onnx", "--steps", "1"]
    assert allaprima(*further).returncode == 0
    assert digest(tmp_path / "further.onnx") != digest(tmp_path / "model.onnx")


def test_killed_and_resumed_gives_the_same_weights(allaprima, words, tmp_path):
    assert allaprima(*words, "-o", "unbroken.onnx").returncode == 0

    command = [sys.executable, "-m", "allaprima", *words, "-o", "killed.onnx"]
    log = tmp_path / "killed.jsonl"
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "killed.checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed.onnx").exists()

    result = allaprima("train", "-o", "killed.onnx", "--resume", "--vgg16", words[words.index("--vgg16") + 1])
    assert result.returncode == 0, result.stderr.decode()
    left = int(re.findall(rf"(\d+) of {STEPS} steps to go", result.stderr.decode())[0])
    assert left < STEPS
    assert digest(tmp_path / "killed.onnx") == digest(tmp_path / "unbroken.onnx")
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
    assert steps == list(range(1, STEPS + 1))


def test_interrupted_says_how_to_go_on(words, tmp_path):
    command = [sys.executable, "-m", "allaprima", *words, "-o", "stopped.onnx", "--steps", "100000"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "stopped.checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr.decode()
    assert "--resume goes on" in stderr.decode()


def test_files_that_break_are_listed(allaprima, words, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (80, 80), (number * 90, 50, 50)).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:60])
    (folder / "tiny.png").write_bytes(b"")
    Image.new("RGB", (10, 10)).save(folder / "tiny.png")
    words[words.index("--photos") + 1] = str(folder)
    result = allaprima(*words, "-o", "model.onnx", "--steps", "4", "--preview-every", "2", "--val", folder)
    assert result.returncode == 0
    assert "2 file(s) were skipped" in result.stderr.decode()
    assert "tiny.png: its short side has 10 pixels" in result.stderr.decode()
    assert "cut.png: cannot be decoded" in result.stderr.decode()


def test_mistakes_get_one_sentence(words, tmp_path, paintings, monkeypatch):
    """In one process: nineteen would each wait for PyTorch. That ``main`` prints them plainly is tested elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.onnx").write_bytes(b"precious")
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    (tmp_path / "old.checkpoint").write_bytes(b"nothing")
    (tmp_path / "logged.jsonl").write_text("precious")
    (tmp_path / "odd.tsv").write_text("name\temphasis\nwaves\tmuch\n")
    picture = str(paintings[0])
    cases = [
        (["train", "-o", "m.onnx"], "name at least one painting"),
        (["train", picture, "-o", "m.onnx"], "with --photos"),
        (["train", picture, "--photos", "empty"], "Missing option '-o'"),
        ([*words, "-o", "m.pth"], "must end in .onnx"),
        ([*words, "-o", "nowhere/m.onnx"], "there is no folder"),
        ([*words, "-o", "there.onnx"], "--overwrite"),
        ([*words, "-o", "logged.onnx"], "would become the log"),
        ([*words, "-o", "old.onnx"], "--resume"),
        ([*words, "-o", "old.onnx", "--resume"], "is not a checkpoint"),
        ([*words, "-o", "m.onnx", "--resume"], "there is no checkpoint"),
        ([*words, "-o", "m.onnx", "--photos", "empty"], "holds no photograph"),
        ([*words, "-o", "m.onnx", "--recipe", "cubist"], "choose one of: paper, default"),
        ([*words, "-o", "m.onnx", "--network", "cubist"], "choose one of: fast, fine, johnson"),
        ([*words, "-o", "m.onnx", "--size", "65"], "multiple of 4"),
        ([*words, "-o", "m.onnx", "--learning-rate", "0"], "not in the range"),
        ([*words, "-o", "m.onnx", "--vgg16", "none.h5"], "none.h5"),
        (["train", "bad.jpg", *words[3:], "-o", "m.onnx"], "bad.jpg cannot be read"),
        (["train", "none.jpg", *words[3:], "-o", "m.onnx"], "there is no painting at none.jpg"),
        (["train", picture, *words[1:], "-o", "m.onnx"], "cannot name a style"),
        ([*words, "-o", "m.onnx", "--from", "there.onnx"], "not a readable ONNX model"),
        ([*words, "-o", "m.onnx", "--about", "none.tsv"], "none.tsv cannot be read"),
        ([*words, "-o", "m.onnx", "--about", "odd.tsv"], "must be a number above 0"),
        ([*words, "-o", "m.onnx", "--val", "empty"], "holds no photograph"),
    ]
    for command, sentence in cases:
        message = refusal(command)
        assert sentence in message, command
        assert "\n" not in message, command
    assert (tmp_path / "there.onnx").read_bytes() == b"precious"


def test_tensorboard_is_optional(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(AllaPrimaError, match=r"pip install 'allaprima\[tensorboard\]'"):
        app.main([*words, "-o", "m.onnx", "--tensorboard", "board"], standalone_mode=False)
