"""Workers that paint for the server: a bounded queue before them, and each replaced when it fails or grows old."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from allaprima.engine.memory import parse_memory
from allaprima.studio.frames import Message, packed, receive_message
from allaprima.studio.problems import ProblemError

_START = 60
"""Seconds in which a worker must be ready."""
_BASE = 2**28
"""Bytes that a worker may have beside the memory for pictures."""
_SLOWEST = 5.0
"""Seconds between two attempts to start workers that do not start."""


@dataclass(frozen=True)
class Settings:
    """What workers are started with, and how many may wait for them.

    Attributes:
        model: of the command; None is the gallery's first bank.
        workers: how many paint at a time.
        threads: of each.
        memory: for pictures, of each, such as "1G".
        max_pixels: of a picture, or of all frames of an animation.
        seconds: that a request may take, its time in the queue left out.
        queue: how many requests may wait.
        requests: after which a worker is replaced.
        tasks: how many clips and trainings may be in work or wait.
        task_seconds: that one of them may take, its time in the queue left out.
        vgg16: weights for trainings; without them there are none.
        photos: folder of photographs for trainings; empty is the package's own.
    """

    model: str | None = None
    workers: int = 1
    threads: int = 1
    memory: str = "1G"
    max_pixels: int = 50_000_000
    seconds: float = 60.0
    queue: int = 16
    requests: int = 1000
    tasks: int = 4
    task_seconds: float = 3600.0
    vgg16: str | None = None
    photos: str = ""


@dataclass(eq=False)
class Worker:
    """A process that is ready."""

    process: asyncio.subprocess.Process
    done: int = 0
    memory: int = 0

    async def ask(self, head: dict[str, Any], blobs: Sequence[bytes]) -> Message:
        """An answer.

        Raises:
            EOFError: the process has ended.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            for piece in packed(head, blobs):
                self.process.stdin.write(piece)
                await self.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError("the worker has ended") from error
        self.done += 1
        return await receive_message(self.process.stdout)

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            self.process.kill()


@dataclass(frozen=True)
class Painted:
    """A painting as a file; ``waited`` and ``seconds`` are what it took, ``kept`` is how long it can be fetched."""

    data: bytes
    kind: str
    waited: float
    seconds: float
    kept: int = 600
    on_disk: bool = False

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.data)

    def discard(self) -> None:
        """Nothing is anywhere else."""


@dataclass
class Counts:
    """What the server tells of its workers."""

    painted: int = 0
    failed: int = 0
    refused: int = 0
    crashed: int = 0
    cancelled: int = 0
    late: int = 0
    seconds: float = 0.0


class Pool:
    """The workers; everything of it runs in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counts = Counts()
        self.waiting = 0
        self._most_memory = parse_memory(settings.memory) + _BASE
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @property
    def ready(self) -> bool:
        """Whether there is a worker, and new requests are taken."""
        return bool(self._workers) and not self._closing

    @property
    def working(self) -> int:
        """How many workers paint."""
        return len(self._workers) - self._idle.qsize()

    @property
    def memory(self) -> int:
        """Bytes that all workers had after their last request."""
        return sum(worker.memory for worker in self._workers)

    async def start(self) -> None:
        """Start all workers."""
        for _ in range(self.settings.workers):
            self._spawn()

    async def stop(self) -> None:
        """End all workers."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.kill()
        await asyncio.gather(*(worker.process.wait() for worker in self._workers))
        self._workers.clear()

    def check_room(self) -> None:
        """Refuse a request that would have to wait behind too many.

        Raises:
            ProblemError: 429 if too many wait already, 503 if the server is about to end.
        """
        if self._closing:
            raise ProblemError(503, "the server is about to end")
        if self.waiting >= self.settings.queue and self._idle.empty():
            self.counts.refused += 1
            seconds = str(self._until_free())
            raise ProblemError(429, f"{self.waiting} requests wait already", headers={"Retry-After": seconds})

    async def paint(self, values: dict[str, Any], blobs: Sequence[bytes]) -> Painted:
        """Paint as soon as a worker is free; if this is cancelled, so is the work.

        Raises:
            ProblemError: 503 if the worker ended, 504 if it took too long, and whatever is wrong with the request.
        """
        begin = time.perf_counter()
        self.waiting += 1
        try:
            worker = await self._idle.get()
        finally:
            self.waiting -= 1
        waited = time.perf_counter() - begin
        try:
            async with asyncio.timeout(self.settings.seconds):
                head, results = await worker.ask(values, blobs)
        except asyncio.CancelledError:
            self.counts.cancelled += 1
            self._replace(worker)
            raise
        except TimeoutError:
            self.counts.late += 1
            self._replace(worker)
            seconds = f"{self.settings.seconds:g}"
            raise ProblemError(504, f"it took more than {seconds} seconds", options=("size", "stroke")) from None
        except EOFError:
            self.counts.crashed += 1
            self._replace(worker)
            words = "the worker that painted it has ended; another has been started"
            raise ProblemError(503, words, headers={"Retry-After": "1"}) from None
        worker.memory = int(head.get("memory", 0))
        if worker.done >= self.settings.requests or worker.memory > self._most_memory:
            self._replace(worker)
        else:
            self._idle.put_nowait(worker)
        if "status" in head:
            self.counts.failed += 1
            raise ProblemError(int(head["status"]), str(head["detail"]), options=tuple(map(str, head["options"])))
        seconds_taken = float(head["seconds"])
        self.counts.painted += 1
        self.counts.seconds += seconds_taken
        return Painted(results[0], str(head["kind"]), waited, seconds_taken)

    def _until_free(self) -> int:
        each = self.counts.seconds / self.counts.painted if self.counts.painted else 1.0
        return max(1, round(each * (self.waiting + 1) / self.settings.workers))

    def _replace(self, worker: Worker) -> None:
        self._workers.discard(worker)
        worker.kill()
        self._keep(worker.process.wait())
        if not self._closing:
            self._spawn()

    def _spawn(self) -> None:
        self._keep(self._started())

    def _keep(self, work: Any) -> None:
        async def done() -> None:
            await work

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _started(self) -> None:
        """A new worker, however many attempts it takes."""
        pause = 0.1
        while not self._closing:
            worker = await self._try_start()
            if worker is not None:
                self._workers.add(worker)
                self._idle.put_nowait(worker)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _SLOWEST)

    async def _try_start(self) -> Worker | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "allaprima.studio.worker",
            json.dumps(asdict(self.settings)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_START):
                await receive_message(process.stdout)
        except (EOFError, TimeoutError):
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return None
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return Worker(process)
