"""Pictures painted, reported and counted as their fates come, whoever paints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from allaprima.batch.report import Report, Told
from allaprima.cli.progress import Bar
from allaprima.cli.stopping import Stopping
from allaprima.cli.stylize_options import Given
from allaprima.cli.tally import Tally

Fate = TypeVar("Fate", bound=Told)
Fate_co = TypeVar("Fate_co", bound=Told, covariant=True)


class Work(Protocol[Fate_co]):
    """What paints: ``batch.workers.Workers``, or ``scale.run.ScaleRun``."""

    def stop(self) -> None:
        """End it; may be called from a signal handler."""

    def close(self) -> Iterable[Fate_co]:
        """End the work; what became of pictures that nobody was told of yet."""


def carry_out(
    work: Work[Fate], bar: Bar[Fate], tally: Tally, given: Given, seen: Callable[[Fate], Fate] = lambda fate: fate
) -> None:
    """Let it work; the report has all that was done, as it is ``seen``, whatever ends it."""
    path = None if given.report is None else Path(given.report)

    def add(fate: Fate) -> None:
        fate = seen(fate)
        report.add(fate)
        tally.add(fate)

    with Stopping(work.stop), Report(path, overwrite=given.overwrite) as report, bar:
        try:
            for fate in bar:
                add(fate)
        finally:
            for fate in work.close():
                add(fate)
