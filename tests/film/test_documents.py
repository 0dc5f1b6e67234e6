"""What docs/film.md says can be done in Python can be done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from film.clips import gray_frames, make_clip

PAGE = Path(__file__).parents[2] / "docs" / "film.md"


def test_python_in_the_document_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_clip(Path("clip.mp4"), gray_frames(32, 32, 32), rate=2)
    names = {"frames": gray_frames(2, 32, 32)}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)
    assert Path("painting.mp4").exists()
    assert names["seconds"] == 14.5
