"""The body of a request: a picture, or a form with a picture and a mask; counted while it is read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from allaprima.studio.problems import ProblemError

SECONDS = 60
"""In which a body must have come."""
SECONDS_OF_FILE = 900
"""The same, of one that is kept as a file."""
HEAD = 64
"""Bytes by which a file is judged while it comes."""
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
    data = bytearray()
    async with aclosing(_pieces(request, most, SECONDS)) as pieces:
        async for piece in pieces:
            data += piece
    boundary = _BOUNDARY.match(request.headers.get("content-type", ""))
    if boundary is None:
        body = Body(bytes(data))
    else:
        parts = read_form(bytes(data), (boundary[1] or boundary[2]).encode("latin-1"))
        body = Body(parts.get("image", b""), parts.get("mask"))
    if not body.image:
        raise ProblemError(400, "the body has no picture: send its bytes, or a form with the field image")
    return body


async def save_body(request: Request, path: Path, most: int, refused: Callable[[bytes], ProblemError | None]) -> bytes:
    """Write a body of at most ``most`` bytes to a file.

    Args:
        request: whose body it is.
        path: of the file.
        most: bytes.
        refused: what is wrong with a body that begins so.

    Returns:
        Its first bytes.

    Raises:
        ProblemError: 408 if it comes too slowly, 413 if it is too large, 507 if there is no room for it, and what
            ``refused`` says.
    """
    head, judged = b"", False
    async with aclosing(_pieces(request, most, SECONDS_OF_FILE)) as pieces:
        try:
            with path.open("wb") as file:
                async for piece in pieces:
                    head = (head + piece)[:HEAD] if len(head) < HEAD else head
                    if not judged and len(head) == HEAD:
                        _judge(head, refused)
                        judged = True
                    file.write(piece)
        except OSError as error:
            raise ProblemError(507, f"it cannot be kept here: {error.strerror or error}") from error
    if not judged:
        _judge(head, refused)
    return head


def _judge(head: bytes, refused: Callable[[bytes], ProblemError | None]) -> None:
    problem = refused(head)
    if problem is not None:
        raise problem


async def _pieces(request: Request, most: int, seconds: float) -> AsyncGenerator[bytes]:
    """What comes of a body, counted."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit():
        raise ProblemError(400, "the length of the body is not a number")
    if int(length) > most:
        raise _too_large(most)
    count = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                count += len(piece)
                if count > most:
                    raise _too_large(most)
                yield piece
    except TimeoutError:
        raise ProblemError(408, f"the body did not come within {seconds:g} seconds") from None
    except ClientDisconnect:
        raise ProblemError(400, "the connection ended in the middle of the body") from None


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
