"""What a benchmark says on stderr: how far it is, as a bar or as a line now and then, and where its results are."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click

from allaprima.evaluation.record import write_json

EVERY = 10.0
"""Seconds between two lines."""


class Progress(Protocol):
    """What ``progress`` gives."""

    def update(self, n_steps: int, current_item: str | None = None) -> None:
        """So many steps more are done; the item is what was done last."""


class _Lines:
    """Where nobody watches, such as in a log."""

    def __init__(self, length: int, label: str) -> None:
        self.length, self.label, self.done, self.said = length, label, 0, time.monotonic()
        print(f"{label}: {length} steps", file=sys.stderr, flush=True)

    def update(self, n_steps: int, current_item: str | None = None) -> None:
        self.done += n_steps
        now = time.monotonic()
        if self.done >= self.length or now - self.said >= EVERY:
            self.said = now
            print(f"{self.label}: {self.done} of {self.length}  {current_item or ''}", file=sys.stderr, flush=True)


@contextmanager
def progress(length: int, label: str) -> Iterator[Progress]:
    """Of ``length`` steps, which ``update`` counts."""
    if sys.stderr.isatty():
        with click.progressbar(
            length=length, label=label, file=sys.stderr, show_pos=True, item_show_func=lambda item: item
        ) as bar:
            yield bar
    else:
        yield _Lines(length, label)


def write_results(path: Path, data: dict[str, Any]) -> None:
    """A file of results, and a word on where it is.

    Raises:
        OutputError: it cannot be written.
    """
    write_json(path, data)
    print(f"wrote {path}", file=sys.stderr)
