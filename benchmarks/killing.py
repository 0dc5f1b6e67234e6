"""Processes of an engine, killed at random moments."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def below(pid: int) -> Iterator[int]:
    """All processes that a process has started, and those that they have."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from below(child)


def named(pattern: str) -> list[int]:
    """Those of ours whose command line has a pattern."""
    found = []
    for pid in below(os.getpid()):
        with suppress(OSError):
            if re.search(pattern, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()):
                found.append(pid)
    return found


@contextmanager
def killing(pattern: str, count: int, shortest: float, longest: float, seed: int = 0) -> Iterator[list[int]]:
    """While it is entered, one of the processes is killed after each random pause of seconds, until so many have been.

    Yields:
        Those that have been killed.
    """
    chance, ended, killed = random.Random(seed), threading.Event(), list[int]()

    def kill() -> None:
        while len(killed) < count and not ended.wait(chance.uniform(shortest, longest)):
            if found := named(pattern):
                with suppress(OSError):
                    os.kill(victim := chance.choice(found), signal.SIGKILL)
                    killed.append(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        ended.set()
        killer.join()
