"""The command's side: rows go out in chunks, what became of them comes back, and what is lost goes out again.

Whatever is a ``concurrent.futures.Executor`` carries it: threads here, Dask and Ray in their modules. The engine is
trusted with nothing but to run a function at least once, or to say that it did not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Protocol

from allaprima.errors import AllaPrimaError, EngineError
from allaprima.scale.rows import Done, Fate, Order, Row

Paint = Callable[[Order, list[Row]], list[Done]]

_CHUNK_SECONDS = 2.0
"""What a chunk is to take: enough that the engine's overhead of a few milliseconds is nothing, and few enough that at
the end no worker waits long for another."""
_BEFOREHAND = 5.0
"""Seconds at most for which the command looks for itself what is done already, before it starts the engine."""
_LARGEST = 1000
"""Rows of a chunk."""
_AHEAD = 2
"""Chunks for each worker: one in work, one that waits there."""
_LOOK = 2.0
"""Seconds after which the engine is asked for its workers anew, also if nothing comes back from it."""
_TRIES = 20
"""How often a chunk is handed out that does not come back; workers die, but pictures end only their children."""


class Engine(Protocol):
    """What carries the work."""

    @property
    def executor(self) -> Executor:
        """What takes functions."""

    def workers(self) -> int:
        """How many there are now, for engines grow and shrink; it is asked every few seconds, and may see to them."""

    def close(self) -> None:
        """End the work, also what is in the middle of it."""


@dataclass(eq=False)
class _Chunk:
    rows: list[Row]
    sent: float = 0.0
    tries: int = 0


class ScaleRun:
    """Going through it, once, does the work and gives the fate of each picture as soon as it is known.

    Args:
        order: what is to be done with each row.
        rows: of the plan, taken as there is room for them.
        start: starts what carries the work, once there is some; gives the engine and its ``worker.paint_rows``.
        done: how many of the first of some rows are done already. A job that is done so far needs no engine.

    Raises:
        AllaPrimaError: while it is gone through: the source cannot be searched, the engine cannot be started, or a
            worker cannot carry out the order.
    """

    def __init__(
        self,
        order: Order,
        rows: Iterator[Row],
        start: Callable[[], tuple[Engine, Paint]],
        done: Callable[[list[Row]], int] = lambda _: 0,
    ) -> None:
        self._order, self._rows, self._start, self._done = order, rows, start, done
        self._engine: Engine | None = None
        self._told: SimpleQueue[Future[list[Done]] | None] = SimpleQueue()
        self._out: dict[Future[list[Done]], _Chunk] = {}
        self._again: deque[_Chunk] = deque()
        self._size = 1
        self.count = 0
        """Rows that have been planned so far."""
        self.planned = False
        """Whether these are all."""

    def __enter__(self) -> ScaleRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Fate]:
        yield from self._done_before()
        if (self.planned and not self._again) or not self._told.empty():
            return
        self._engine, paint = self._start()
        while True:
            yield from self._hand_out(self._engine, paint)
            if not self._out:
                return
            try:
                future = self._told.get(timeout=_LOOK)
            except Empty:  # workers may have come, or all may be gone
                continue
            if future is None:
                return
            chunk = self._out.pop(future)
            for done in self._received(chunk, future):
                yield Fate(self._order, done)

    def stop(self) -> None:
        """End the iteration; may be called from a signal handler."""
        self._told.put(None)

    def close(self) -> list[Fate]:
        """End the work; what became of rows that nobody was told of yet."""
        out, self._out = self._out, {}
        for future in out:
            future.cancel()
        if self._engine is not None:
            self._engine.close()
        rest: list[Fate] = []
        for future in out:
            if future.done() and not future.cancelled() and future.exception() is None:
                rest += [Fate(self._order, done) for done in future.result()]
        return rest

    def _done_before(self) -> Iterator[Fate]:
        """The first rows, as long as they are done."""
        until = time.monotonic() + _BEFOREHAND
        while not self.planned and not self._again and self._told.empty() and time.monotonic() < until:
            rows, refused = self._next_rows()
            yield from refused
            count = self._done(rows)
            for row in rows[:count]:
                yield Fate(self._order, Done(row, "skipped"))
            if count < len(rows):
                self._again.append(_Chunk(rows[count:]))
            self._size = min(2 * self._size, _LARGEST)
        self._size = 1

    def _hand_out(self, engine: Engine, paint: Paint) -> Iterator[Fate]:
        while len(self._out) < _AHEAD * max(1, engine.workers()):
            if self._again:
                self._send(self._part(self._again.popleft()), engine, paint)
                continue
            rows, refused = self._next_rows()
            yield from refused
            if rows:
                self._send(_Chunk(rows), engine, paint)
            elif self.planned:
                return

    def _part(self, chunk: _Chunk) -> _Chunk:
        """A chunk of about the size that chunks have now; the rest waits."""
        if len(chunk.rows) <= 2 * self._size:
            return chunk
        self._again.appendleft(_Chunk(chunk.rows[self._size :], tries=chunk.tries))
        return _Chunk(chunk.rows[: self._size], tries=chunk.tries)

    def _next_rows(self) -> tuple[list[Row], list[Fate]]:
        """Rows for a chunk, and the fate of those among them that must not be painted."""
        rows: list[Row] = []
        refused: list[Fate] = []
        for row in islice(self._rows, self._size):
            if row.refusal:
                refused.append(Fate(self._order, Done(row, "failed", row.refusal)))
            else:
                rows.append(row)
        number = len(rows) + len(refused)
        self.count += number
        self.planned = self.planned or number < self._size
        return rows, refused

    def _send(self, chunk: _Chunk, engine: Engine, paint: Paint) -> None:
        chunk.sent, chunk.tries = time.monotonic(), chunk.tries + 1
        try:
            future = engine.executor.submit(paint, self._order, chunk.rows)
        except Exception as error:
            raise EngineError(f"the engine takes no work any more: {error}") from error
        self._out[future] = chunk
        future.add_done_callback(self._told.put)

    def _received(self, chunk: _Chunk, future: Future[list[Done]]) -> list[Done]:
        """What became of a chunk's rows; those that nothing became of go out again."""
        try:
            done = future.result()
        except AllaPrimaError:  # every chunk would end so
            raise
        except ImportError as error:
            raise EngineError(f"a worker cannot load Alla Prima: {error}; install the same on all") from error
        except Exception as error:  # a worker died
            if chunk.tries < _TRIES:
                self._again.append(chunk)
                return []
            words = f"its workers ended {_TRIES} times ({(str(error).splitlines() or [type(error).__name__])[0]})"
            return [Done(row, "failed", words) for row in chunk.rows]
        self._learn(done, time.monotonic() - chunk.sent)
        if rest := chunk.rows[len(done) :]:
            self._again.append(_Chunk(rest))
        return done

    def _learn(self, done: list[Done], took: float) -> None:
        """The size of the next chunks, by what the last one took, which may have waited for another."""
        fitting = len(done) * _CHUNK_SECONDS * _AHEAD / max(took, 1e-3)
        self._size = int(max(1, min(fitting, 2 * self._size, _LARGEST)))
