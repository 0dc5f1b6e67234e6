"""The studio as tests run it: its server as a process, and its page in a browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def start_studio(
    folder: Path, *words: str, environment: dict[str, str] | None = None
) -> tuple[subprocess.Popen[str], str]:
    """``allaprima studio`` on a free port, and its address."""
    pytest.importorskip("fastapi", reason="the extra studio is not installed")
    pytest.importorskip("uvicorn", reason="the extra studio is not installed")
    process = subprocess.Popen(
        [sys.executable, "-m", "allaprima", "studio", "--no-browser", "--port", "0", *words],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stderr.readline()
    found = re.search(r"http://\S+/", line)
    assert found, line + process.stderr.read()
    return process, found[0]


@contextmanager
def visited(browser, address: str, **options):
    """The studio in a fresh browser, which may ask nobody but its own server and must not complain."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    try:
        yield page
    finally:
        context.close()
    assert [url for url in asked if not url.startswith((address, f"blob:{address}", "data:"))] == []
    assert complaints == []


def assert_alike(ours: np.ndarray, theirs: np.ndarray, most: int = 2) -> None:
    """No value differs by more than ``most`` of 255, and at least 99 % by no more than 1."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= most, difference.max()
    assert (difference <= 1).mean() >= 0.99
