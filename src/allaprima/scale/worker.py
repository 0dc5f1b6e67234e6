"""The function that engines carry out: ``paint_rows``. It may run twice, anywhere, and be cut off at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from allaprima.errors import EngineError
from allaprima.provenance import Standing
from allaprima.scale.helper import Helper, HelperEndedError, NoHelperError
from allaprima.scale.rows import Done, Order, Row

TURN = 5.0
"""Seconds after which a worker gives back the rows that it has not begun, so that others may have them."""
_TRIES = 3
"""How many children a picture may end before it is given up: another program may have killed the first."""


class Helpers:
    """The children of one process, one for each of its threads, kept from one call to the next."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._all: set[Helper] = set()
        self._lock = threading.Lock()
        self._closed = False

    def paint_rows(self, order: Order, rows: list[Row]) -> list[Done]:
        """Paint rows, and tell what became of the first of them, at least of one.

        Raises:
            AllaPrimaError: the order cannot be carried out here.
            NoHelperError: nothing can be carried out here now.
        """
        began = time.monotonic()
        done: list[Done] = []
        for row, stands in zip(rows, self._standings(order, rows), strict=True):
            if done and time.monotonic() - began > TURN:
                break
            is_done = stands == "done" and order.skips
            done.append(Done(row, "skipped") if is_done else self._paint(order, row, stands))
        return done

    def close(self) -> None:
        """End all children; whoever waits for one of them gets an ``EngineError``."""
        with self._lock:
            self._closed = True
            helpers, self._all = self._all, set()
        for helper in helpers:
            helper.close()

    def _standings(self, order: Order, rows: list[Row]) -> list[Standing]:
        for _ in range(_TRIES):
            try:
                return self._helper(order).standings(rows)
            except HelperEndedError as error:
                self._replace()
                how = error.how
        raise NoHelperError(f"a process that paints ended {_TRIES} times ({how})")

    def _paint(self, order: Order, row: Row, stands: Standing) -> Done:
        for _ in range(_TRIES):
            began = time.monotonic()
            try:
                return self._helper(order).paint(row, stands)
            except HelperEndedError as error:
                self._replace()
                if error.late:
                    seconds = time.monotonic() - began
                    words = f"it took more than {order.time_limit:g} seconds"
                    return Done(row, "failed", words, ("time_limit",), seconds=seconds)
                how = error.how
                (stands,) = self._standings(order, [row])
                if stands == "done" and order.skips:  # it was killed when it had just written it
                    return Done(row, "painted", seconds=time.monotonic() - began)
        return Done(row, "failed", f"the process that painted it ended {_TRIES} times ({how})")

    def _helper(self, order: Order) -> Helper:
        helper: Helper | None = getattr(self._mine, "helper", None)
        if helper is not None and helper.order != order:
            self._replace()
            helper = None
        if helper is None:
            if self._closed:
                raise EngineError("it was stopped")
            helper = self._mine.helper = self._started(order)
            with self._lock:
                self._all.add(helper)
                closed = self._closed
            if closed:
                helper.close()
        return helper

    def _started(self, order: Order) -> Helper:
        for _ in range(_TRIES):
            try:
                return Helper(order)
            except HelperEndedError as error:
                how = error.how
        raise NoHelperError(f"a process that paints does not start ({how})")

    def _replace(self) -> None:
        helper: Helper = self._mine.helper
        self._mine.helper = None
        with self._lock:
            self._all.discard(helper)
        helper.close()


_HELPERS = Helpers()


def paint_rows(order: Order, rows: list[Row]) -> list[Done]:
    """See ``Helpers``; with the children of the engine's own worker."""
    return _HELPERS.paint_rows(order, rows)


def paint_all(order: Order, rows: Iterable[Row]) -> Iterator[Done]:
    """Paint all rows, one after the other: for engines that hand out a part of the whole and take what comes back.

    Raises:
        AllaPrimaError: the order cannot be carried out here.
        NoHelperError: nothing can be carried out here now.
    """
    for row in rows:
        yield from [Done(row, "failed", row.refusal)] if row.refusal else paint_rows(order, [row])
