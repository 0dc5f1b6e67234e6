"""The JSON report of a run: one line for each picture, written as they come, whole at the end or not there."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from types import TracebackType

from allaprima.batch.workers import Outcome


class Report:
    """``{"pictures": [{"source", "target", "status", "reason", "seconds"}, …], "painted": 3, "skipped": 0, …}``.

    It keeps no picture in memory.

    Args:
        path: where it goes; None writes nothing and counts.
    """

    def __init__(self, path: Path | None) -> None:
        self.counts: Counter[str] = Counter(painted=0, skipped=0, failed=0)
        self._path = path
        self._part = None if path is None else path.with_name(path.name + ".part")
        self._file = None if self._part is None else self._part.open("w", encoding="utf-8")
        self._write('{"pictures": [')

    def add(self, outcome: Outcome) -> None:
        """One more picture."""
        row = {
            "source": str(outcome.job.source),
            "target": str(outcome.job.target),
            "status": outcome.status,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
        }
        self._write(("," if self.counts.total() else "") + "\n" + json.dumps(row))
        self.counts[outcome.status] += 1

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text)

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None or self._part is None or self._path is None:
            return
        counts = ", ".join(f'"{status}": {count}' for status, count in self.counts.items())
        self._write(f"\n],\n{counts}}}\n")
        self._file.close()
        os.replace(self._part, self._path)
