"""The example without this package paints what the package paints, and says what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima import Stylizer
from allaprima.gallery import gallery_model
from support import checkered

EXAMPLE = Path(__file__).parents[1] / "examples" / "onnx_only.py"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, EXAMPLE, *words], capture_output=True, text=True, check=False)


def test_it_paints_as_the_package_does(tmp_path):
    pixels = checkered(60, 44)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    result = run(gallery_model(), tmp_path / "photo.png", "udnie", tmp_path / "out.png")
    assert result.returncode == 0, result.stderr
    painted = np.asarray(Image.open(tmp_path / "out.png")).astype(int)
    assert np.abs(painted - Stylizer().stylize(pixels, "udnie")).max() <= 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "usage: python onnx_only.py MODEL.onnx PHOTO STYLE OUT"),
        (
            (gallery_model(), "photo.png", "cubism", "out.png"),
            "there is no style cubism; choose one of: photo, great_wave",
        ),
    ],
)
def test_a_mistake_is_a_sentence(words, sentence):
    result = run(*words)
    assert result.returncode == 1
    assert result.stderr.startswith(sentence)
    assert "Traceback" not in result.stderr
