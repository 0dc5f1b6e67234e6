"""The command line as a user types it."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from allaprima.cli import app
from allaprima.errors import AllaPrimaError, DivergedError, ModelError, PictureError, StyleError, TrainingError
from broken import broken_files
from support import checkered, one_sentence


def test_one_picture_lands_beside_the_photo(allaprima, photo):
    result = allaprima("stylize", photo, "--style", "great_wave")
    assert result.returncode == 0, result.stderr
    painting = photo.with_name("photo_great_wave.jpg")
    with Image.open(painting) as image:
        assert image.size == (101, 67)
        assert image.format == "JPEG"


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".webp", "WEBP"), (".tif", "TIFF"), (".avif", "AVIF")])
def test_the_extension_is_the_format(allaprima, photo, suffix, kind):
    target = photo.with_name("out" + suffix)
    assert allaprima("stylize", photo, "-s", "the_scream", "-o", target).returncode == 0
    with Image.open(target) as image:
        assert image.format == kind


def test_a_folder_keeps_its_tree(allaprima, tmp_path):
    for name in ("a.jpg", "deep/b.png", "deep/er/c.webp"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(checkered(40, 32)).save(path)
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    assert allaprima("stylize", "in", "-s", "great_wave", "-o", "out").returncode == 0
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == {"a.jpg", "deep/b.png", "deep/er/c.webp"}


def test_one_bad_picture_does_not_stop_the_others(allaprima, tmp_path, photo):
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    shutil.copy(photo, tmp_path / "good.jpg")
    result = allaprima("stylize", photo, "bad.jpg", "good.jpg", "-s", "great_wave", "-o", "out")
    assert result.returncode == 1
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["good_great_wave.jpg", "photo_great_wave.jpg"]
    assert "allaprima: bad.jpg: it is not a picture of a known format" in result.stderr.decode()


def test_pipes(allaprima, photo):
    result = allaprima("stylize", "-", "-s", "great_wave", "--format", "webp", input=photo.read_bytes())
    assert result.returncode == 0, result.stderr
    with Image.open(io.BytesIO(result.stdout)) as image:
        assert (image.format, image.size) == ("WEBP", (101, 67))
    from_file = allaprima("stylize", photo, "-s", "great_wave", "-o", "-")
    with Image.open(io.BytesIO(from_file.stdout)) as image:
        assert image.format == "PNG"
    assert "not a picture" in one_sentence(allaprima("stylize", "-", "-s", "great_wave", input=b"nothing"))


def test_mixture_strength_and_size(allaprima, photo, tmp_path):
    assert allaprima("stylize", photo, "-s", "great_wave:0.6,the_scream:0.4", "--size", "50").returncode == 0
    with Image.open(tmp_path / "photo_great_wave+the_scream.jpg") as image:
        assert image.size == (50, 33)
    assert allaprima("stylize", photo, "-s", "great_wave", "--strength", "0", "-o", "same.png").returncode == 0
    with Image.open(tmp_path / "same.png") as same, Image.open(photo) as original:
        assert np.array_equal(np.asarray(same), np.asarray(original))


def test_nothing_is_replaced_without_being_asked(allaprima, photo):
    target = photo.with_name("out.png")
    target.write_bytes(b"precious")
    assert "--overwrite" in one_sentence(allaprima("stylize", photo, "-s", "great_wave", "-o", target))
    assert target.read_bytes() == b"precious"
    assert allaprima("stylize", photo, "-s", "great_wave", "-o", target, "--overwrite").returncode == 0
    before = photo.read_bytes()
    result = allaprima("stylize", photo, "-s", "great_wave", "-o", photo, "--overwrite")
    assert "the photograph itself" in one_sentence(result)
    assert photo.read_bytes() == before


def test_two_pictures_for_one_place(allaprima, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(checkered(32, 32)).save(tmp_path / folder / "x.png")
    result = allaprima("stylize", "a/x.png", "b/x.png", "-s", "great_wave", "-o", "out")
    assert "both be written" in one_sentence(result)
    assert not (tmp_path / "out").exists()


def test_every_broken_file_gets_one_sentence(tmp_path):
    """In one process, through the same command, since two dozen processes would be slow."""
    for path in broken_files(tmp_path):
        runner = CliRunner()
        result = runner.invoke(app, ["stylize", str(path), "-s", "great_wave", "-o", str(tmp_path / "out.png")])
        lines = [line for line in result.stderr.splitlines() if line]
        assert result.exit_code == 2, (path.name, result.stderr, result.exception)
        assert len(lines) == 1, (path.name, lines)
        assert lines[0].startswith(f"allaprima: {path}: "), (path.name, lines)
        assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["stylize", "missing.jpg", "-s", "great_wave"], "missing.jpg: there is no such file"),
        (["stylize", "photo.jpg"], "choose a style of this model: great_wave"),
        (["stylize", "photo.jpg", "-s", "great_waev"], "did you mean great_wave?"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--strength", "2"], "between 0 and 1"),
        (
            ["stylize", "photo.jpg", "-s", "great_wave", "--strength", "much"],
            "strength must be a number",
        ),
        (["stylize", "photo.jpg", "-s", "great_wave", "-m", "none.onnx"], "there is no style model at none.onnx"),
        (["stylize", "photo.jpg", "-s", "great_wave", "-m", "photo.jpg"], "not a readable ONNX model"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--format", "doc"], "use one of"),
        (["stylize", "photo.jpg", "photo.jpg", "-s", "great_wave", "-o", "x.png"], "name a folder"),
        (["stylize", "-", "photo.jpg", "-s", "great_wave"], "cannot be mixed"),
        (["stylize", ".", "-s", "great_wave", "-o", "-"], "only one picture"),
        (["stylize", "photo.jpg", "-s", "great_wave", "-o", "photo.jpg/x/y.png"], "cannot be written"),
        (["stylize", "empty", "-s", "great_wave"], "holds no pictures"),
        (["stylize", "photo.jpg", "-s", "great_wave", "-o", "x.tga"], 'not written as ".tga"'),
        (["stylize", "photo.jpg", "-s", "great_wave", "--stroke", "5"], "stroke must be a whole number of at least 16"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--color", "sepia"], "color must be one of: style"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--memory", "much"], "is not an amount"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--feather", "3"], "feather needs a mask; try --mask"),
        (
            ["stylize", "photo.jpg", "-s", "great_wave", "--mask", "none.png"],
            "the mask none.png: there is no such file",
        ),
        (["stylize", "photo.jpg", "-s", "great_wave", "--mask-style", "the_scream"], "needs a mask"),
        (["stylize", "photo.jpg", "-s", "great_wave", "--max-pixels", "6000"], "101×67 pixels, more than the limit"),
        (["stylize", ".", "-s", "cubism"], "allaprima: there is no style cubism"),
        (["stylize"], "Missing argument"),
        (["stylise", "photo.jpg"], "did you mean stylize?"),
        (["paint", "photo.jpg"], "there are: stylize, styles, live, studio, train"),
        (["stylize", "photo.jpg", "-s", "udnie", "--style", "cossacks"], "--style is given twice; a mixture"),
        (["stylize", "https://example.com/a.jpg", "-s", "udnie"], "a.jpg is a URL, not a file; download it first"),
        (["styles", "--sheet", "missing.jpg"], "missing.jpg: there is no such file"),
        (["stylize", "photo.jpg", "--no-such-option"], "No such option"),
    ],
)
def test_mistakes_get_one_sentence_and_exit_code_2(allaprima, photo, tmp_path, words, sentence):
    (tmp_path / "empty").mkdir()
    result = allaprima(*words)
    assert result.returncode == 2
    assert sentence in one_sentence(result)


def test_styles_lists_artist_title_and_year(allaprima):
    text = allaprima("styles").stdout.decode()
    assert "great_wave" in text
    assert "Katsushika Hokusai, The Great Wave off Kanagawa (1831)" in text
    card = json.loads(allaprima("styles", "--json").stdout)
    assert card["styles"][0]["name"] == "photo"
    assert len(card["weights_sha256"]) == 64


def test_a_sheet_shows_every_style(allaprima, photo, tmp_path):
    assert allaprima("styles", "--sheet", photo, "-o", "sheet.png").returncode == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 2 * 101
        assert sheet.height > 2 * 67
    assert allaprima("styles", "--sheet", photo, "--tile", 64, "-o", "small.png").returncode == 0
    with Image.open(tmp_path / "sheet.png") as sheet, Image.open(tmp_path / "small.png") as small:
        assert 64 / 101 - 0.1 < small.width / sheet.width < 1


def test_help_and_version(allaprima):
    assert b"stylize" in allaprima("--help").stdout
    assert b"--strength" in allaprima("stylize", "--help").stdout
    assert allaprima("--version").stdout.startswith(b"allaprima, version ")


def test_every_error_has_its_documented_exit_code():
    assert {error.exit_code for error in (AllaPrimaError, PictureError, StyleError, ModelError, TrainingError)} == {2}
    assert DivergedError.exit_code == 3


def test_the_current_folder(allaprima, photo):
    """It has no name of its own; the results still lie beside it."""
    folder = photo.parent
    assert allaprima("stylize", ".", "-s", "great_wave").returncode == 0
    beside = folder.with_name(f"{folder.name}_great_wave")
    assert [path.name for path in beside.iterdir()] == ["photo.jpg"]


def test_pictures_that_differ_by_their_extension_alone(allaprima, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.tga", "b.tga"):
        Image.fromarray(checkered(32, 32)).save(tmp_path / "in" / name)
    assert allaprima("stylize", "in", "-s", "great_wave", "-o", "out").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "a.tga.png", "b.png"]


def test_a_result_never_replaces_another_photograph(allaprima, photo):
    other = photo.with_name("photo_great_wave.jpg")
    other.write_bytes(photo.read_bytes())
    result = allaprima("stylize", photo, other, "-s", "great_wave", "--overwrite")
    assert "would replace another photograph" in one_sentence(result)
    assert other.read_bytes() == photo.read_bytes()


def test_a_folder_of_results_inside_the_folder_is_not_painted_again(allaprima, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(checkered(32, 32)).save(folder / "a.png")
    for _ in range(2):
        assert allaprima("stylize", folder, "-s", "great_wave", "-o", folder / "out", "--overwrite").returncode == 0
    assert [p.name for p in (folder / "out").rglob("*.png")] == ["a.png"]


def test_a_mask_of_another_size_is_scaled_and_said(allaprima, photo, tmp_path):
    mask = Image.new("L", (10, 10))
    mask.paste(255, (0, 0, 5, 10))
    mask.save(tmp_path / "mask.png")
    words = ["-s", "great_wave", "-o", "out.png", "--mask", "mask.png", "--feather", "0", "--stroke", "own"]
    result = allaprima("stylize", photo, *words)
    assert result.returncode == 0, result.stderr
    said = result.stderr.decode().splitlines()
    assert said == ["allaprima: the mask of 10×10 pixels is scaled to the picture of 101×67", "wrote out.png"]
    with Image.open(tmp_path / "out.png") as out, Image.open(photo) as original:
        difference = np.abs(np.asarray(out).astype(int) - np.asarray(original)).mean((0, 2))
    assert difference[:40].mean() > 5
    assert difference[60:].max() == 0


def test_little_memory_changes_nothing(allaprima, photo, tmp_path):
    for name, words in {"whole.png": [], "tiles.png": ["--memory", "1M"]}.items():
        result = allaprima("stylize", photo, "-s", "great_wave", "--stroke", "own", "-o", name, *words)
        assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / "whole.png") as whole, Image.open(tmp_path / "tiles.png") as tiled:
        assert np.abs(np.asarray(whole).astype(int) - np.asarray(tiled)).max() <= 1


def test_a_wrong_extension_is_no_trouble(allaprima, photo, tmp_path):
    photo.rename(tmp_path / "photo.png")
    assert allaprima("stylize", "photo.png", "-s", "great_wave").returncode == 0
    with Image.open(tmp_path / "photo_great_wave.png") as image:
        assert image.format == "PNG"


def test_an_empty_name_is_not_the_current_folder(allaprima, photo):
    assert "a name is empty" in one_sentence(allaprima("stylize", "", "-s", "great_wave"))


def test_odd_names(allaprima, tmp_path):
    for stem in ("täst 写真 (1) 'x'", "line\nbreak", "%s{}$HOME;*?", "e\u0301" * 40):
        Image.fromarray(checkered(32, 32)).save(tmp_path / f"{stem}.jpg")
        assert allaprima("stylize", f"{stem}.jpg", "-s", "great_wave").returncode == 0
        assert Path(tmp_path / f"{stem}_great_wave.jpg").exists()
