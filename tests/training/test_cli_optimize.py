"""``allaprima optimize`` as a user types it: the main way, an interruption and mistakes."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from allaprima.cli import app
from allaprima.errors import AllaPrimaError, DivergedError
from allaprima.training.optimize import START_STRENGTH
from support import checkered, refusal, started, wait_for


@pytest.fixture
def words(photo: Path, paintings: list[Path], vgg16_file: Path) -> list[str]:
    """A small optimization of one style."""
    options = ["--iterations", 3, "--style-scale", 0.5, "--device", "cpu", "--vgg16", vgg16_file]
    return [str(word) for word in ["optimize", photo, paintings[0], *options]]


def run_here(*command: str) -> None:
    """In this process: each of its own would wait for PyTorch."""
    app.main(list(command), standalone_mode=False)


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def test_from_a_photograph_and_a_painting_to_a_picture(words, tmp_path, photo, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_here(*words, "-o", "out.png", "--preview-every", "2", "--threads", "1")
    assert torch.get_num_threads() == 1
    assert "wrote out.png: total " in capsys.readouterr().err
    with Image.open("out.png") as image:
        assert image.size == (101, 67)
    assert abs(pixels_of(Path("out.png")) - pixels_of(photo)).mean() > 1
    assert [path.name for path in Path("out.previews").iterdir()] == ["level_1_iteration_00002.png"]
    assert "out.png exists" in refusal([*words, "-o", "out.png"])


def test_several_styles_sizes_and_colors(words, paintings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("allaprima.cli.optimize.COARSEST", 16)
    options = [
        "--mixture",
        "stars:3,waves:1",
        "--size",
        "50",
        "--coarse-to-fine",
        "--start",
        "noise",
        "--color",
        "luminance",
    ]
    run_here(
        *words, str(paintings[1]), "-o", "new/folder/out.png", *options, "--iterations", "1", "--preview-every", "1"
    )
    assert pixels_of(Path("new/folder/out.png")).shape == (33, 50, 3)
    heights = [pixels_of(path).shape[0] for path in sorted(Path("new/folder/out.previews").iterdir())]
    assert heights == [16, 23, 33]


def test_alpha_and_orientation_as_everywhere(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.dstack([checkered(60, 40), np.full((40, 60), 77, np.uint8)])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(pixels).save("turned.png", exif=exif)
    run_here("optimize", "turned.png", *words[2:], "-o", "out.png")
    with Image.open("out.png") as image:
        assert image.size == (40, 60)
        assert set(image.getchannel("A").get_flattened_data()) == {77}


def test_a_style_models_result_can_be_refined(words, tmp_path, monkeypatch, photo):
    monkeypatch.chdir(tmp_path)
    run_here("stylize", str(photo), "--style", "great_wave", "--strength", str(START_STRENGTH), "-o", "painted.png")
    still = ["--iterations", "1", "--method", "adam", "--learning-rate", "1e-9"]  # leaves the start as it is
    run_here(*words, "-o", "out.png", "--start", "model", "--style", "great_wave", *still)
    np.testing.assert_allclose(pixels_of(tmp_path / "out.png"), pixels_of(tmp_path / "painted.png"), atol=1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_saves_the_best_picture_so_far(words, tmp_path, photo, number, code):
    command = [sys.executable, "-m", "allaprima", *words, "-o", "out.png", "--iterations", "100000"]
    with started([*command, "--preview-every", "3"], tmp_path) as process:
        wait_for((tmp_path / "out.previews").exists, process)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in stderr.decode()
    assert "out.png is the best picture so far" in stderr.decode()
    assert pixels_of(tmp_path / "out.png").shape == pixels_of(photo).shape


def test_diverged_keeps_the_best_picture(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DivergedError, match=r"not a number.*out.png is the best picture") as caught:
        run_here(*words, "-o", "out.png", "--method", "adam", "--learning-rate", "inf")
    assert caught.value.exit_code == 3
    assert (tmp_path / "out.png").exists()


def test_mistakes_get_one_sentence(words, photo, paintings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 9)).save("small.png")
    Path("bad.jpg").write_bytes(b"nothing")
    style, rest = words[2], words[3:]
    cases = [
        (["optimize", str(photo), "-o", "out.png"], "Missing argument 'STYLE...'"),
        (words, "Missing option '-o'"),
        ([*words, "-o", "out.xyz"], 'not written as ".xyz"'),
        ([*words, "-o", str(photo), "--overwrite"], "would replace the photograph itself"),
        (["optimize", "none.jpg", style, *rest, "-o", "out.png"], "none.jpg: there is no such file"),
        (["optimize", "bad.jpg", style, *rest, "-o", "out.png"], "bad.jpg: it is not a picture"),
        (["optimize", str(photo), "none.jpg", *rest, "-o", "out.png"], "none.jpg cannot be read"),
        (["optimize", str(photo), "bad.jpg", *rest, "-o", "bad.jpg", "--overwrite"], "would replace the style image"),
        (["optimize", "small.png", style, *rest, "-o", "out.png"], "20×9 pixels is too small"),
        ([*words, "-o", "out.png", "--style-scale", "0.1"], "too small for the layers"),
        ([*words, "-o", "out.png", "--mixture", "1,2"], "one number of at least 0 for each style"),
        ([*words, "-o", "out.png", "--mixture", "much"], 'the mixture "much" must be numbers'),
        ([*words, "-o", "out.png", "--recipe", "cubist"], "choose one of: default, four-layers, paper"),
        ([*words, "-o", "out.png", "--style-layers", "relu1_2,pool5"], "there is no layer pool5"),
        ([*words, "-o", "out.png", "--start", "middle"], "is not one of 'content', 'noise', 'style', 'model'"),
        ([*words, "-o", "out.png", "--color", "sepia"], "is not one of 'style', 'photo', 'luminance', 'histogram'"),
        ([*words, "-o", "out.png", "--mixture", "moons:1"], "there is no style moons to mix; there are: waves"),
        ([*words, "-o", "out.png", "--style", "great_wave"], "add --start model"),
        ([*words, "-o", "out.png", "--strength", "0.5"], "add --start model"),
        ([*words, "-o", "out.png", "--start", "model", "--style", "cubist"], "there is no style cubist"),
        ([*words, "-o", "out.png", "--vgg16", "none.h5"], "none.h5"),
        ([*words, "-o", "out.png", "--device", "abacus"], "there is no device abacus"),
    ]
    for command, sentence in cases:
        message = refusal(list(command))
        assert sentence in message, command
        assert "\n" not in message, command
    assert not Path("out.png").exists()


@pytest.mark.parametrize("verb", ["optimize", "train"])
def test_without_pytorch_it_says_what_to_install(verb, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.startswith("allaprima.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    command = [*words, "-o", "out.png"] if verb == "optimize" else ["train", words[2], "--photos", ".", "-o", "m.onnx"]
    with pytest.raises(AllaPrimaError, match=r"needs the package torch: .*pip install '.\[train\]'"):
        run_here(*command)
