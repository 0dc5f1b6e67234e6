"""What a client asks for and fetches later: paintings, clips, and models of their styles."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from allaprima.studio.problems import ProblemError
from allaprima.studio.tasks import Course

KEPT = 600
"""Seconds that it is known why a job failed."""
MOST_BYTES = {False: 2**28, True: 2**32}
"""Of all results in memory, and of all on the disk; the oldest make way."""
MOST_JOBS = 256
_SOON = 1.0
"""Seconds after a result's time at which it is gone."""

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class Result(Protocol):
    """What a job is for."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def kept(self) -> int:
        """Seconds that it can be fetched."""

    @property
    def on_disk(self) -> bool:
        """Or in memory."""

    def discard(self) -> None:
        """Free what it takes."""


@dataclass(eq=False)
class Job:
    """Something in work, or its result.

    Attributes:
        work: what is done.
        course: how far it is, where that is known.
    """

    work: asyncio.Future[Result]
    course: Course | None = None
    name: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def state(self) -> State:
        """How far it is."""
        if not self.work.done():
            return "running" if self.course is None or self.course.begun else "waiting"
        if self.work.cancelled():
            return "cancelled"
        return "done" if self.work.exception() is None else "failed"

    @property
    def result(self) -> Result | None:
        """What has come of it."""
        return self.work.result() if self.state == "done" else None

    @property
    def kept_until(self) -> float:
        """When it is forgotten, of the clock of ``ended``."""
        kept = KEPT if self.result is None else self.result.kept
        return float("inf") if self.ended is None else self.ended + kept

    @property
    def problem(self) -> ProblemError:
        """Why it failed."""
        error = self.work.exception()
        return error if isinstance(error, ProblemError) else ProblemError(500, f"an unexpected fault: {error}")

    def described(self) -> dict[str, Any]:
        """What a client is told."""
        seconds = (self.ended or time.monotonic()) - self.begun
        told: dict[str, Any] = {"id": self.name, "state": self.state, "seconds": round(seconds, 3)}
        if self.course is not None and self.course.whole:
            told["progress"] = {"done": self.course.done, "of": self.course.whole}
        if self.state == "failed":
            told["problem"] = self.problem.content()
        return told


class Jobs:
    """All that are in work, and those whose results are still there."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def begin(self, work: Awaitable[Result], course: Course | None = None) -> Job:
        """Start one."""
        self._tidy()
        job = Job(asyncio.ensure_future(work), course)
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
        self._forget(name)

    def stop(self) -> None:
        """Cancel all."""
        for job in self._jobs.values():
            job.work.cancel()

    def _end(self, job: Job) -> None:
        job.ended = time.monotonic()
        if not job.work.cancelled():
            job.work.exception()  # nobody need have asked for it
        if job.name not in self._jobs:  # it was dropped just as it ended
            self._discard(job)
        self._tidy()
        asyncio.get_running_loop().call_later(job.kept_until - job.ended + _SOON, self._tidy)

    def _tidy(self) -> None:
        now = time.monotonic()
        ended = [job for job in self._jobs.values() if job.ended is not None]
        ended.sort(key=lambda job: job.ended or 0.0)
        for on_disk, most in MOST_BYTES.items():
            results = {
                job.name: job.result.size
                for job in ended
                if job.result is not None and job.result.on_disk == on_disk and job.kept_until > now
            }
            total = sum(results.values())
            for name, size in results.items():
                if total > most:
                    total -= size
                    self._forget(name)
        for job in ended:
            if job.kept_until <= now and job.name in self._jobs:
                self._forget(job.name)

    def _forget(self, name: str) -> None:
        self._discard(self._jobs.pop(name))

    @staticmethod
    def _discard(job: Job) -> None:
        if job.result is not None:
            job.result.discard()


async def events(job: Job) -> AsyncIterator[str]:
    """A job's states as server-sent events, until it has ended; one a second, so that a client knows it is alive."""
    ended = False
    while not ended:
        ended = job.work.done()  # asked before it is told: the work goes on while a client reads
        yield f"event: {job.state}\ndata: {json.dumps(job.described())}\n\n"
        await asyncio.wait((job.work,), timeout=1)
