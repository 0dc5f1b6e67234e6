"""The body of a request: a picture or a clip, or a form with that and a mask; counted while it is read."""

from __future__ import annotations

import asyncio
import mmap
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
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
_PIECE = 2**20
"""Bytes of a file that are copied at once."""
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
    boundary = _boundary_of(request)
    if boundary is None:
        body = Body(bytes(data))
    else:
        parts = read_form(bytes(data), boundary)
        body = Body(parts.get("image", b""), parts.get("mask"))
    if not body.image:
        raise ProblemError(400, "the body has no picture: send its bytes, or a form with the field image")
    return body


Judge = Callable[[bytes], ProblemError | None]
"""What is wrong with a file that begins so."""


async def save_body(
    request: Request, folder: Path, names: tuple[str, ...], most: int, judge: Judge
) -> dict[str, bytes]:
    """Write a body of at most ``most`` bytes to a file, or the fields of a form to one each.

    Args:
        request: whose body it is.
        folder: where the files come; they are called as the fields are.
        names: of the fields that a form may have; the first must be there, and is what a body is that is no form.
        most: bytes.
        judge: of the first.

    Returns:
        The first bytes of each file, by its name.

    Raises:
        ProblemError: 400 for a form that is damaged, 408 if it comes too slowly, 413 if it is too large, 507 if there
            is no room for it, and what ``judge`` says.
    """
    boundary = _boundary_of(request)
    try:
        if boundary is None:
            return {names[0]: await _save(request, folder / names[0], most, judge)}
        form = folder / "the form"
        await _save(request, form, most, lambda _: None)
        heads = await asyncio.to_thread(_save_fields, form, boundary, names)
    except OSError as error:
        raise ProblemError(507, f"it cannot be kept here: {error.strerror or error}") from error
    _judge(heads.get(names[0], b""), judge)
    return heads


async def _save(request: Request, path: Path, most: int, judge: Judge) -> bytes:
    """Write a body to a file; its first bytes, by which it is judged while it comes."""
    head, judged = b"", False
    async with aclosing(_pieces(request, most, SECONDS_OF_FILE)) as pieces:
        with path.open("wb") as file:
            async for piece in pieces:
                head = (head + piece)[:HEAD] if len(head) < HEAD else head
                if not judged and len(head) == HEAD:
                    _judge(head, judge)
                    judged = True
                file.write(piece)
    if not judged:
        _judge(head, judge)
    return head


def _save_fields(form: Path, boundary: bytes, names: tuple[str, ...]) -> dict[str, bytes]:
    """Write each field of a form to a file of its own beside it, and remove the form; the first bytes of each."""
    heads = {}
    if form.stat().st_size:  # nothing cannot be mapped
        with form.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for name, begin, end in _fields(data, boundary, names):
                with (form.parent / name).open("wb") as part:
                    for at in range(begin, end, _PIECE):
                        part.write(data[at : min(end, at + _PIECE)])
                heads[name] = data[begin : min(end, begin + HEAD)]
    form.unlink()
    return heads


def _judge(head: bytes, judge: Judge) -> None:
    problem = judge(head)
    if problem is not None:
        raise problem


def _boundary_of(request: Request) -> bytes | None:
    """What parts the fields of a form, or None if a body is none."""
    found = _BOUNDARY.match(request.headers.get("content-type", ""))
    return None if found is None else (found[1] or found[2]).encode("latin-1")


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
    """The fields ``image`` and ``mask`` of a form of the kind multipart/form-data (RFC 7578).

    Raises:
        ProblemError: 400 if it is damaged, or has another field, one twice, or too many.
    """
    return {name: data[begin:end] for name, begin, end in _fields(data, boundary, ("image", "mask"))}


def _fields(data: bytes | mmap.mmap, boundary: bytes, names: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Name, beginning and end of each field of a form."""
    delimiter = b"\r\n--" + boundary
    begins_so = data[: len(delimiter) - 2] == delimiter[2:]
    marks = [-2 if begins_so else data.find(delimiter)]
    while marks[-1] != -1 and len(marks) <= _MOST_PARTS + 1:
        marks.append(data.find(delimiter, marks[-1] + len(delimiter)))
    last = marks[-2] + len(delimiter) if len(marks) > 1 else 0
    if marks.pop() != -1 or not marks or data[last : last + 2] != b"--":
        raise ProblemError(400, "the form in the body is damaged, cut off, or has too many fields")
    fields: dict[str, tuple[str, int, int]] = {}
    for mark, end in pairwise(marks):
        begin = mark + len(delimiter)
        gap = data.find(b"\r\n\r\n", begin, end)
        name = _NAME.search(data[begin : min(gap, begin + _PIECE)]) if gap != -1 else None
        if name is None:
            raise ProblemError(400, "a field of the form in the body has no name")
        word = name[1].decode("utf-8", "replace")
        if word not in names:
            there = ", ".join(names)
            raise ProblemError(400, f"the form has a field {word}; there are: {there}. Parameters stand in the URL")
        if word in fields:
            raise ProblemError(400, f"the form has the field {word} twice")
        fields[word] = (word, gap + 4, end)
    return list(fields.values())


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, f"the body has more than {most:,} bytes, the most that this server takes")
