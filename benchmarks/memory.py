"""The memory that a process holds (Linux)."""

from __future__ import annotations

import os
from pathlib import Path


def megabytes(pid: int) -> float:
    """What of a process lies in memory, shared parts included."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
