"""This machine as an engine: one thread for each child that paints."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

from allaprima.scale.worker import Helpers


class Here:
    """Children of this process.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._count, self._helpers = count, Helpers()
        self.executor: Executor = ThreadPoolExecutor(count, "scale")
        self.paint_rows = self._helpers.paint_rows

    def workers(self) -> int:
        """See ``Engine``."""
        return self._count

    def close(self) -> None:
        """See ``Engine``."""
        self._helpers.close()
        self.executor.shutdown(cancel_futures=True)
