"""What cannot be done, as RFC 9457 has it: ``application/problem+json`` with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse, Response


class ProblemError(Exception):
    """An answer that is not what was asked for.

    Args:
        status: the HTTP status.
        detail: one sentence.
        headers: more headers of the answer.
        options: names of the parameters that help.
    """

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.options = options

    def content(self) -> dict[str, object]:
        """What is told of it."""
        content: dict[str, object] = {
            "type": "about:blank",
            "title": _title(self.status),
            "status": self.status,
            "detail": self.detail,
        }
        if self.options:
            content["options"] = list(self.options)
        return content

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.content(), self.status, self.headers, "application/problem+json")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client Closed Request"  # 499, which is nobody's standard
