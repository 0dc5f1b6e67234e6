"""A process that paints for a worker: killed when a picture takes too long, replaced when a picture ends it.

An engine's worker that dies with a picture would be given the same picture again, and again. So the worker paints in a
child: what ends the child is one picture's failure, and the worker, which the engine knows, lives on. ``python -m
allaprima.scale.helper`` is the child; it ends at once when its parent does.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from allaprima.errors import AllaPrimaError, EngineError
from allaprima.provenance import Standing
from allaprima.scale.rows import Done, Order, Row

_LENGTH = struct.Struct("<Q")


class HelperEndedError(Exception):
    """The child has ended.

    Attributes:
        how: "signal 9", "exit code 1".
        late: whether it was killed for the time that it took.
    """

    def __init__(self, how: str, late: bool) -> None:
        super().__init__(how, late)
        self.how, self.late = how, late


class NoHelperError(Exception):
    """A child does not start, as on a machine that has no memory left; another may do the work."""


class Helper:
    """The parent's side of a child that paints rows of one order.

    Raises:
        HelperEndedError: the child does not start, or was killed meanwhile.
        AllaPrimaError: the order cannot be carried out there.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self._late = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "allaprima.scale.helper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders talk
            env={**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is the command's to answer
        )
        try:
            self._ask(order)
        except BaseException:
            self.close()
            raise

    def standings(self, rows: list[Row]) -> list[Standing]:
        """See ``Bench``."""
        answer: list[Standing] = self._ask(("standings", (rows,)))
        return answer

    def paint(self, row: Row, stands: Standing) -> Done:
        """See ``Bench``.

        Raises:
            HelperEndedError: the picture has ended it, or it was killed for the time that it took.
        """
        answer: Done = self._ask(("paint", (row, stands)), self.order.time_limit)
        return answer

    def kill(self) -> None:
        """End it now."""
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End it, and wait for that."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe and pipe.close()

    def _ask(self, question: object, seconds: float | None = None) -> Any:
        timer = None if seconds is None else threading.Timer(seconds, self._give_up)
        try:
            if timer is not None:
                timer.daemon = True
                timer.start()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            _send(self._process.stdin, question)
            good, answer = _receive(self._process.stdout)
        except (EOFError, OSError, ValueError) as error:
            raise HelperEndedError(_how(self._process), self._late) from error
        finally:
            if timer is not None:
                timer.cancel()
        if not good:
            raise answer
        return answer

    def _give_up(self) -> None:
        self._late = True
        self.kill()


def main() -> None:
    """Answer questions from stdin on stdout until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    questions: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, questions), daemon=True).start()
    from allaprima.scale.bench import Bench  # noqa: PLC0415 - once somebody listens

    bench: Bench | None = None

    def answer(question: Any) -> object:
        nonlocal bench
        if bench is None:
            bench = Bench(question)
            return None
        name, arguments = question
        return getattr(bench, name)(*arguments)

    while True:
        _answer(outgoing, answer, questions.get())


def _answer(outgoing: BinaryIO, answer: Callable[[Any], object], question: Any) -> None:
    try:
        told = True, answer(question)
    except AllaPrimaError as error:
        told = False, error
    except Exception as error:
        told = False, EngineError(f"an unexpected fault, {type(error).__name__}: {error}")
    _send(outgoing, told)


def _listen(incoming: BinaryIO, questions: queue.SimpleQueue[Any]) -> None:
    """Hand questions on; when the parent is gone, nobody waits for an answer, and the row is somebody else's."""
    while True:
        try:
            questions.put(_receive(incoming))
        except (EOFError, OSError):
            os._exit(0)


def _send(stream: BinaryIO | Any, message: object) -> None:
    data = pickle.dumps(message)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: BinaryIO | Any) -> Any:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def _how(process: subprocess.Popen[bytes]) -> str:
    with suppress(subprocess.TimeoutExpired):
        code = process.wait(10)
        return f"signal {-code}" if code < 0 else f"exit code {code}"
    process.kill()
    return "no answer"


if __name__ == "__main__":
    main()
