"""What tests of live painting share: a running loop as its page sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from allaprima.live.capture import Capture
from allaprima.live.loop import Loop

JSON = {"Content-Type": "application/json"}


@dataclass
class Live:
    """A running loop and the port of its server."""

    loop: Loop
    capture: Capture
    port: int
    folder: Path

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None):
        """One request; its status, headers and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, data, {**(JSON if body is not None else {}), **(headers or {})})
        answer = connection.getresponse()
        result = answer.status, dict(answer.headers), answer.read()
        connection.close()
        return result

    def state(self) -> dict[str, Any]:
        return json.loads(self.ask("GET", "/state")[2])

    def post(self, path: str, body: Any) -> dict[str, Any]:
        status, _, data = self.ask("POST", path, body)
        assert status == 200, data
        return json.loads(data)

    def frame(self, after: int = 0) -> tuple[int, float, bytes]:
        """The next painting: its number, its age in seconds, and its bytes."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status, headers, data = self.ask("GET", f"/frame?after={after}")
            if status == 200:
                return int(headers["X-Number"]), float(headers["X-Age"]) / 1000, data
        raise AssertionError("nothing was painted")


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
