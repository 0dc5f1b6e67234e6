"""Results as they come, one JSON line each, under the description of what was measured.

The description holds all that decides the result, digests of the pictures and weights included. A run that was
killed therefore goes on where it was, and results under other settings are never mistaken for these.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allaprima.errors import OutputError
from allaprima.files import write_bytes

Described = Mapping[str, Any]


class Log:
    """The file of results; what a kill cut short in its last line is dropped.

    Raises:
        OutputError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._results: dict[str, dict[str, Any]] = {}
        whole = []
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        except OSError as error:
            raise OutputError(f"the log {path} cannot be read: {error.strerror}") from error
        for line in lines:
            try:
                entry = json.loads(line)
                self._results[digest(entry["measured"])] = entry["result"]
            except (ValueError, KeyError, TypeError):
                continue
            whole.append(line + "\n")
        write_bytes("".join(whole).encode(), path)

    def get(self, measured: Described) -> dict[str, Any] | None:
        """The result of exactly this, if there is one."""
        return self._results.get(digest(measured))

    def add(self, measured: Described, result: dict[str, Any]) -> None:
        """Keep a result; it is on disk when this returns.

        Raises:
            OutputError: it cannot be written.
        """
        line = json.dumps({"measured": dict(measured), "result": result}, ensure_ascii=False)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise OutputError(f"the log {self.path} cannot be written: {error.strerror}") from error
        self._results[digest(measured)] = result


def digest(measured: Described) -> str:
    """A name for what was measured: 12 hexadecimal digits."""
    return hashlib.sha256(json.dumps(dict(measured), sort_keys=True).encode()).hexdigest()[:12]
