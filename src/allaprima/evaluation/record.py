"""What every file of results begins with: the command that made it, when, on what machine and with what versions."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from allaprima.files import write_bytes
from allaprima.version import __version__


def record(command: str) -> dict[str, Any]:
    """The command (see ``command_line``), the moment and the machine."""
    return {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "platform": f"{platform.system()} {platform.machine()}",
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
        },
    }


def command_line(program: Sequence[str], arguments: Iterable[str]) -> str:
    """A command as one would type it, without the folders of this machine.

    >>> command_line(["allaprima", "evaluate"], ["--photos", "/home/me/photos", "--style", "wave=/home/me/wave.jpg"])
    'allaprima evaluate --photos photos --style wave=wave.jpg'
    """

    def shorten(part: str) -> str:
        return Path(part).name if Path(part).is_absolute() or part.startswith("..") else part

    return shlex.join([*program, *("".join(map(shorten, re.split("([=:,])", word))) for word in arguments)])


def cpu_model() -> str:
    """The processor's name, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions(*packages: str) -> dict[str, str]:
    """Python's version, that of the code that runs, and those of installed packages."""
    found = {package: __version__ if package == "allaprima" else version(package) for package in packages}
    return {"python": platform.python_version(), **found}


def write_json(path: Path, data: dict[str, Any]) -> None:
    """A file of results, whole or not at all, and its folder if need be.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes((json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode(), path)
