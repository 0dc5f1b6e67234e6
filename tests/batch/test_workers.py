"""Several workers: all outcomes, at once, whatever happens to one of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from allaprima.batch.plan import Job
from allaprima.batch.workers import Outcome, Workers
from allaprima.errors import PictureError


def jobs(count: int) -> list[Job]:
    return [Job(Path(f"{number}.png"), Path(f"out/{number}.png")) for number in range(count)]


def workers(find, paint=lambda _: b"", decide=lambda job: job, publish=lambda *_: None, count=4) -> Workers:
    return Workers(find if callable(find) else lambda _: find, decide, paint, publish, count)


@pytest.mark.parametrize("count", [1, 2, 32])
def test_all_of_them_are_painted_once(count):
    published, lock = [], threading.Lock()

    def publish(job: Job, painting: bytes) -> None:
        with lock:
            published.append((job, painting))

    outcomes = list(workers(jobs(100), lambda job: job.source.name.encode(), publish=publish, count=count))
    assert {outcome.job for outcome in outcomes} == set(jobs(100))
    assert {outcome.status for outcome in outcomes} == {"painted"}
    assert sorted(published, key=str) == sorted(((job, job.source.name.encode()) for job in jobs(100)), key=str)


@pytest.mark.parametrize("count", [1, 3])
def test_jobs_are_taken_only_as_workers_become_free(count):
    taken = 0

    def endless(_):
        nonlocal taken
        while True:
            taken += 1
            yield Job(Path("a.png"), Path("b.png"))

    shop, free = None, threading.Semaphore(10)
    shop = workers(endless, lambda _: free.acquire() and b"", count=count)
    told = iter(shop)
    for _ in range(10):
        assert next(told).status == "painted"
    assert taken <= 10 + count
    free.release(count)
    shop.close()


@pytest.mark.parametrize("error", [PictureError("no"), MemoryError(), OSError(28, "No space left"), KeyError("x")])
def test_any_exception_is_the_failure_of_one_picture(error):
    def paint(job: Job) -> bytes:
        if job.source.name == "3.png":
            raise error
        return b""

    outcomes = {outcome.job.source.name: outcome for outcome in workers(jobs(8), paint)}
    assert len(outcomes) == 8
    failed = outcomes.pop("3.png")
    assert (failed.status, failed.error) == ("failed", error)
    assert failed.reason
    assert "Errno" not in failed.reason
    assert {outcome.status for outcome in outcomes.values()} == {"painted"}


@pytest.mark.parametrize("count", [2, 16])
def test_outcomes_come_while_more_are_waited_for(count):
    """As in a watched folder, where the next picture may come tomorrow."""

    def waits(stopped: threading.Event):
        yield from jobs(3)
        stopped.wait(60)

    shop = workers(waits, count=count)
    told = iter(shop)
    assert {next(told).job for _ in range(3)} == set(jobs(3))
    shop.stop()
    assert next(told, None) is None
    assert shop.close() == []


@pytest.mark.parametrize("count", [1, 5])
def test_what_was_published_is_told_and_what_is_in_work_is_dropped(count):
    """The last pictures are still being painted when the command ends; each result that is there has been told."""
    published: list[Job] = []
    slow = threading.Event()

    def paint(job: Job) -> bytes:
        if int(job.source.stem) >= 20:
            slow.wait(30)
        return b""

    def publish(job: Job, _: bytes) -> None:
        time.sleep(0.001)
        published.append(job)

    shop = workers(jobs(100), paint, publish=publish, count=count)
    told: list[Outcome] = []
    for outcome in shop:
        told.append(outcome)
        if len(told) == 5:
            shop.stop()
            shop.stop()
    told += shop.close()
    there = list(published)
    slow.set()
    time.sleep(0.05)
    assert published == there
    assert sorted(outcome.job.source.name for outcome in told) == sorted(job.source.name for job in there)


def test_a_fault_of_the_search_ends_the_work():
    def search(_):
        yield from jobs(2)
        raise PictureError("the folder is gone")

    with pytest.raises(PictureError, match="gone"):
        list(workers(search))


def test_what_is_done_is_skipped():
    outcomes = list(workers(jobs(4), decide=lambda job: None if job.source.stem == "1" else job))
    assert sorted(outcome.status for outcome in outcomes) == ["painted", "painted", "painted", "skipped"]
    assert {outcome.reason for outcome in outcomes} == {"", "it is done"}
