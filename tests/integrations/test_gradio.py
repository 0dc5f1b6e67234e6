"""The example for Gradio paints what the package paints; the host is a stub."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from allaprima import Stylizer
from support import checkered

EXAMPLE = Path(__file__).parents[2] / "integrations" / "gradio" / "app.py"


def test_the_page_paints(monkeypatch):
    made: dict[str, Any] = {}

    class Component:
        def __init__(self, *args: Any, **words: Any) -> None:
            self.args, self.words = args, words

    class Interface:
        def __init__(self, **words: Any) -> None:
            made.update(words)

        def launch(self) -> None:
            made["launched"] = True

    gradio = ModuleType("gradio")
    vars(gradio).update(Interface=Interface, Image=Component, Dropdown=Component, Slider=Component)
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert made["launched"]
    styles = made["inputs"][1].args[0]
    assert "udnie" in styles
    assert "photo" not in styles
    photo = Image.fromarray(checkered(60, 44))
    painted = made["fn"](photo, "udnie", 0.5)
    assert np.array_equal(np.asarray(painted), np.asarray(Stylizer().stylize(photo, "udnie", strength=0.5)))
