"""The studio's server, shared by all tests of a run, and a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studios import application, chromium, start_studio, visited, wait_until_ready


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    """Where the studio is."""
    process, url = start_studio(tmp_path_factory.mktemp("studio"))
    yield url
    process.terminate()
    assert process.wait(20) == 0, process.stderr.read()


@pytest.fixture(scope="module")
def browser():
    """Chromium with a camera that is none."""
    with chromium("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream") as found:
        yield found


@pytest.fixture
def page(browser, address):
    """The studio in a fresh browser of its own."""
    with visited(browser, address) as found:
        yield found


@pytest.fixture(scope="module")
def client():
    """The application in this process, asked without a network; its workers are processes of their own."""
    with application(workers=2) as found:
        wait_until_ready(found)
        yield found


@pytest.fixture
def server(tmp_path):
    """Starts a server with options of its own; gives a client and the process."""
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    running = []

    def start(*words: str, **options):
        process, address = start_studio(tmp_path, *words, **options)
        client = httpx.Client(base_url=address, timeout=60)
        running.append((process, client))
        return client, process

    yield start
    for process, client in running:
        client.close()
        process.terminate()
        process.wait(20)
