"""Long work for the server, a clip or a training at a time: each in a process of its own, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allaprima.studio.frames import packed, receive_message
from allaprima.studio.pool import Settings
from allaprima.studio.problems import ProblemError

KEPT = 3600
"""Seconds that a result can be fetched."""


@dataclass
class Course:
    """How far a task is.

    Attributes:
        begun: whether its turn has come.
        done: frames or steps that are done.
        whole: all of them, as far as is known.
    """

    begun: bool = False
    done: int = 0
    whole: int = 0


@dataclass(frozen=True)
class Produced:
    """A result as a file, in a folder that is its own."""

    path: Path
    size: int
    kept: int = KEPT
    on_disk: bool = True

    def discard(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


class Tasks:
    """Clips and trainings, one at a time; everything of it runs in one event loop.

    Args:
        settings: of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._turn = asyncio.Semaphore(1)
        self._root: Path | None = None
        self._taken = 0
        self._running: set[asyncio.Task[Produced]] = set()
        self._closing = False

    @property
    def taken(self) -> int:
        """How many are in work, wait for it, or are on their way here."""
        return self._taken

    def start(self) -> None:
        """Make the folder in which all work is done; where nothing can be written, pictures alone are painted."""
        with suppress(OSError):
            self._root = Path(tempfile.mkdtemp(prefix="allaprima-"))

    async def stop(self) -> None:
        """Cancel all work, and remove that folder."""
        self._closing = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A folder for a task, which counts from now on; it is gone again if the block fails.

        Raises:
            ProblemError: 429 if there are too many already, 503 if the server is about to end, 507 if it has no place.
        """
        if self._closing:
            raise ProblemError(503, "the server is about to end")
        if self._root is None:
            raise ProblemError(507, "this server has no place for the files of clips and trainings")
        if self._taken >= self.settings.tasks:
            words = f"{self._taken} clips and trainings are in work or wait already"
            raise ProblemError(429, words, headers={"Retry-After": "30"})
        self._taken += 1
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            yield folder
        except BaseException:
            self._give_up(folder)
            raise

    def begin(self, folder: Path, order: dict[str, Any], course: Course) -> asyncio.Task[Produced]:
        """Do something in a folder of ``place``; if this is cancelled, so is the work."""

        def ended(task: asyncio.Task[Produced]) -> None:
            self._running.discard(task)
            if task.cancelled() or task.exception() is not None:
                self._give_up(folder)
            else:
                self._taken -= 1

        task = asyncio.ensure_future(self._done(folder, order, course))
        self._running.add(task)
        task.add_done_callback(ended)
        return task

    def _give_up(self, folder: Path) -> None:
        self._taken -= 1
        shutil.rmtree(folder, ignore_errors=True)

    async def _done(self, folder: Path, order: dict[str, Any], course: Course) -> Produced:
        settings = self.settings
        known = {
            "folder": str(folder),
            "model": settings.model,
            "threads": settings.workers * settings.threads,
            "memory": settings.memory,
            "max_pixels": settings.max_pixels,
            "seconds": settings.task_seconds,
        }
        async with self._turn:
            course.begun = True
            process = await self._started()
            try:
                async with asyncio.timeout(settings.task_seconds):
                    head = await _followed(process, known | order, course)
            except TimeoutError:
                words = f"it took more than {settings.task_seconds:g} seconds"
                raise ProblemError(504, words, options=("size", "end", "quality")) from None
            except EOFError:
                raise ProblemError(503, "the process that worked on it has ended") from None
            finally:
                _kill(process)
                await asyncio.shield(process.wait())
        if "status" in head:
            raise ProblemError(int(head["status"]), str(head["detail"]), options=tuple(map(str, head["options"])))
        return await asyncio.to_thread(_tidied, folder, str(head["result"]))

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "allaprima.studio.task",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            start_new_session=True,
        )


async def _followed(process: asyncio.subprocess.Process, order: dict[str, Any], course: Course) -> dict[str, Any]:
    """The last message of a process, which gets its order first."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for piece in packed(order):
            process.stdin.write(piece)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError) as error:
        raise EOFError from error
    while True:
        head, _ = await receive_message(process.stdout)
        if "result" in head or "status" in head:
            return head
        course.done, course.whole = int(head["done"]), int(head["whole"])


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process and those that it has started."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _tidied(folder: Path, name: str) -> Produced:
    """The result alone, without what it was made from.

    Raises:
        ProblemError: there is none.
    """
    path = folder / Path(name).name
    try:
        for other in folder.iterdir():
            if other.is_dir():
                shutil.rmtree(other)
            elif other != path:
                other.unlink()
        return Produced(path, path.stat().st_size)
    except OSError as error:
        raise ProblemError(503, f"the result is lost: {error.strerror}") from error
