"""Many pictures: painted by several workers, each result whole or not there.

A worker decodes, paints and encodes one picture after another on a core of its own: while one reads, another paints,
and no core waits. Pillow, numpy and ONNX Runtime release Python's lock, so threads will do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from allaprima.batch.plan import Job, is_same
from allaprima.errors import AllaPrimaError
from allaprima.files import write_bytes


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    job: Job
    status: Literal["painted", "skipped", "failed"]
    reason: str = ""
    seconds: float = 0.0


def is_done(job: Job) -> bool:
    """Whether a result is there and not older than its photograph; results appear whole, so it is a whole one."""
    with suppress(OSError):
        return not is_same(job.source, job.target) and job.target.stat().st_mtime >= job.source.stat().st_mtime
    return False


def paint_all(
    jobs: Iterable[Job],
    paint: Callable[[Job], bytes],
    check: Callable[[Job], None],
    *,
    workers: int = 1,
    resume: bool = False,
) -> Iterator[Outcome]:
    """Paint pictures; each outcome comes when it is known, in any order.

    Args:
        jobs: taken one by one, a few ahead of the work.
        paint: gives a result as a file's bytes; called in ``workers`` threads.
        check: raises if a job must not be done; called before any work on it.
        workers: how many pictures are in work at a time.
        resume: skip what is done (``is_done``).
    """

    def do(job: Job) -> Outcome:
        began = time.perf_counter()
        try:
            if resume and is_done(job):
                return Outcome(job, "skipped", "it is done")
            check(job)
            write_bytes(paint(job), job.target)
        except AllaPrimaError as error:
            return Outcome(job, "failed", str(error), time.perf_counter() - began)
        except OSError as error:  # a name that the system does not allow, a folder that vanished
            return Outcome(job, "failed", error.strerror or str(error), time.perf_counter() - began)
        return Outcome(job, "painted", "", time.perf_counter() - began)

    if workers == 1:  # in this thread, where Ctrl-C is at once
        yield from map(do, jobs)
        return
    with ThreadPoolExecutor(workers, "painter") as pool:
        running: set[Future[Outcome]] = set()
        try:
            for job in jobs:
                running.add(pool.submit(do, job))
                if len(running) >= 2 * workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            pool.shutdown(cancel_futures=True)


def watch(
    find: Callable[[], Iterable[Job]], interval: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Job]:
    """Jobs that are not done, for ever: those that are there, then those that come.

    A picture is taken once its size and time have stood still for an interval, so that none is read while it is being
    copied; one that has failed, once it has changed.

    Args:
        find: gives every job there is.
        interval: seconds between two looks.
        sleep: waits for so many seconds.
    """
    seen: dict[Path, tuple[int, int]] = {}
    offered: dict[Path, tuple[int, int]] = {}
    while True:
        now: dict[Path, tuple[int, int]] = {}
        for job in find():
            if is_done(job):
                continue
            with suppress(OSError):
                status = job.source.stat()
                now[job.source] = (status.st_size, status.st_mtime_ns)
                if seen.get(job.source) == now[job.source] and offered.get(job.source) != now[job.source]:
                    offered[job.source] = now[job.source]
                    yield job
        offered = {path: state for path, state in offered.items() if path in now}
        seen = now
        sleep(interval)
