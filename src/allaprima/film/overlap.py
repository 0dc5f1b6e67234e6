"""Work of several steps in which each step has a thread of its own, so that all go on at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Items that wait between two steps: enough that neither waits for the other, few enough for little memory."""
_WAIT = 0.2
"""Seconds after which a thread that waits looks whether all is over."""


@contextmanager
def overlapped(items: Iterable[T], ahead: int = AHEAD) -> Iterator[Iterator[T]]:
    """The same items in the same order, made by another thread while the caller works on those before.

    >>> with overlapped(clip.frames()) as frames, overlapped(map(paint, frames)) as paintings:
    ...     for painting in paintings:  # decodes, paints and encodes at the same time
    ...         encode(painting)

    What the items' own iteration raises comes out of this one. The thread has ended when the block ends.
    """
    queue: Queue[tuple[T] | BaseException | None] = Queue(ahead)
    over = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> bool:
        while not over.is_set():
            with suppress(Full):
                queue.put(item, timeout=_WAIT)
                return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
            put(None)
        except BaseException as error:  # also an interrupt, which must not leave the other side waiting
            put(error)

    def take() -> Iterator[T]:
        while not over.is_set():
            try:
                item = queue.get(timeout=_WAIT)
            except Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        over.set()
        thread.join()


def side_by_side(function: Callable[[T], R], items: Iterable[T], count: int) -> Iterator[R]:
    """The function's results in the order of the items, of which so many threads have one each in work."""
    pool, begun = ThreadPoolExecutor(count, "frame"), deque[Future[R]]()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) > count:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
