"""What the server did, in Prometheus's text format."""

from __future__ import annotations

from collections.abc import Iterator

from allaprima.studio.pool import Pool
from allaprima.studio.tasks import Tasks


def written(pool: Pool, tasks: Tasks) -> str:
    """All figures."""
    return "".join(_lines(pool, tasks))


def _lines(pool: Pool, tasks: Tasks) -> Iterator[str]:
    counts = pool.counts
    results = {
        "painted": counts.painted,
        "failed": counts.failed,
        "refused": counts.refused,
        "crashed": counts.crashed,
        "cancelled": counts.cancelled,
        "late": counts.late,
    }
    yield "# HELP allaprima_requests_total Paintings asked for, by what became of them.\n"
    yield "# TYPE allaprima_requests_total counter\n"
    for result, number in results.items():
        yield f'allaprima_requests_total{{result="{result}"}} {number}\n'
    yield from _one("painting_seconds_total", "counter", "Seconds that paintings took.", counts.seconds)
    yield from _one("waiting", "gauge", "Requests that wait for a worker.", pool.waiting)
    yield from _one("working", "gauge", "Workers that paint.", pool.working)
    yield from _one("workers_memory_bytes", "gauge", "Memory of all workers after their last request.", pool.memory)
    yield from _one("tasks", "gauge", "Clips and trainings that are in work or wait.", tasks.taken)


def _one(name: str, kind: str, words: str, value: float) -> Iterator[str]:
    yield f"# HELP allaprima_{name} {words}\n# TYPE allaprima_{name} {kind}\nallaprima_{name} {value:g}\n"
