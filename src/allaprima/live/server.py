"""The page and its calls over HTTP on this machine alone, with what Python brings along.

A page of any site can make its visitor's browser send requests here. So the host that is asked for must be this
machine's (against DNS rebinding), and the page that asks, where the browser names one, must be ours. Ports are not
compared with our own, since ``ssh -L`` changes them.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from allaprima.errors import AllaPrimaError, OptionError
from allaprima.live.desk import Desk

ADDRESS = "127.0.0.1"
HOSTS = ("127.0.0.1", "localhost", "::1")
PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/live.js": ("live.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""What the page is made of."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
PATIENCE = 1.0
"""Seconds that a request for the next painting waits."""
LARGEST_BODY = 10_000
_IDLE = 30.0
"""Seconds that a connection may be silent."""
_TYPES = {".mp4": "video/mp4", ".png": "image/png"}


def start_server(desk: Desk, port: int) -> ThreadingHTTPServer:
    """Serve the page in threads of its own; port 0 takes a free one. ``server_port`` of the result says which.

    Raises:
        OptionError: the port is taken.
    """
    handler = type("Bound", (_Handler,), {"desk": desk})
    try:
        server = _Server((ADDRESS, port), handler)
    except OSError as error:
        raise OptionError(
            f"port {port} is taken or not allowed ({error.strerror or error}); 0 takes a free one", options=("port",)
        ) from error
    threading.Thread(target=server.serve_forever, name="server", daemon=True, args=(0.1,)).start()
    return server


def is_ours(host: str, origin: str | None, site: str | None) -> bool:
    """Whether a request may come from our own page, or from no page at all.

    Args:
        host: the header ``Host``.
        origin: the header ``Origin``, where there is one.
        site: the header ``Sec-Fetch-Site``, where there is one.
    """
    try:
        named = urlsplit(f"//{host}").hostname in HOSTS
    except ValueError:
        return False
    return named and origin in (None, f"http://{host}") and site in (None, "same-origin", "none")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # Windows would give the port to several

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer that has gone is no fault."""


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE
    server_version, sys_version = "allaprima", ""

    def do_GET(self) -> None:
        """The page, a painting, the state, a small picture, or what was saved."""
        url = urlsplit(self.path)
        if not self._may():
            return
        if url.path in PAGE:
            name, kind = PAGE[url.path]
            self._send(HTTPStatus.OK, (files("allaprima") / "live" / "page" / name).read_bytes(), kind)
        elif url.path == "/frame":
            self._frame(parse_qs(url.query).get("after", ["0"])[0])
        elif url.path == "/model":
            self._answer(self.desk.model)
        elif url.path == "/state":
            self._answer(self.desk.state)
        elif url.path.startswith("/thumbnail/"):
            self._file(lambda: self.desk.thumbnail(unquote(url.path.removeprefix("/thumbnail/"))), "image/jpeg")
        elif url.path.startswith("/saved/"):
            name = unquote(url.path.removeprefix("/saved/"))
            kind = _TYPES.get(name[-4:], "application/octet-stream")
            self._file(lambda: self.desk.saved(name), kind, {"Content-Disposition": "attachment"})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def do_POST(self) -> None:
        """Change the choice, record, or keep a painting."""
        body = self._body()
        if not self._may() or body is None:
            return
        if self.path == "/change":
            self._answer(lambda: self.desk.change(body))
        elif self.path == "/record":
            self._answer(lambda: self.desk.record(body.get("on") is True))
        elif self.path == "/snapshot":
            self._answer(self.desk.snapshot)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said of requests."""

    def _may(self) -> bool:
        headers = self.headers
        if is_ours(headers.get("Host", ""), headers.get("Origin"), headers.get("Sec-Fetch-Site")):
            return True
        self.close_connection = True
        self._refuse(HTTPStatus.FORBIDDEN, "only the page of this server is answered")
        return False

    def _body(self) -> dict[str, Any] | None:
        """The JSON that was sent; a request without any, or with something else, is refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._refuse(HTTPStatus.BAD_REQUEST, "a small body with its length is needed")
            return None
        data = self.rfile.read(int(length))
        # A page elsewhere cannot send this type without asking first, and it is told no.
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is needed")
            return None
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "a JSON object is needed")
            return None
        return body

    def _frame(self, after: str) -> None:
        painting = self.desk.shown.wait(int(after) if after.isdigit() and len(after) < 19 else 0, PATIENCE)
        if painting is None:
            self._send(HTTPStatus.NO_CONTENT, b"", "")
            return
        age = (time.monotonic() - painting.captured) * 1000
        self._send(
            HTTPStatus.OK, painting.jpeg, "image/jpeg", {"X-Number": str(painting.number), "X-Age": f"{age:.1f}"}
        )

    def _answer(self, call: Callable[[], dict[str, Any]]) -> None:
        self._file(lambda: json.dumps(call(), ensure_ascii=False).encode(), "application/json")

    def _file(self, call: Callable[[], bytes | None], kind: str, headers: dict[str, str] | None = None) -> None:
        try:
            data = call()
        except AllaPrimaError as error:
            missing = self.command == "GET"
            self._refuse(HTTPStatus.NOT_FOUND if missing else HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
            return
        if data is None:
            self._send(HTTPStatus.NO_CONTENT, b"", "")
        else:
            self._send(HTTPStatus.OK, data, kind, headers)

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self._send(status, json.dumps({"error": words}).encode(), "application/json")

    def _send(self, status: HTTPStatus, data: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        more = {"Content-Type": kind} if kind else {}
        for name, value in {**HEADERS, **more, **(headers or {})}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        # In one packet with the headers: two would wait for each other.
        self._headers_buffer: list[bytes]
        self._headers_buffer.extend([b"\r\n", data])
        self.flush_headers()
