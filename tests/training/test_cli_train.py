"""``allaprima train`` as a user types it: from paintings to a style model, kills and mistakes included."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima import Stylizer
from allaprima.cli import app, train
from allaprima.cli.train_options import Given, make_plan
from allaprima.errors import AllaPrimaError
from allaprima.style_model import Style
from allaprima.training import checkpoint
from allaprima.training.checkpoint import read_checkpoint
from allaprima.training.model_file import read_weights, weights_sha256
from allaprima.training.photos import bundled_photos, find_photos, read_square
from allaprima.training.validation import PREVIEWED
from support import checkered, refusal, started, wait_for

STEPS = 8


@pytest.fixture(autouse=True)
def small_squares(monkeypatch):
    """Of previews and of what is measured at the end."""
    monkeypatch.setattr(train, "PREVIEW_SIDE", 64)
    monkeypatch.setattr(train, "VALIDATION_SIDE", 64)


@pytest.fixture
def words(photos: Path, paintings: list[Path], vgg16_file: Path) -> list[str]:
    """A small training of two styles."""
    options = ["--steps", STEPS, "--batch", 1, "--size", 64, "--style-size", 64, "--width", 4, "--device", "cpu"]
    rest = ["--vgg16", vgg16_file, "--checkpoint-every", 2, "--preview-every", 3, "--workers", 0]
    return [str(word) for word in ["train", *paintings, "--photos", photos, *options, *rest]]


def run_here(*command: str | Path) -> None:
    """In this process: each of its own would wait for PyTorch."""
    app.main([str(word) for word in command], standalone_mode=False)


def digest(model: str | Path) -> str:
    return weights_sha256(read_weights(Path(model)))


def steps_in(log: str | Path) -> list[int]:
    return [json.loads(line)["step"] for line in Path(log).read_text().splitlines()]


def test_from_paintings_to_a_picture(words, tmp_path, monkeypatch, photo, photos, paintings, capsys):
    monkeypatch.chdir(tmp_path)
    Path("about.tsv").write_text("name\tartist\ttitle\tyear\tlicence\nwaves\tHokusai\tThe Wave\t1831\tnone\n")
    rest = ["--about", "about.tsv", "--val", str(photos), "--note", "a test"]
    run_here(*words, "-o", "new/model.onnx", *rest)
    said = capsys.readouterr().err
    assert "waves: relative content" in said
    assert said.endswith("wrote new/model.onnx\n")

    stylizer = Stylizer("new/model.onnx")
    card = stylizer.card
    assert card.names == ("photo", "waves", "stars")
    assert (card.styles[1].artist, card.styles[2].artist) == ("Hokusai", "")
    assert (card.steps, card.recipe["name"], card.note) == (STEPS, "default", "a test")
    assert set(card.losses) == {"waves", "stars"}
    assert steps_in("new/model.jsonl") == list(range(1, STEPS + 1))

    run_here("stylize", photo, "-m", "new/model.onnx", "-s", "waves:0.5,stars:0.5", "-o", "painted.png")
    with Image.open("painted.png") as image:
        assert image.size == (101, 67)

    previews = sorted(path.name for path in Path("new/model.previews").iterdir())
    assert previews == [f"step_{step:06}.png" for step in (1, 2, 3, 4, 6, 8)]  # 5, 10, 25, 50, 75, 100 %; 3, 6
    with Image.open(Path("new/model.previews") / previews[-1]) as image:
        grid = np.asarray(image).astype(int)
    assert grid.shape == (64 * (1 + len(PREVIEWED)), 64 * 3, 3)
    for row, name in enumerate(PREVIEWED, start=1):  # the last shows what the model paints
        square = np.array(read_square(bundled_photos() / f"{name}.jpg", 64))
        for column, style in enumerate(("waves", "stars"), start=1):
            found = grid[64 * row : 64 * (row + 1), 64 * column : 64 * (column + 1)]
            assert abs(found - stylizer.stylize(square, style)).max() <= 1
    painting = np.array(read_square(paintings[1], 64)).astype(int)
    assert abs(grid[:64, 128:] - painting).mean() < 1
    assert (grid[:64, :64] == 255).all()


def test_a_training_may_start_from_a_style_model(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "model.onnx", "--steps", "1", "--preview-every", "0")
    run_here(*words, "-o", "further.onnx", "--from", "model.onnx", "--steps", "1", "--preview-every", "0")
    assert digest("further.onnx") != digest("model.onnx")
    assert not Path("model.previews").exists()


def test_a_training_ends_with_calm_unless_none_is_asked_for(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "calm.onnx", "--preview-every", "0")
    run_here(*words, "-o", "plain.onnx", "--preview-every", "0", "--calm", "0")
    assert Stylizer("calm.onnx").card.recipe["calm"] == 0.6
    assert Stylizer("plain.onnx").card.recipe["calm"] == 0.0
    assert Path("calm.jsonl").read_text().count("\n") == Path("plain.jsonl").read_text().count("\n") == STEPS
    states = [read_checkpoint(Path(f"{name}.checkpoint"))["network"] for name in ("calm", "plain")]
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])  # the training is the same
    assert digest("calm.onnx") != digest("plain.onnx")


def test_killed_and_resumed_gives_the_same_weights(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "unbroken.onnx")
    log = tmp_path / "killed.jsonl"
    with started([sys.executable, "-m", "allaprima", *words, "-o", "killed.onnx"], tmp_path) as process:
        wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 2, process)  # past the checkpoint of step 2
        os.killpg(process.pid, signal.SIGKILL)
    assert not Path("killed.onnx").exists()

    capsys.readouterr()
    run_here("train", "-o", "killed.onnx", "--resume", "--vgg16", words[words.index("--vgg16") + 1])
    left = int(re.findall(rf"(\d+) of {STEPS} steps to go", capsys.readouterr().err)[0])
    assert 0 < left < STEPS
    assert digest("killed.onnx") == digest("unbroken.onnx")
    assert steps_in(log) == list(range(1, STEPS + 1))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_at_any_time_it_can_go_on(words, tmp_path, number, code):
    rest = ["--steps", "100000", "--checkpoint-every", "100000", "--workers", "1"]
    log = tmp_path / "stopped.jsonl"
    with started([sys.executable, "-m", "allaprima", *words, "-o", "stopped.onnx", *rest], tmp_path) as process:
        wait_for((tmp_path / "stopped.previews" / "step_000003.png").exists, process)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    said = stderr.decode()
    assert process.returncode == code
    assert "Traceback" not in said
    step = int(re.findall(r"stopped after step (\d+); the same command with --resume goes on", said)[0])
    assert step >= 3
    assert steps_in(log) == list(range(1, step + 1))  # the log and the checkpoint are of the same moment
    assert read_checkpoint(tmp_path / "stopped.checkpoint")["step"] == step


def test_a_checkpoint_comes_by_time(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = []
    monkeypatch.setattr(train, "finish", lambda *_: None)  # the export takes longer than the steps
    monkeypatch.setattr(checkpoint, "write_checkpoint", lambda state, path: written.append(state["step"]))
    rest = ["--checkpoint-every", "1000", "--preview-every", "0", "--steps", "3"]
    run_here(*words, "-o", "often.onnx", *rest, "--checkpoint-minutes", "0")
    run_here(*words, "-o", "rarely.onnx", *rest, "--checkpoint-minutes", "60")
    assert written == [0, 1, 2, 3, 3, 0, 3]


def test_resume_without_a_checkpoint_begins_from_the_start(words, tmp_path, monkeypatch, capsys):
    """As after a kill before there was one, which leaves a log."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "finish", lambda *_: None)
    Path("model.jsonl").write_text('{"step": 1, "seconds": 2.0}\n{"step"')
    run_here(*words, "-o", "model.onnx", "--resume", "--steps", "2", "--preview-every", "0")
    assert "there is no checkpoint at model.checkpoint: the training begins from the start" in capsys.readouterr().err
    assert steps_in("model.jsonl") == [1, 2]


def test_a_new_style_from_nothing_but_a_painting(paintings, tmp_path, vgg16_file, monkeypatch, capsys):
    """The gallery's bank and the package's photographs; the steps are few and the crops small, for the test's sake."""
    monkeypatch.chdir(tmp_path)
    small = ["--steps", 2, "--size", 64, "--style-size", 64, "--vgg16", vgg16_file, "--device", "cpu"]
    run_here("train", paintings[0], "-o", "new.onnx", *small, "--workers", 0)
    assert "waves starts as" in capsys.readouterr().err

    gallery, card = Stylizer().card, Stylizer("new.onnx").card
    assert card.names == ("photo", "waves")
    assert card.parent == f"{gallery.weights_sha256}, {gallery.steps} steps"
    assert card.trained_on == f"{len(find_photos(bundled_photos(), 1).paths)} photographs of the package"
    assert (card.network, card.width, card.recipe["batch"]) == (gallery.network, gallery.width, 2)


def test_an_extended_bank_paints_its_old_styles_as_before(paintings, tmp_path, vgg16_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--steps", 2, "--size", 64, "--style-size", 64, "--vgg16", vgg16_file, "--device", "cpu", "--workers", 0]
    run_here("train", paintings[0], "-o", "new.onnx", "--extend", *small)

    old, new = Stylizer(), Stylizer(tmp_path / "new.onnx")
    assert new.card.styles == (*old.card.styles, Style("waves"))
    assert new.card.parent.endswith("steps, extended")
    photo = checkered(101, 67)
    for style in (*old.card.names[1:], {"great_wave": 0.5, "the_scream": 0.5}):
        for strength in (0.4, 1.0):
            painted = new.stylize(photo, style=style, strength=strength)
            assert (painted == old.stylize(photo, style=style, strength=strength)).all()
    assert not (new.stylize(photo, style="waves") == photo).all()


def test_strengths_are_trained_alone(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "bank.onnx", "--steps", "2", "--preview-every", "0")
    again = [word for word in words if word not in ("--steps", str(STEPS))]
    run_here(*again, "--from", "bank.onnx", "--strengths", "-o", "new.onnx", "--quality", "draft", "--preview-every", 0)

    old, new = Stylizer("bank.onnx"), Stylizer("new.onnx")
    assert new.card.parent == f"{old.card.weights_sha256}, 2 steps, strengths"
    assert (new.card.steps, new.card.recipe["lower"], new.card.recipe["learning_rate"]) == (40, 1.0, 6e-3)
    photo = checkered(101, 67)
    assert (new.stylize(photo, style="stars") == old.stylize(photo, style="stars")).all()
    half = [stylizer.stylize(photo, style="stars", strength=0.5) for stylizer in (old, new)]
    assert (half[0] != half[1]).any()


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
        (["--recipe", "four-layers"], 900, 2, "gallery"),
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
        plan = make_plan(context, Given(**context.params), None)
    options, parent = plan.options, plan.parent
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


def test_files_that_break_are_listed(words, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (80, 80), (number * 90, 50, 50)).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:60])
    (folder / "tiny.png").write_bytes(b"")
    Image.new("RGB", (10, 10)).save(folder / "tiny.png")
    words[words.index("--photos") + 1] = str(folder)
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "model.onnx", "--steps", "4", "--val", folder)
    said = capsys.readouterr().err
    assert "2 file(s) were skipped" in said
    assert "tiny.png: its short side has 10 pixels" in said
    assert "cut.png: cannot be read" in said


def test_mistakes_get_one_sentence(words, tmp_path, paintings, monkeypatch):
    """In one process: that many would each wait for PyTorch. That ``main`` prints them plainly is tested elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.onnx").write_bytes(b"precious")
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    (tmp_path / "old.checkpoint").write_bytes(b"nothing")
    (tmp_path / "logged.jsonl").write_text("precious\nwords\n")
    (tmp_path / "others.tsv").write_text("name\nwolves\n")
    Image.new("RGB", (20, 20), "red").save("small.png")
    Image.new("RGB", (200, 200), "red").save("plain.png")
    (tmp_path / "odd.tsv").write_text("name\temphasis\nwaves\tmuch\n")
    (tmp_path / "tiny.tsv").write_text("name\tstyle_size\nwaves\t63\n")
    picture = str(paintings[0])
    known = tmp_path / "great_wave.png"
    known.write_bytes(paintings[0].read_bytes())
    fit = ["train", picture, "-o", "m.onnx"]
    cases = [
        ([*fit, "--from", "none", "--extend"], "there is no bank to extend"),
        ([*fit, "--from", "none", "--strengths"], "there is no bank whose strengths to train"),
        ([*fit, "--strengths"], "strengths are trained for the styles that the bank has"),
        ([*fit, "--recipe", "paper", "--extend"], "there is no bank to extend"),
        ([*fit, "--from", "gallery", "--width", "4"], "cannot grow into fast of width 4; start from random weights"),
        ([*fit, "--from", "gallery", "--network", "johnson"], "cannot grow into johnson"),
        ([*fit, "--from", "gallery", "--network", "cubist"], "choose one of: fast, fine, johnson"),
        ([*fit, "--from", "fine", "--network", "fast"], "cannot grow into fast"),
        ([*fit, "--from", "fast", "--network", "fine", "--extend"], "a bank that is kept keeps its network"),
        ([*fit, "--from", "fast", "--width", "20", "--strengths"], "a bank that is kept keeps its network"),
        ([*fit, "--from", "nowhere.onnx"], "there is no style model at nowhere.onnx, and the gallery has: fast, fine"),
        ([*fit, "--quality", "finest"], "there is no quality finest; choose one of: draft, good, best"),
        (["train", str(known), "-o", "m.onnx", "--extend"], "has a style great_wave already"),
        (["train", "-o", "m.onnx"], "name at least one painting"),
        (["train", picture, "--photos", "empty"], "Missing option '-o'"),
        ([*words, "-o", "m.pth"], "must end in .onnx"),
        ([*words, "-o", "there.onnx"], "there.onnx exists"),
        ([*words, "-o", "logged.onnx"], "would become the log"),
        ([*words, "-o", "old.onnx"], "--resume"),
        ([*words, "-o", "old.onnx", "--resume"], "is not a checkpoint"),
        (["train", "-o", "m.onnx", "--resume"], "there is no checkpoint at m.checkpoint"),
        ([*words, "-o", "logged.onnx", "--resume"], "logged.jsonl exists and is not the log of a training"),
        ([*words, "-o", "m.onnx", "--photos", "empty"], "holds no photograph"),
        ([*words, "-o", "m.onnx", "--recipe", "cubist"], "choose one of: default, four-layers, paper"),
        ([*words, "-o", "m.onnx", "--network", "cubist"], "choose one of: fast, fine, johnson"),
        ([*words, "-o", "m.onnx", "--size", "65"], "multiple of 4"),
        ([*words, "-o", "m.onnx", "--learning-rate", "0"], "not in the range"),
        ([*words, "-o", "m.onnx", "--vgg16", "none.h5"], "none.h5"),
        (["train", "bad.jpg", *words[3:], "-o", "m.onnx"], "bad.jpg cannot be read"),
        (["train", "none.jpg", *words[3:], "-o", "m.onnx"], "there is no painting at none.jpg"),
        (["train", picture, *words[1:], "-o", "m.onnx"], "cannot name a style"),
        ([*words, "-o", "m.onnx", "--from", "there.onnx"], "there.onnx is not a readable ONNX model"),
        ([*words, "-o", "m.onnx", "--from", "logged.jsonl"], "logged.jsonl is not a readable ONNX model"),
        ([*words, "-o", "m.onnx", "--about", "none.tsv"], "none.tsv cannot be read"),
        ([*words, "-o", "m.onnx", "--about", "odd.tsv"], "must be a number above 0"),
        ([*words, "-o", "m.onnx", "--about", "tiny.tsv"], "must be a number of pixels, at least 64"),
        ([*words, "-o", "m.onnx", "--about", picture], f"the table {picture} cannot be read: it is no text"),
        ([*words, "-o", "m.onnx", "--about", "logged.jsonl"], "has no column name"),
        ([*words, "-o", "m.onnx", "--about", "others.tsv"], "names none of the paintings"),
        (["train", "small.png", *words[3:], "-o", "m.onnx"], "small.png has 20×20 pixels, too few to show a style"),
        (["train", "plain.png", *words[3:], "-o", "m.onnx"], "plain.png is of one plain color"),
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
    with pytest.raises(AllaPrimaError, match=r"pip install tensorboard"):
        app.main([*words, "-o", "m.onnx", "--tensorboard", "board"], standalone_mode=False)
