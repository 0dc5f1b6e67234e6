"""What the machine, or the container around the process, has, memory in bytes and cores; and its C library."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import cast

PROC = Path("/proc")
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Parameters of glibc's ``mallopt``: free memory at the top that is kept, and how many blocks are mapped one by one."""
MALLOC_SETTINGS = {"MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"}
"""Where the environment may say them."""
KEPT = 2**31 - 1
"""Bytes of free memory that are kept: as many as ``mallopt`` takes."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> int | None:
    """All that the machine has, or that the tightest control group around the process may take; None if unknown."""
    amounts = [limit for group in _groups() for limit in _limits(group)]
    with suppress(AttributeError, ValueError, OSError):  # there is no sysconf on Windows
        amounts.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    windows = _windows_memory()
    return min([*amounts, *windows[:1]], default=None)


def available_memory() -> int | None:
    """What of it is free now, or holds copies of files that would make way; None if unknown, as on macOS."""
    amounts = []
    with suppress(OSError):
        amounts += _numbers(r"^MemAvailable:\s+(\d+) kB", (PROC / "meminfo").read_text(), 2**10)
    for group in _groups():
        taken = _taken(group)
        amounts += [max(0, limit - taken) for limit in _limits(group) if taken is not None]
    return min([*amounts, *_windows_memory()[1:]], default=None)


def give_back() -> None:
    """Return memory that was freed to the system, where the C library keeps it for each thread (glibc)."""
    if trim := c_function("malloc_trim", ctypes.c_size_t):
        trim(0)


def keep_freed_memory() -> None:
    """Let each step of a training take the memory that the one before has freed (glibc).

    It would return large blocks to the system and ask for them again, a thousand times a step: each page is then
    cleared anew. It holds for the whole process; what the environment says of these settings holds instead.
    """
    change = c_function("mallopt", ctypes.c_int, ctypes.c_int)
    if change and MALLOC_SETTINGS.isdisjoint(os.environ):
        change(M_MMAP_MAX, 0)
        change(M_TRIM_THRESHOLD, KEPT)


@cache
def c_function(name: str, *arguments: type) -> Callable[..., int] | None:
    """A function of the C library on Linux, with the types of its arguments; None where it has none of that name."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):  # another C library
        function = getattr(ctypes.CDLL(None), name)
        function.argtypes = arguments
        return cast("Callable[..., int]", function)
    return None


def _groups() -> Iterator[Path]:
    """The folders of the control groups around the process, of both versions, from its own up to the root.

    Where the process sees the groups from inside a container, the path in ``/proc/self/cgroup`` need not exist below
    the place where they are mounted; the mount's own root is then the container's.
    """
    mounts = []
    with suppress(OSError):
        for line in (PROC / "self/mountinfo").read_text().splitlines():
            left, _, right = line.partition(" - ")
            kind, _, options = right.split(" ", 2) if right.count(" ") >= 2 else ("", "", "")
            if kind == "cgroup2" or (kind == "cgroup" and "memory" in options.split(",")):
                words = left.split(" ")
                mounts.append((kind, _unescaped(words[3]), Path(_unescaped(words[4]))))
    with suppress(OSError):
        for line in (PROC / "self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for kind, root, place in mounts:
                if kind == "cgroup2" if controllers == "" else kind == "cgroup" and "memory" in controllers:
                    yield from _upwards(place, path, root)


def _upwards(place: Path, path: str, root: str) -> Iterator[Path]:
    """The group of a path, and all above it up to where the groups of ``root`` are mounted."""
    inside = path.removeprefix(root.rstrip("/")) if root != "/" else path
    parts = [part for part in inside.split("/") if part not in ("", "..")]
    for count in range(len(parts), -1, -1):
        yield place.joinpath(*parts[:count])


def _limits(group: Path) -> list[int]:
    """Bytes that a group may take, in the files of either version."""
    amounts = []
    for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # "max" is no limit
            amounts.append(int((group / name).read_text()))
    return amounts


def _taken(group: Path) -> int | None:
    """Bytes that a group holds and that would not make way; None if it does not tell."""
    for name, idle in (("memory.current", "inactive_file"), ("memory.usage_in_bytes", "total_inactive_file")):
        with suppress(OSError, ValueError):
            taken = int((group / name).read_text())
            return taken - sum(_numbers(rf"^{idle} (\d+)$", (group / "memory.stat").read_text()))
    return None


def _windows_memory() -> list[int]:
    """Bytes of physical memory, all and available; empty elsewhere."""
    if sys.platform != "win32":
        return []
    fields = "length load total available page_total page_available virtual_total virtual_available extended"

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX."""

        _fields_ = [
            (name, ctypes.c_ulong if name in ("length", "load") else ctypes.c_ulonglong) for name in fields.split()
        ]

    status = Status()
    status.length = ctypes.sizeof(Status)
    found = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return [status.total, status.available] if found else []


def _numbers(pattern: str, text: str, unit: int = 1) -> list[int]:
    return [int(number) * unit for number in re.findall(pattern, text, re.MULTILINE)]


def _unescaped(word: str) -> str:
    r"""A word of mountinfo, where a space is ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)
