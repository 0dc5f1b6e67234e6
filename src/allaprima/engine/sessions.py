"""The sessions of one model, each opened when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from allaprima.engine.runtime import Session


class Sessions:
    """What computes one model: another session for each way to compute it. Threads may share it.

    Args:
        open_session: makes one, told whether sizes get a plan of their memory, and whether others compute meanwhile.
        alone: one that is open already: planned, and for a picture alone.
    """

    def __init__(self, open_session: Callable[[bool, bool], Session], alone: Session | None = None) -> None:
        self._open, self._opening = open_session, threading.Lock()
        self._known: dict[tuple[bool, bool], Session] = {} if alone is None else {(True, False): alone}

    def get(self, *, planned: bool, beside: bool) -> Session:
        """The session for that way."""
        with self._opening:
            if (planned, beside) not in self._known:
                self._known[planned, beside] = self._open(planned, beside)
            return self._known[planned, beside]
