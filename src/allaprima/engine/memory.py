"""How much memory a process should take, and how a user writes it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from allaprima.errors import PictureError

FALLBACK = 4 * 2**30
"""Where the system does not tell what it has."""
MOST = 4 * 2**30
"""Beyond it nothing gets faster: tiles of a megapixel keep every core busy."""

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def sensible_memory() -> int:
    """Half of the memory that the machine, or the container around the process, has; ``MOST`` at most. Bytes."""
    return min(_machine_memory() // 2, MOST)


def parse_memory(text: str) -> int:
    """``"1.5G"``, ``"800M"``, ``"2 GB"`` or plain bytes -> bytes.

    Raises:
        PictureError: it is no amount of memory.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if match is None or float(match[1]) == 0:
        raise PictureError(f'the memory "{text}" is not an amount such as 800M or 1.5G')
    return int(float(match[1]) * _UNITS[match[2]])


def _machine_memory() -> int:
    amounts = []
    with suppress(AttributeError, ValueError, OSError):  # no sysconf on Windows
        amounts.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # "max" is no limit
            amounts.append(int(Path(limit).read_text()))
    return min(amounts, default=FALLBACK)
