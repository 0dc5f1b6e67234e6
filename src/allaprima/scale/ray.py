"""Ray as an engine: a cluster that is there, or one on this machine.

Ray's tasks are used, not Ray Data: with pictures out of the engine's way nothing is left of a data set but names, and
tasks need neither Arrow nor a list of all names in the object store, take names as they are found, and are given to
another worker at once when theirs dies, where an actor's work waits until the actor has been restarted.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is loaded: it would tell its makers
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # it would print on stdout that a worker died

import ray

from allaprima.errors import EngineError

_KNOWN = 1.0
"""Seconds for which the number of workers is not asked again."""
_OBJECTS = 80 * 2**20
"""Bytes of Ray's object store, the smallest that it takes: only names travel."""


class RayEngine:
    """A driver of Ray. Workers need Alla Prima of the same version.

    Args:
        address: of a cluster, as ``ray.init`` takes it: "auto", "ray://head:10001"; empty starts one on this machine.
        count: of its workers.

    Raises:
        EngineError: nobody answers.
    """

    def __init__(self, address: str, count: int) -> None:
        local = {} if address else {"num_cpus": count, "object_store_memory": _OBJECTS, "include_dashboard": False}
        try:
            ray.init(address or "local", logging_level=logging.CRITICAL, log_to_driver=False, **local)
        except Exception as error:  # Ray raises plain ones, of many lines
            words = (str(error).splitlines() or [type(error).__name__])[0]
            raise EngineError(f"Ray does not answer at {address or 'this machine'}: {words}") from error
        self.executor: Executor = _Tasks()
        self._count, self._asked = count, -_KNOWN

    def workers(self) -> int:
        """See ``Engine``: cores of all machines."""
        if time.monotonic() - self._asked > _KNOWN:
            self._count, self._asked = int(ray.cluster_resources().get("CPU", 1)), time.monotonic()
        return self._count

    def close(self) -> None:
        """See ``Engine``; a cluster that was there stays, and what is in work there is given up."""
        ray.shutdown()


class _Tasks(Executor):
    """Functions as tasks of one core each."""

    def __init__(self) -> None:
        self._known: dict[Callable[..., Any], Any] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See ``Executor``."""
        if fn not in self._known:
            self._known[fn] = ray.remote(fn).options(num_cpus=1, max_retries=3)
        future: Future[Any] = self._known[fn].remote(*args, **kwargs).future()
        return future
