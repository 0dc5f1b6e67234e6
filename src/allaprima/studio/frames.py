"""How the server and its workers talk: a line of JSON that says how long the blobs are that follow it.

No pickles: what comes from a worker that a hostile file has taken over must be harmless to read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, BinaryIO

_MOST = 2**31
"""Bytes of a blob."""
_LONGEST_LINE = 2**16

Message = tuple[dict[str, Any], list[bytes]]


def packed(head: dict[str, Any], blobs: Sequence[bytes] = ()) -> list[bytes]:
    """A message as bytes to be written one after the other."""
    line = json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n"
    return [line, *blobs]


def read_message(stream: BinaryIO) -> Message | None:
    """The next message, or None at the end."""
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return None
    head = json.loads(line)
    return head, [stream.read(size) for size in head.pop("sizes")]


async def receive_message(stream: asyncio.StreamReader) -> Message:
    """The next message.

    Raises:
        EOFError: there is none, or it is not one.
    """
    try:
        head = json.loads(await stream.readuntil(b"\n"))
        sizes = [int(size) for size in head.pop("sizes")]
        if min(sizes, default=0) < 0 or sum(sizes) > _MOST:
            raise ValueError("a size that cannot be")
        return head, [await stream.readexactly(size) for size in sizes]
    except (
        asyncio.IncompleteReadError,
        asyncio.LimitOverrunError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise EOFError("the worker's answer cannot be read") from error
