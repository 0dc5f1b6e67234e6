"""What the shell offers when Tab is pressed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from allaprima.cli import app
from allaprima.gallery import BANKS


def offered(words: str, incomplete: str = "") -> list[tuple[str, str]]:
    """(kind, text) of what completes ``incomplete`` after ``allaprima WORDS``."""
    items = ShellComplete(app, {}, "allaprima", "_ALLAPRIMA_COMPLETE").get_completions(words.split(), incomplete)
    return [(item.type, item.value) for item in items]


def texts(words: str, incomplete: str = "") -> list[str]:
    return [text for _, text in offered(words, incomplete)]


def test_verbs_and_options():
    assert texts("", "sty") == ["stylize", "styles"]
    assert texts("stylize", "--mask") == ["--mask", "--mask-style"]


@pytest.mark.parametrize("verb", ["stylize photo.jpg --mask", "stylize photo.jpg -o", "stylize", "styles --sheet"])
def test_files(verb):
    assert offered(verb, "hol") == [("file", "hol")]


@pytest.mark.parametrize("option", ["--style", "-s", "--mask-style"])
def test_styles(option):
    assert texts(f"stylize photo.jpg {option}", "s") == ["starry_night", "shipwreck"]
    assert len(texts(f"stylize {option}")) == 20
    assert texts(f"stylize {option}", "udnie:0.6,cos") == ["udnie:0.6,cossacks"]
    assert texts(f"stylize {option}", "cubism") == []


def test_styles_of_the_model_that_the_line_names(tmp_path):
    assert texts("stylize photo.jpg --model fine -s", "udn") == ["udnie"]
    assert texts(f"stylize photo.jpg --model {tmp_path}/none.onnx -s", "udn") == []


def test_banks_or_files():
    assert tuple(texts("stylize photo.jpg --model", "f")) == BANKS
    assert offered("styles -m", "mine") == [("file", "mine")]


def test_words():
    assert texts("stylize photo.jpg --color", "") == ["style", "photo", "luminance", "histogram"]
    assert texts("stylize photo.jpg --stroke", "o") == ["own"]


def test_nothing_heavy_is_loaded_for_it():
    program = """
import sys
from click.shell_completion import ShellComplete
from allaprima.cli import app
items = ShellComplete(app, {}, "allaprima", "_X").get_completions(["stylize", "-s"], "")
print(len(items), "onnxruntime" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["20", "False"]
