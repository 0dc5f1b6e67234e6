"""Paintings that a client asks for and fetches later."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any, Literal

from allaprima.studio.pool import Painted
from allaprima.studio.problems import ProblemError

KEPT = 600
"""Seconds that a result can be fetched."""
MOST_BYTES = 2**28
"""Of all results; the oldest make way."""
MOST_JOBS = 256

State = Literal["running", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """A painting in work, or its result."""

    work: asyncio.Task[Painted]
    name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def state(self) -> State:
        """How far it is."""
        if not self.work.done():
            return "running"
        if self.work.cancelled():
            return "cancelled"
        return "done" if self.work.exception() is None else "failed"

    @property
    def size(self) -> int:
        """Bytes of the result."""
        return len(self.work.result().data) if self.state == "done" else 0

    @property
    def problem(self) -> ProblemError:
        """Why it failed."""
        error = self.work.exception()
        return error if isinstance(error, ProblemError) else ProblemError(500, f"an unexpected fault: {error}")

    def described(self) -> dict[str, Any]:
        """What a client is told."""
        seconds = (self.ended or time.monotonic()) - self.begun
        told: dict[str, Any] = {"id": self.name, "state": self.state, "seconds": round(seconds, 3)}
        if self.state == "failed":
            told["problem"] = self.problem.content()
        return told


class Jobs:
    """All that are in work, and those whose results are still there."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def begin(self, work: Awaitable[Painted]) -> Job:
        """Start one."""
        self._tidy()
        job = Job(asyncio.ensure_future(work))
        job.work.add_done_callback(lambda _: self._end(job))
        self._jobs[job.name] = job
        return job

    def check_room(self) -> None:
        """Refuse one more where too many are kept.

        Raises:
            ProblemError: 429.
        """
        self._tidy()
        if len(self._jobs) >= MOST_JOBS:
            raise ProblemError(429, f"{MOST_JOBS} jobs are kept already; delete some", headers={"Retry-After": "10"})

    def find(self, name: str) -> Job:
        """A job by its name.

        Raises:
            ProblemError: 404, also if it is too old.
        """
        self._tidy()
        if name not in self._jobs:
            raise ProblemError(404, "there is no such job, or its result is no longer kept")
        return self._jobs[name]

    def drop(self, name: str) -> None:
        """Cancel a job, or forget its result.

        Raises:
            ProblemError: 404.
        """
        self.find(name).work.cancel()
        del self._jobs[name]

    def stop(self) -> None:
        """Cancel all."""
        for job in self._jobs.values():
            job.work.cancel()

    def _end(self, job: Job) -> None:
        job.ended = time.monotonic()
        if not job.work.cancelled():
            job.work.exception()  # nobody need have asked for it
        self._tidy()

    def _tidy(self) -> None:
        now = time.monotonic()
        ended = [job for job in self._jobs.values() if job.ended is not None]
        ended.sort(key=lambda job: job.ended or 0.0)
        total = sum(job.size for job in ended)
        for job in ended:
            if now - (job.ended or now) > KEPT or total > MOST_BYTES:
                total -= job.size
                del self._jobs[job.name]


async def events(job: Job) -> AsyncIterator[str]:
    """A job's states as server-sent events, until it has ended; one a second, so that a client knows it is alive."""
    while True:
        yield f"event: {job.state}\ndata: {json.dumps(job.described())}\n\n"
        if job.state != "running":
            return
        await asyncio.wait((job.work,), timeout=1)
