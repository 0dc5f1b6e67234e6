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
from allaprima.cli import app, train
from allaprima.cli.train_options import decide
from allaprima.errors import AllaPrimaError
from allaprima.style_model import Style
from allaprima.training.model_file import read_weights, weights_sha256
from allaprima.training.photos import bundled_photos, find_photos
from support import checkered, refusal

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


def test_a_new_style_from_nothing_but_a_painting(allaprima, paintings, tmp_path, vgg16_file):
    """The gallery's bank and the package's photographs; the steps are few and the crops small, for the test's sake."""
    small = ["--steps", 2, "--size", 64, "--style-size", 64, "--vgg16", vgg16_file, "--device", "cpu"]
    result = allaprima("train", paintings[0], "-o", "new.onnx", *small)
    assert result.returncode == 0, result.stderr.decode()
    assert "waves starts as" in result.stderr.decode()

    gallery, card = Stylizer().card, Stylizer(tmp_path / "new.onnx").card
    assert card.names == ("photo", "waves")
    assert card.parent == f"{gallery.weights_sha256}, {gallery.steps} steps"
    assert card.trained_on == f"{len(find_photos(bundled_photos(), 1).paths)} photographs of the package"
    assert (card.network, card.width, card.recipe["batch"]) == (gallery.network, gallery.width, 2)


def test_an_extended_bank_paints_its_old_styles_as_before(paintings, tmp_path, vgg16_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--steps", "3", "--size", "64", "--style-size", "64", "--vgg16", str(vgg16_file), "--device", "cpu"]
    app.main(["train", str(paintings[0]), "-o", "new.onnx", "--extend", *small], standalone_mode=False)

    old, new = Stylizer(), Stylizer(tmp_path / "new.onnx")
    assert new.card.styles == (*old.card.styles, Style("waves"))
    assert new.card.parent.endswith("steps, extended")
    photo = checkered(101, 67)
    for style in (*old.card.names[1:], {"great_wave": 0.5, "the_scream": 0.5}):
        for strength in (0.4, 1.0):
            assert (new.stylize(photo, style=style, strength=strength) == old.stylize(photo, style, strength)).all()
    assert not (new.stylize(photo, style="waves") == photo).all()


def test_strengths_are_trained_alone(paintings, tmp_path, vgg16_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--size", "64", "--style-size", "64", "--vgg16", str(vgg16_file), "--device", "cpu"]
    names = [str(path) for path in paintings]
    app.main(["train", *names, "-o", "bank.onnx", "--steps", "2", *small], standalone_mode=False)
    again = ["train", *names, "--from", "bank.onnx", "--strengths", "-o", "new.onnx", "--quality", "draft"]
    app.main([*again, *small], standalone_mode=False)

    old, new = Stylizer("bank.onnx"), Stylizer("new.onnx")
    assert new.card.parent == f"{old.card.weights_sha256}, 2 steps, strengths"
    assert (new.card.steps, new.card.recipe["lower"], new.card.recipe["learning_rate"]) == (40, 1.0, 6e-3)
    photo = checkered(101, 67)
    assert (new.stylize(photo, "stars") == old.stylize(photo, "stars")).all()
    assert (new.stylize(photo, "stars", 0.5) != old.stylize(photo, "stars", 0.5)).any()


@pytest.mark.parametrize(
    ("words", "steps", "batch", "start"),
    [
        ([], 900, 2, "gallery"),
        (["--quality", "draft"], 180, 2, "gallery"),
        (["--quality", "draft", "--steps", "7", "--batch", "3"], 7, 3, "gallery"),
        (["--network", "fast", "--width", "16"], 900, 2, "gallery"),
        (["--width", "8"], 40_000, 4, "none"),
        (["--network", "johnson"], 40_000, 4, "none"),
        (["--recipe", "paper"], 40_000, 4, "none"),
        (["--from", "none"], 40_000, 4, "none"),
        (["--from", "none", "--quality", "good"], 900, 2, "none"),
        (["--from", "none", "--network", "fine"], 40_000, 4, "none"),
        (["--network", "fine"], 900, 2, "fine"),
        (["--from", "gallery", "--network", "fine"], 900, 2, "fine"),
        (["--from", "fast", "--network", "fine"], 900, 2, "fast"),
        (["--from", "fast", "--width", "20"], 900, 2, "fast"),
    ],
)
def test_what_the_words_mean_together(paintings, words, steps, batch, start):
    command = [str(paintings[0]), "-o", "m.onnx", "--device", "cpu", *words]
    with train.command.make_context("train", command) as context:
        given = {name: value for name, value in context.params.items() if name not in ("styles", "output")}
        options, parent = decide(context, context.params["styles"], given, None)
    assert (options.recipe.steps, options.recipe.batch) == (steps, batch)
    assert (parent is None) == (start == "none") == (options.parent == "")
    if parent is not None:
        card = Stylizer("fast" if start == "gallery" else start).card
        assert options.parent == f"{card.weights_sha256}, {card.steps} steps"
        assert (options.network, options.width) == (parent.network.name, parent.network.width)
    if "--network" in words:
        assert options.network == words[words.index("--network") + 1]
    if "--width" in words:
        assert options.width == int(words[words.index("--width") + 1])


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
    assert "cut.png: cannot be read" in result.stderr.decode()


def test_mistakes_get_one_sentence(words, tmp_path, paintings, monkeypatch):
    """In one process: that many would each wait for PyTorch. That ``main`` prints them plainly is tested elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.onnx").write_bytes(b"precious")
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    (tmp_path / "old.checkpoint").write_bytes(b"nothing")
    (tmp_path / "logged.jsonl").write_text("precious")
    (tmp_path / "odd.tsv").write_text("name\temphasis\nwaves\tmuch\n")
    picture = str(paintings[0])
    known = tmp_path / "great_wave.png"
    known.write_bytes(paintings[0].read_bytes())
    fit = ["train", picture, "-o", "m.onnx"]
    cases = [
        ([*fit, "--from", "none", "--extend"], "--extend needs a bank"),
        ([*fit, "--from", "none", "--strengths"], "--strengths needs a bank"),
        ([*fit, "--strengths"], "--strengths trains the styles that the bank has"),
        ([*fit, "--recipe", "paper", "--extend"], "--extend needs a bank"),
        ([*fit, "--from", "gallery", "--width", "4"], "cannot grow into fast of width 4; start from random weights"),
        ([*fit, "--from", "gallery", "--network", "johnson"], "cannot grow into johnson"),
        ([*fit, "--from", "gallery", "--network", "cubist"], "choose one of: fast, fine, johnson"),
        ([*fit, "--from", "fine", "--network", "fast"], "cannot grow into fast"),
        ([*fit, "--from", "fast", "--network", "fine", "--extend"], "--extend keeps the network"),
        ([*fit, "--from", "fast", "--width", "20", "--strengths"], "--strengths keeps the network"),
        ([*fit, "--from", "nowhere.onnx"], "there is no style model at nowhere.onnx, and the gallery has: fast, fine"),
        ([*fit, "--quality", "finest"], "is not one of"),
        (["train", str(known), "-o", "m.onnx", "--extend"], "has a style great_wave already"),
        (["train", "-o", "m.onnx"], "name at least one painting"),
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
