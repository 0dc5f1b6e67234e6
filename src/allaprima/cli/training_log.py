"""A training's log beside its output: one line of JSON for each step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from allaprima.errors import OutputError
from allaprima.files import write_bytes

if TYPE_CHECKING:
    from allaprima.training.trainer import TrainingStep


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The steps in a log; a line that a kill cut short is no step.

    Raises:
        OutputError: the file is something else than a log.
    """
    rows: list[dict[str, Any]] = []
    if not path.exists():
        return rows
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        try:
            row = json.loads(line)
            float(row["seconds"])
            rows.append({**row, "step": int(row["step"])})
        except (ValueError, KeyError, TypeError):
            continue
    if len(lines) > len(rows) + 1:
        raise OutputError(f"{path} exists and is not the log of a training; choose another output")
    return rows


@contextmanager
def open_log(path: Path, step: int) -> Iterator[IO[str]]:
    """The log, to be appended to; lines of steps that the checkpoint does not have are taken back."""
    kept = [row for row in rows_of(path) if row["step"] <= step] if step else []
    write_bytes("".join(json.dumps(row) + "\n" for row in kept).encode(), path)
    with path.open("a", encoding="utf-8") as log:
        yield log


def as_json(step: TrainingStep) -> str:
    """One line of the log."""
    return json.dumps({**asdict(step), "skipped": {str(path): why for path, why in step.skipped.items()}})
