"""The studio as tests run it: its server as a process, and its page in a browser."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support import checkered

STYLIZE = "api/v1/stylize"
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
def application(**settings):
    """The application in this process, asked without a network."""
    pytest.importorskip("fastapi", reason="the extra studio is not installed")
    pytest.importorskip("httpx", reason="httpx is not installed")
    from fastapi.testclient import TestClient

    from allaprima.studio.app import make_app
    from allaprima.studio.pool import Settings

    with TestClient(make_app(Settings(**settings), hosts=("127.0.0.1",)), base_url="http://127.0.0.1") as found:
        yield found


@contextmanager
def chromium(*arguments: str):
    """Chromium, or the test is skipped. Playwright's event loop runs as long, and nobody else's can beside it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])
        yield browser
        browser.close()


@contextmanager
def visited(browser, address: str, query: str = "", **options):
    """The studio in a fresh browser, which may ask nobody but its own server and must not complain."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address + query)
    try:
        yield page
    finally:
        context.close()
    assert [url for url in asked if not url.startswith((address, f"blob:{address}", "data:"))] == []
    assert complaints == []


def assert_alike(ours: np.ndarray, theirs: np.ndarray) -> None:
    """No value differs by more than 2 of 255, and at least 99 % by no more than 1."""
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= 2, difference.max()
    assert (difference <= 1).mean() >= 0.99


def png(width: int = 60, height: int = 45) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(checkered(width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


def wait_until_ready(client) -> None:
    for _ in range(300):
        if client.get("readyz").status_code == 200:
            return
        time.sleep(0.1)
    pytest.fail("no worker is ready")


def problem(answer, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["status"] == status
    assert content["title"]
    return content["detail"]


def last_event(client, place: str) -> dict[str, object]:
    """What is told at the end of a job, as it comes."""
    with client.stream("GET", f"{place}/events") as stream:
        return [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data")][-1]
