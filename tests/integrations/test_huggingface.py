"""A Space and a model card for Hugging Face: what the Hub reads is valid and true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from allaprima.cards import read_card
from allaprima.gallery import BANKS, gallery_model
from allaprima.studio.page import HEADERS, page_contents

FOLDER = Path(__file__).parents[2] / "integrations" / "huggingface"


def run(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, FOLDER / script, *words], capture_output=True, text=True, encoding="utf-8", check=False
    )


def front_matter(text: str) -> dict[str, object]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    _, front, _ = text.split("---\n", 2)
    return yaml.safe_load(front)


def test_a_space_is_the_page_with_headers_that_isolate_it(tmp_path):
    result = run("space.py", tmp_path / "space")
    assert result.returncode == 0, result.stderr
    front = front_matter((tmp_path / "space" / "README.md").read_text("utf-8"))
    assert front["sdk"] == "static"
    assert (tmp_path / "space" / str(front["app_file"])).is_file()
    assert len(str(front["short_description"])) <= 60  # the Hub refuses longer ones
    assert front["custom_headers"] == {
        "cross-origin-embedder-policy": HEADERS["Cross-Origin-Embedder-Policy"],
        "cross-origin-opener-policy": HEADERS["Cross-Origin-Opener-Policy"],
        "cross-origin-resource-policy": "cross-origin",
    }
    for name, data in page_contents().items():
        assert (tmp_path / "space" / name).read_bytes() == data


def test_a_space_replaces_nothing(tmp_path):
    assert run("space.py", tmp_path).returncode == 0
    (tmp_path / "README.md").write_text("mine")
    result = run("space.py", tmp_path)
    assert result.returncode == 1
    assert "exists" in result.stderr
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize("bank", BANKS)
def test_a_model_card_says_what_the_card_says(bank):
    result, card = run("model_card.py", gallery_model(bank), "apache-2.0"), read_card(gallery_model(bank))
    assert result.returncode == 0, result.stderr
    front = front_matter(result.stdout)
    assert front["license"] == "apache-2.0"
    assert (front["library_name"], front["pipeline_tag"]) == ("onnx", "image-to-image")
    assert "style-transfer" in front["tags"]
    for style in card.styles[1:]:
        assert f"| `{style.name}` | {style.credit} | {style.license} |" in result.stdout
    for words in (card.weights_sha256, f"{card.steps:,}", card.trained_on, f"--model {bank}.onnx"):
        assert words in result.stdout


def test_a_license_that_is_not_named_is_not_claimed():
    assert "license" not in front_matter(run("model_card.py", gallery_model()).stdout)


@pytest.mark.parametrize(
    ("script", "words"), [("space.py", []), ("model_card.py", []), ("model_card.py", ["none.onnx"])]
)
def test_a_mistake_is_a_sentence(script, words):
    result = run(script, *words)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
