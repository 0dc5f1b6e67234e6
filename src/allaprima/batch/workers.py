"""Many pictures: painted by several workers, each result whole or not there.

A worker decodes, paints and encodes one picture after another on a core of its own: while one reads, another paints,
and no core waits. Pillow, numpy and ONNX Runtime release Python's lock, so threads will do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, Literal, TypeVar

from allaprima.batch.plan import Job
from allaprima.errors import AllaPrimaError

Result = TypeVar("Result")

PATIENCE = 5.0
"""Seconds that a worker has to finish writing when all is to end."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job as it was done.
        status: painted; skipped, as its result was there; or failed.
        error: why it failed.
        seconds: that it took.
    """

    job: Job
    status: Literal["painted", "skipped", "failed"]
    error: Exception | None = None
    seconds: float = 0.0

    @property
    def reason(self) -> str:
        """Why it failed or was skipped, as a sentence."""
        if self.error is None:
            return "it is done" if self.status == "skipped" else ""
        return reason_of(self.error)

    @property
    def row(self) -> dict[str, str | float]:
        """As a row of a report."""
        return {
            "source": str(self.job.source),
            "target": str(self.job.target),
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


def reason_of(error: Exception) -> str:
    """Why a picture failed, as a sentence."""
    if isinstance(error, AllaPrimaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.strerror:  # a name that the system does not allow, a folder that vanished
        return error.strerror
    return f"an unexpected fault, {type(error).__name__}: {error}"


class Workers(Generic[Result]):
    """Threads that paint; going through it, once, gives each outcome as soon as it is known, in any order.

    Any exception of one picture is that picture's failure. One that ``jobs`` raises comes out of the iteration. When
    the work is to end early, ``stop`` may be called from anywhere, also a signal handler; ``close`` then gives the
    outcomes that were not yet told: what is in work is dropped, what is being written is finished.

    Args:
        jobs: taken one by one, as workers become free; it may wait for more, and should come to an end when ``stopped``
            is set.
        decide: gives the job as it is to be done, or None if it is done; raises if it must not be done.
        paint: gives a result, which is not in its place yet.
        publish: puts a result in its place.
        count: of workers.
    """

    def __init__(
        self,
        jobs: Callable[[threading.Event], Iterable[Job]],
        decide: Callable[[Job], Job | None],
        paint: Callable[[Job], Result],
        publish: Callable[[Job, Result], None],
        count: int = 1,
    ) -> None:
        self._stopped = threading.Event()
        self._jobs = iter(jobs(self._stopped))
        self._decide, self._paint, self._publish = decide, paint, publish
        self._taking = threading.Lock()
        self._gate = threading.Condition()
        self._publishing, self._closed, self._busy = 0, False, count
        self._told: SimpleQueue[Outcome | Exception | None] = SimpleQueue()
        self._count = count

    def __iter__(self) -> Iterator[Outcome]:
        for number in range(self._count):  # daemons, so that a command that is interrupted need not wait for them
            threading.Thread(target=self._run, name=f"painter {number}", daemon=True).start()
        while (told := self._told.get()) is not None:
            if isinstance(told, Exception):
                raise told
            yield told

    @property
    def stopped(self) -> bool:
        """Whether what is in work is of no use any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the iteration; that is all, and so it is safe in a signal handler, which may interrupt anything."""
        self._told.put(None)

    def close(self) -> list[Outcome]:
        """End the work, and give the outcomes that nobody has been told of."""
        self._stopped.set()
        with self._gate:
            self._closed = True
            self._gate.wait_for(lambda: self._publishing == 0, PATIENCE)
        rest: list[Outcome] = []
        while True:
            try:
                told = self._told.get_nowait()
            except Empty:
                return rest
            if isinstance(told, Outcome):
                rest.append(told)

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                with self._taking:
                    job = next(self._jobs, None)
                if job is None:
                    break
                self._do(job)
        except Exception as error:  # of the search for pictures
            self._told.put(error)
        finally:
            with self._gate:
                self._busy -= 1
                last = self._busy == 0
            if last:
                self._told.put(None)

    def _do(self, job: Job) -> None:
        began = time.perf_counter()
        try:
            decided = self._decide(job)
            if decided is None:
                self._told.put(Outcome(job, "skipped"))
                return
            job = decided
            painting = self._paint(job)
            if not self._may_publish():
                return
            try:
                self._publish(job, painting)
                self._told.put(Outcome(job, "painted", None, time.perf_counter() - began))
            finally:
                with self._gate:
                    self._publishing -= 1
                    self._gate.notify_all()
        except Exception as error:
            self._told.put(Outcome(job, "failed", error, time.perf_counter() - began))

    def _may_publish(self) -> bool:
        with self._gate:
            if not self._closed:
                self._publishing += 1
            return not self._closed
