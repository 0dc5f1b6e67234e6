"""What the processes of a training do that are not the first: the same steps, and nothing is written or said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from allaprima.cli import signals
from allaprima.cli.faults import INTERRUPTED
from allaprima.cli.stopping import Stopping
from allaprima.errors import DivergedError, LostProcessError

if TYPE_CHECKING:
    from allaprima.training.ranks import Ranks
    from allaprima.training.trainer import Trainer


def follow(trainer: Trainer) -> None:
    """Make the steps with the first process, and stop where it stops."""
    with Stopping() as stopping:
        for _ in trainer.run(stopping.asked):
            stopping.check(trainer.asked)


@contextmanager
def quiet(ranks: Ranks) -> Iterator[None]:
    """A block in which a process that is not the first says nothing of what ends them all.

    Raises:
        SystemExit: with the exit code of that.
    """
    try:
        yield
    except (KeyboardInterrupt, signals.Terminated, DivergedError, LostProcessError) as error:
        if ranks.first:
            raise
        raise SystemExit(getattr(error, "exit_code", INTERRUPTED)) from error
