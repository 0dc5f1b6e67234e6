"""Browsers that Playwright does not drive, by their own ways: Firefox by Marionette, WebKitGTK by WebDriver.

Both take the commands of W3C WebDriver; Marionette wants them through a socket, with a length before each message, and
the other by HTTP. Neither needs a package.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
WEBKIT = shutil.which("WebKitWebDriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""What the standard calls an element's name."""
START = 60
"""Seconds in which a browser must answer."""


class Browser:
    """A page in a browser."""

    def command(self, name: str, **values: Any) -> Any:
        """Send a command and return its value."""
        raise NotImplementedError

    def go(self, url: str) -> None:
        self.command("go", url=url)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of the body of a function in the page, which may be async."""
        body = f"const [done, ...rest] = [arguments[arguments.length - 1], ...[...arguments].slice(0, -1)];\
            (async (...arguments_) => {{ {script} }})(...rest).then(done, (error) => done('FAULT ' + error));"
        value = self.command("run", script=body, args=list(arguments))
        assert not str(value).startswith("FAULT "), value
        return value

    def choose(self, selector: str, path: Path) -> None:
        """Give a file to an input."""
        element = self.command("find", using="css selector", value=selector)
        self.command("type", element=element, text=str(path))

    def wait(self, script: str, seconds: float = 60, *arguments: Any) -> Any:
        """Until the value of a script is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)):
            assert time.monotonic() < end, script
            time.sleep(0.1)
        return value

    def picture(self) -> bytes:
        """The page as it looks, PNG."""
        return base64.b64decode(self.command("shoot"))


_MARIONETTE = {
    "begin": "WebDriver:NewSession", "go": "WebDriver:Navigate", "run": "WebDriver:ExecuteAsyncScript",
    "find": "WebDriver:FindElement", "type": "WebDriver:ElementSendKeys", "shoot": "WebDriver:TakeScreenshot",
    "times": "WebDriver:SetTimeouts",
}  # fmt: skip


class _Firefox(Browser):
    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._number, self._rest = connection, 0, b""
        self._message()  # it introduces itself

    def command(self, name: str, **values: Any) -> Any:
        self._number += 1
        if name == "type":
            values = {"id": values["element"][ELEMENT], "text": values["text"]}
        data = json.dumps([0, self._number, _MARIONETTE[name], values]).encode()
        self._connection.sendall(f"{len(data)}:".encode() + data)
        _, _, error, answer = self._message()
        assert error is None, error
        return answer.get("value", answer) if isinstance(answer, dict) else answer

    def _message(self) -> Any:
        while b":" not in self._rest:
            self._more()
        length, _, self._rest = self._rest.partition(b":")
        while len(self._rest) < int(length):
            self._more()
        data, self._rest = self._rest[: int(length)], self._rest[int(length) :]
        return json.loads(data)

    def _more(self) -> None:
        data = self._connection.recv(1 << 16)
        assert data, "Firefox has gone"
        self._rest += data


class _WebKit(Browser):
    def __init__(self, address: str) -> None:
        self._address = address
        options = {"binary": _minibrowser(), "args": ["--automation"]}
        found = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
        self._session = f"/session/{found['sessionId']}"

    def command(self, name: str, **values: Any) -> Any:
        place = {"go": "/url", "run": "/execute/async", "find": "/element", "times": "/timeouts"}.get(name, "")
        if name == "shoot":
            return self._ask("GET", f"{self._session}/screenshot")
        if name == "type":
            place = f"/element/{values.pop('element')[ELEMENT]}/value"
        return self._ask("POST", self._session + place, values)

    def end(self) -> None:
        with suppress(OSError, AssertionError):
            self._ask("DELETE", self._session)

    def _ask(self, method: str, place: str, values: dict[str, Any] | None = None) -> Any:
        data = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(
            self._address + place, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error


def _minibrowser() -> str:
    found = sorted(Path("/usr").glob("lib*/*/webkit2gtk-4.*/MiniBrowser")) + sorted(
        Path("/usr").glob("libexec/webkit2gtk-4.*/MiniBrowser")
    )
    if not found:
        pytest.skip("there is no WebKitGTK that can be driven")
    return str(found[-1])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def firefox() -> Iterator[Browser]:
    """Firefox without a screen, or the test is skipped."""
    if FIREFOX is None:
        pytest.skip("there is no Firefox")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        (Path(profile) / "user.js").write_text(
            f'user_pref("marionette.port", {port});\nuser_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
            'user_pref("network.captive-portal-service.enabled", false);\nuser_pref("app.update.auto", false);\n'
            'user_pref("network.connectivity-service.enabled", false);\n'
            # Its WebAssembly mixes AVX with SSE, which on some virtual machines takes a hundred times as long.
            'user_pref("javascript.options.wasm_simd_avx", false);\n'
        )
        words = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--marionette"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with _connected(port, process) as connection:
                browser = _Firefox(connection)
                browser.command("begin")
                browser.command("times", script=120_000, pageLoad=60_000)
                yield browser
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def webkit() -> Iterator[Browser]:
    """WebKitGTK's small browser, or the test is skipped."""
    if WEBKIT is None:
        pytest.skip("there is no WebKitGTK that can be driven")
    screen = shutil.which("Xvfb")
    if screen is None:
        pytest.skip("there is no Xvfb, and WebKitGTK wants a screen")
    port = free_port()
    reading, writing = os.pipe()
    words = [screen, "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    display = subprocess.Popen(words, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as said:
        environment = {**os.environ, "DISPLAY": f":{said.readline().strip()}", "GDK_BACKEND": "x11"}
    process = subprocess.Popen(
        [WEBKIT, f"--port={port}", "--host=127.0.0.1"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _connected(port, process).close()
        browser = _WebKit(f"http://127.0.0.1:{port}")
        browser.command("times", script=120_000, pageLoad=60_000)
        yield browser
        browser.end()
    finally:
        for one in (process, display):
            one.terminate()
            one.wait(30)


def _connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    end = time.monotonic() + START
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.settimeout(180)
            return connection
        except OSError:
            assert process.poll() is None, "the browser has ended"
            assert time.monotonic() < end, "the browser does not answer"
            time.sleep(0.1)
