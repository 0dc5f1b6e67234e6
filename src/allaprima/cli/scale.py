"""``allaprima stylize`` of one folder or address by processes: with an engine, a share of it, a limit of time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from allaprima.batch.report import check_report
from allaprima.cli.carrying import carry_out
from allaprima.cli.progress import Bar
from allaprima.cli.stylize_options import Given
from allaprima.cli.tally import Tally
from allaprima.errors import PictureError
from allaprima.scale.folder import FolderJob
from allaprima.scale.rows import Fate
from allaprima.scale.store import is_address

HERE = ("inputs", "output", "report", "quiet", "watch")
"""What of ``Given`` is the command's alone, or said otherwise to a job."""


def prepared(given: Given) -> Callable[[], None]:
    """Check what was given; what then paints."""
    if len(given.inputs) > 1:
        raise click.UsageError("--on, --shard, --time-limit and addresses are for one folder; name one")
    if given.watch:
        raise click.UsageError("--watch cannot be combined with --on, --shard, --time-limit or an address")
    if "-" in (*given.inputs, given.output):
        raise click.UsageError("pipes cannot be combined with --on, --shard, --time-limit or an address")
    if given.report is not None:
        if is_address(given.report):
            raise click.UsageError("the report is a file of this machine, not an address")
        check_report(Path(given.report), (), overwrite=given.overwrite)
    options = {name: value for name, value in vars(given).items() if name not in HERE}
    return partial(paint, FolderJob(given.inputs[0], given.output, **options), given)


def paint(job: FolderJob, given: Given) -> None:
    """Paint, say what became of the pictures, and exit with the code that fits."""
    tally = Tally(given, f" into {job.target}/")
    with job.run() as run:
        bar: Bar[Fate] = Bar(run, "painting", keep=False, hidden=given.quiet)
        if sys.stderr is not None and sys.stderr.isatty() and not is_address(job.source):
            threading.Thread(target=_count, args=(job, bar), daemon=True).start()
        carry_out(run, bar, tally, given)
    tally.finish()


def _count(job: FolderJob, bar: Bar[Fate]) -> None:
    with suppress(PictureError):  # which the search itself meets as well
        bar.expect(job.count())
