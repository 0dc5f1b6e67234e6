"""Who may ask: loopback unless told otherwise, the right host, the right page, and a token if there is one."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allaprima.studio.page import HEADERS
from allaprima.studio.problems import ProblemError

_SAFE = ("GET", "HEAD", "OPTIONS")
_API = "/api/"


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Around an application: refuses strangers, and puts the page's headers on every answer.

    A web page anywhere can make its visitor's browser send requests to this machine. So the host that is asked for must
    be one of ours (against DNS rebinding), and what changes anything must come from our own page or from no page.

    Args:
        app: what answers those who may ask.
        hosts: names and addresses by which this server is known, without ports; empty allows any.
        token: what ``Authorization: Bearer`` must hold for the API and for metrics; None asks for none.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = (), token: str | None = None) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._refusal(scope, headers)
        if problem is None:
            await self._app(scope, receive, with_headers)
        else:
            await problem.response()(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ProblemError | None:
        host = headers.get("host", "")
        if self._hosts and _name_of(f"//{host}") not in self._hosts:
            return ProblemError(421, f"this server is not {host or 'a server without a name'}")
        origin = headers.get("origin")
        if scope["method"] not in _SAFE and origin is not None and urlsplit(origin).netloc != host:
            return ProblemError(403, f"requests of pages at {origin} are not answered")
        path = scope["path"]
        if self._token is not None and (path.startswith(_API) or path == "/metrics"):
            kind, _, token = headers.get("authorization", "").partition(" ")
            given = token.strip().encode()
            if kind.lower() != "bearer" or not hmac.compare_digest(given, self._token):
                return ProblemError(401, "a token is needed", headers={"WWW-Authenticate": "Bearer"})
        return None


def _name_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
