"""Pictures that come into folders, as they come.

Folders are looked at again and again. Notices of the operating system would be faster, but there are none on network
drives or for what another machine or container writes. A look reads every folder once and asks for the size and time of
each picture, nothing else; the pause after it grows with what it took, so that ever so many pictures cost no more than
a fiftieth of a core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from allaprima.batch.plan import Job, Plan, Shelf
from allaprima.errors import PictureError

SHARE = 0.02
"""Of a core, for looking."""
LONGEST_PAUSE = 30.0
"""Seconds."""

State = tuple[int, int]
"""Of a file: its size, and its time in nanoseconds."""


class Watch:
    """The pictures of a plan's folders: those that are there, then those that come or change, until told to stop.

    A picture is taken once its size and time have stood still from one look to the next, so that none is read while it
    is being copied, and again whenever they have changed. A folder that cannot be searched is said once and tried
    again; what was known of it stays known, so that a network drive may vanish for a moment.

    Args:
        plan: what is watched.
        pause: waits for so many seconds, or until it is time to stop, which it tells by True.
        note: is told what is wrong with a folder.
        interval: seconds between two looks at least.
    """

    def __init__(
        self, plan: Plan, pause: Callable[[float], bool], note: Callable[[str], None], interval: float = 1.0
    ) -> None:
        self._plan, self._pause, self._note, self._interval = plan, pause, note, interval
        self._taken: dict[str, State] = {}
        self._settling: dict[str, State] = {}
        self._closed: set[Path] = set()

    def jobs(self) -> Iterator[Job]:
        """What is to be painted, in the order in which it has settled."""
        while True:
            began, away = time.perf_counter(), 0.0
            for shelf, names in self._look():
                left = time.perf_counter()
                yield from self._plan.jobs_on(shelf, names)
                away += time.perf_counter() - left
            took = time.perf_counter() - began - away
            if self._pause(max(self._interval, min(took / SHARE, LONGEST_PAUSE))):
                return

    def _look(self) -> Iterator[tuple[Shelf, set[str]]]:
        """The folders with pictures that have settled since the last look, and the names of those."""
        taken: dict[str, State] = {}
        settling: dict[str, State] = {}
        closed: dict[Path, str] = {}
        for root in self._plan.folders:

            def unreadable(folder: Path, error: OSError) -> None:
                closed[folder] = f"{folder} cannot be searched: {error.strerror or error}"

            try:
                for shelf in self._plan.shelves(root, unreadable):
                    names = set()
                    for entry in shelf.entries:
                        with suppress(OSError):
                            status = entry.stat()
                            state = status.st_size, status.st_mtime_ns
                            if self._taken.get(entry.path) == state:
                                taken[entry.path] = state
                            elif self._settling.get(entry.path) == state:
                                taken[entry.path] = state
                                names.add(entry.name)
                            else:
                                settling[entry.path] = state
                    if names:
                        yield shelf, names
            except PictureError as error:
                closed[root] = str(error)
        for folder, reason in closed.items():
            if folder not in self._closed:
                self._note(f"{reason}; watching on")
        self._closed = set(closed)
        self._taken = {**self._taken, **taken} if closed else taken
        self._settling = settling
