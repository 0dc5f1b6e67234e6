"""A zip of pictures in, a zip of paintings out, which goes to the client while the rest is painted."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePosixPath
from typing import Any

from allaprima.studio.pool import Painted
from allaprima.studio.problems import ProblemError

MOST_FILES = 1000
REPORT = "report.json"
"""What became of each picture; the last file of the zip."""
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
"""What zipfile raises at a damaged, encrypted or strangely compressed file; zlib's own error is among those below."""


class Pictures:
    """The pictures in a zip.

    Raises:
        ProblemError: 415 if it is no zip, 422 if it has no files, or too many.
    """

    def __init__(self, data: bytes, most: int) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _UNREADABLE as error:
            raise ProblemError(415, "the body is not a zip, or a damaged one") from error
        self.entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if not 0 < len(self.entries) <= MOST_FILES:
            words = f"the zip has {len(self.entries)} files; from 1 to {MOST_FILES} are painted"
            raise ProblemError(422, words)
        self._most = most

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """A file's bytes; what it says of its size is not believed.

        Raises:
            ProblemError: 413 if it is too large, 422 if it is damaged.
        """
        try:
            with self._zip.open(entry) as file:
                data = file.read(self._most + 1)
        except Exception as error:  # zlib, lzma and bz2 have errors of their own
            raise ProblemError(422, "it is damaged in the zip") from error
        if len(data) > self._most:
            raise ProblemError(413, f"it has more than {self._most:,} bytes")
        return data


async def painted_zip(
    pictures: Pictures, paint: Callable[[bytes], Awaitable[Painted]], suffixes: dict[str, str], ahead: int
) -> AsyncIterator[bytes]:
    """The paintings as a zip, piece by piece, in the order of the pictures.

    Args:
        pictures: from the client.
        paint: paints one.
        suffixes: the endings of results, by Pillow's names of their formats.
        ahead: how many are painted at a time.
    """
    report: list[dict[str, Any]] = []
    pipe = _Pipe()
    waiting: deque[tuple[str, asyncio.Task[Painted]]] = deque()
    entries = iter(pictures.entries)

    async def one(entry: zipfile.ZipInfo) -> Painted:
        return await paint(await asyncio.to_thread(pictures.read, entry))

    def fill() -> None:
        while len(waiting) < ahead and (entry := next(entries, None)) is not None:
            waiting.append((entry.filename, asyncio.ensure_future(one(entry))))

    try:
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as result:  # pictures are compressed already
            names: set[str] = {REPORT}
            fill()
            while waiting:
                name, work = waiting[0]
                try:
                    painted = await work
                    target = unused(safe(name), suffixes.get(painted.kind, painted.kind.lower()), names)
                    result.writestr(zipfile.ZipInfo(target), painted.data)
                    report.append({"picture": name, "painting": target})
                except ProblemError as problem:
                    report.append({"picture": name, "problem": problem.content()})
                waiting.popleft()
                fill()
                yield pipe.taken()
            result.writestr(zipfile.ZipInfo(REPORT), json.dumps(report, ensure_ascii=False, indent=1))
        yield pipe.taken()
    finally:
        for _, work in waiting:
            work.cancel()


def safe(name: str) -> str:
    """A path that stays below its folder, whatever a zip says."""
    parts = [
        part
        for part in PurePosixPath(name.replace("\\", "/")).parts
        if part not in ("/", "..", ".") and ":" not in part
    ]
    return "/".join(parts) or "picture"


def unused(name: str, suffix: str, names: set[str]) -> str:
    """The name with another ending, and a number if it is taken; it is taken then."""
    stem = str(PurePosixPath(name).with_suffix(""))
    found, number = f"{stem}.{suffix}", 2
    while found in names:
        found, number = f"{stem}-{number}.{suffix}", number + 1
    names.add(found)
    return found


class _Pipe(io.RawIOBase):
    """What is written can be taken, once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """All that was written since the last time."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data
