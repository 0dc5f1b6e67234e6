"""Dask as an engine: a cluster that is there, or one on this machine."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Executor

import dask.config
from distributed import Client, LocalCluster

from allaprima.errors import EngineError

_PATIENCE = 60
"""Seconds for a scheduler to answer, and for its first worker to come."""
_CALM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "10s",
}
"""What Dask's processes find out about themselves, which takes a few percent of a core, all the time."""
_KNOWN = 1.0
"""Seconds for which the number of workers is not asked again."""


class DaskEngine:
    """A client of Dask.

    Workers need Alla Prima of the same version. They are not limited in memory by Dask, which would see the workers
    alone and not their children.

    Args:
        address: of a scheduler, or a scheduler file's path; empty starts a cluster on this machine.
        count: of its workers.

    Raises:
        EngineError: nobody answers, or no worker comes.
    """

    def __init__(self, address: str, count: int) -> None:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # workers that die are what we are made for
        self._cluster: LocalCluster | None = None
        try:
            if not address:
                dask.config.set(_CALM)
                self._cluster = LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                )
            if address.endswith(".json"):
                self._client = Client(scheduler_file=address, timeout=_PATIENCE)
            else:
                self._client = Client(self._cluster or address, timeout=_PATIENCE)
            self._client.wait_for_workers(1, _PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineError(f"Dask does not answer at {address or 'this machine'}: {error}") from error
        self.executor: Executor = self._client.get_executor(pure=False)  # what was painted may have to be painted again
        self._wanted = self._count = count
        self._asked = -_KNOWN

    def workers(self) -> int:
        """See ``Engine``: threads of all workers.

        A worker that is killed while it starts is not started again by Dask, so that in the end there would be none.
        """
        if time.monotonic() - self._asked > _KNOWN:
            self._count, self._asked = sum(self._client.nthreads().values()), time.monotonic()
            if self._cluster is not None and self._count < self._wanted:
                self._cluster.scale(self._wanted)
        return self._count

    def close(self) -> None:
        """See ``Engine``; a cluster that was there stays."""
        self.executor.shutdown(wait=False)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
