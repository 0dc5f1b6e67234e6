"""How much memory painting takes, who may take how much of it, and how a user writes an amount.

One ``Budget`` belongs to each loaded model. Every thread that paints with the model reserves what a picture needs and
waits until that is free, so that many threads stay within the memory of one: pictures wait for each other rather than
be painted in tiles, which takes more time. Only what would not fit if it were alone is painted in tiles.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from allaprima.engine.machine import available_memory, give_back, machine_memory
from allaprima.errors import OptionError

FALLBACK = 2 * 2**30
"""Where the system does not tell what it has."""
MOST = 4 * 2**30
"""Beyond it nothing gets faster: tiles of a megapixel keep every core busy."""
LEAST = 128 * 2**20
"""With less, little but the smallest tiles can be painted."""

BASE = 96 * 2**20
"""Bytes that Python, the decoders, ONNX Runtime and a model take before any picture is there; 70 to 80 MiB by
measurement (Linux, x86-64), and some more for what allocators do not give back."""
FOR_TILES = 64 * 2**20
"""Bytes that a picture in tiles gets at least, even where itself is larger than the memory; tiles of 512 pixels take
less."""

_GIVEN_BACK_ABOVE = 8
"""Around what takes more than this part of the memory (an eighth), memory that was freed goes back to the system; the C
library would keep it for the thread that had it, and with many threads keep many times as much. Before as well as
after, since a caller may free its pictures after the reservation has ended."""

BOUND = 1200
"""Bytes a pixel: more than any network here takes, so that what fits with it needs no closer look."""

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def sensible_memory() -> int:
    """Bytes: half of what the machine or the container has, but no more than is free, within ``LEAST`` and ``MOST``."""
    whole, free = machine_memory(), available_memory()
    amounts = [FALLBACK if whole is None else whole // 2, *([] if free is None else [free])]
    return max(LEAST, min(*amounts, MOST))


def parse_memory(text: str) -> int:
    """``"1.5G"``, ``"800M"``, ``"2 GB"`` or plain bytes -> bytes.

    Raises:
        OptionError: it is no amount of memory.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if match is None or float(match[1]) == 0:
        raise OptionError(f'the memory "{text}" is not an amount such as 800M or 1.5G')
    return int(float(match[1]) * _UNITS[match[2]])


class Budget:
    """Memory that threads share.

    Args:
        memory: bytes that the process may take, ``BASE`` included.
        workers: how many pictures are painted at a time, at most; those that do not fit whole share evenly.
    """

    def __init__(self, memory: int, workers: int = 1) -> None:
        self.total = max(0, memory - BASE)
        """Bytes for all pictures in work."""
        self.share = self.total // workers
        """Bytes of one picture if all workers have one in work."""
        self.free = self.total
        """Bytes that nobody has reserved now."""
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()
        self._lent = threading.local()

    def granted(self, wanted: int, beside: int = 0) -> int:
        """How much a picture gets that wants ``wanted`` bytes to be painted whole and ``beside`` bytes for itself.

        All of it if so much may be taken at all; otherwise its share, with which it is painted in tiles.
        """
        if beside + wanted <= self.total:
            return beside + wanted
        return min(self.total, max(self.share, beside + FOR_TILES))

    @contextmanager
    def reserve(self, wanted: int, beside: int = 0) -> Iterator[int]:
        """Wait until there is room for a picture, in the order of arrival, and hold it.

        Inside, the same thread may reserve again, as when the engine is called by who has reserved for the whole
        picture: it gets ``wanted`` bytes of what is held, without waiting.

        Args:
            wanted: bytes to paint it whole.
            beside: bytes that the caller keeps for itself, and does not lend to reservations inside.

        Yields:
            The bytes that painting may take, less than ``wanted`` if it can only be done in tiles.
        """
        lent: int | None = getattr(self._lent, "bytes", None)
        if lent is not None:
            yield max(0, min(lent - beside, wanted))
            return
        amount = self.granted(wanted, beside)
        self._take(amount)
        large = amount > self.total // _GIVEN_BACK_ABOVE
        if large:
            give_back()
        self._lent.bytes = max(amount - beside, min(amount, FOR_TILES))
        try:
            yield min(self._lent.bytes, wanted)
        finally:
            self._lent.bytes = None
            if large:
                give_back()
            with self._changed:
                self.free += amount
                self._changed.notify_all()

    def _take(self, amount: int) -> None:
        """In the order of arrival, lest large pictures wait for ever while small ones pass."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                self._changed.wait_for(lambda: self._queue[0] is ticket and self.free >= amount)
                self.free -= amount
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
