"""The body of a request: a picture, or a form with a picture and a mask; counted while it is read."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect

from allaprima.studio.problems import ProblemError

SECONDS = 60
"""In which a body must have come."""
_MOST_PARTS = 8
_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'content-disposition\s*:\s*form-data\s*;.*?\bname="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """What was sent."""

    image: bytes
    mask: bytes | None = None


async def read_body(request: Request, most: int) -> Body:
    """Read a body of at most ``most`` bytes.

    Raises:
        ProblemError: 400 if there is no picture in it, 408 if it comes too slowly, 413 if it is too large.
    """
    length = request.headers.get("content-length", "0")
    if not length.isdigit():
        raise ProblemError(400, "the length of the body is not a number")
    if int(length) > most:
        raise _too_large(most)
    data = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise ProblemError(408, f"the body did not come within {SECONDS} seconds") from None
    except ClientDisconnect:
        raise ProblemError(400, "the connection ended in the middle of the body") from None
    boundary = _BOUNDARY.match(request.headers.get("content-type", ""))
    if boundary is None:
        body = Body(bytes(data))
    else:
        parts = read_form(bytes(data), (boundary[1] or boundary[2]).encode("latin-1"))
        body = Body(parts.get("image", b""), parts.get("mask"))
    if not body.image:
        raise ProblemError(400, "the body has no picture: send its bytes, or a form with the field image")
    return body


def read_form(data: bytes, boundary: bytes) -> dict[str, bytes]:
    """The fields of a form of the kind multipart/form-data (RFC 7578).

    Raises:
        ProblemError: 400 if it is damaged, or has a field twice, or too many.
    """
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + data).split(delimiter, _MOST_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--") or len(pieces) > _MOST_PARTS + 2:
        raise ProblemError(400, "the form in the body is damaged, cut off, or has too many fields")
    fields: dict[str, bytes] = {}
    for piece in pieces[1:-1]:
        head, separator, value = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not separator or name is None:
            raise ProblemError(400, "a field of the form in the body has no name")
        word = name[1].decode("utf-8", "replace")
        if word not in ("image", "mask"):
            raise ProblemError(400, f"the form has a field {word}; there are: image, mask. Parameters stand in the URL")
        if word in fields:
            raise ProblemError(400, f"the form has the field {word} twice")
        fields[word] = value
    return fields


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, f"the body has more than {most:,} bytes, the most that this server takes")
