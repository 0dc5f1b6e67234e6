"""Who paints, in which style, after which painting."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from allaprima.errors import ModelError, StyleError
from allaprima.evaluation.painters import (
    choose_paintings,
    load_models,
    model_painter,
    parse_aim,
    photograph,
)
from allaprima.gallery import GALLERY, gallery_model
from support import checkered


@pytest.fixture(scope="module")
def models():
    return load_models([GALLERY])


def test_a_model_paints_in_its_style_and_the_photograph_stays(models):
    pixels = checkered(40, 32)
    stylizer = models[GALLERY]
    painter = model_painter(stylizer, GALLERY, "great_wave")
    assert np.array_equal(painter.paint(pixels), stylizer.stylize(pixels, "great_wave"))
    assert painter.fingerprint == stylizer.card.weights_sha256
    assert np.array_equal(photograph("great_wave").paint(pixels), pixels)


def test_paintings_are_named_or_lie_in_a_folder(models, paintings, tmp_path):
    styles = [style.name for model in models.values() for style in model.styles]
    names = [style + (".png", ".jpg", ".webp")[i % 3] for i, style in enumerate(styles)]
    for name in names:
        shutil.copy(paintings[0], tmp_path / name)
    found = choose_paintings(models.values(), [], tmp_path)
    assert [path.name for path in found.values()] == names
    assert choose_paintings(models.values(), [f"the_scream={paintings[1]}"], None) == {"the_scream": paintings[1]}


@pytest.mark.parametrize(
    ("styles", "sentence"),
    [(["cubism"], "there is no style cubism"), (["the_scream"], "the_scream=IMAGE"), (["the_scream=a.jpg"], "a.jpg")],
)
def test_a_style_without_painting_is_refused(models, styles, sentence):
    with pytest.raises(StyleError, match=sentence):
        choose_paintings(models.values(), styles, None)


def test_models_are_called_by_their_files(tmp_path):
    shutil.copy(gallery_model(), tmp_path / "mine.onnx")
    assert list(load_models([GALLERY, str(tmp_path / "mine.onnx")])) == [GALLERY, "mine"]
    with pytest.raises(ModelError, match="cannot name"):
        load_models([str(tmp_path / "mine.onnx"), str(tmp_path / "mine.onnx")])


def test_what_aims_at_a_style():
    assert parse_aim("C:\\weights.bin:waves", ["waves"]) == ("C:\\weights.bin", "waves")
    for text in ("waves", ":waves", "7:stars"):
        with pytest.raises(StyleError, match="must end in :STYLE, one of: waves"):
            parse_aim(text, ["waves"])
