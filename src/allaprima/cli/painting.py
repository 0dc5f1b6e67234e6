"""What ``allaprima stylize`` does once its options are understood: many pictures, or one through a pipe."""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from io import BytesIO
from pathlib import Path

import click

from allaprima.batch.file_painter import FilePainter
from allaprima.batch.plan import Plan, check_target
from allaprima.batch.report import Report
from allaprima.batch.workers import paint_all, watch
from allaprima.cli.progress import late_progress, progress
from allaprima.cli.stylize_options import Given
from allaprima.errors import AllaPrimaError, PictureError
from allaprima.files import write_bytes

PIPE = "-"
"""Stdin as a picture, or stdout as an output."""
WATCH_SECONDS = 1.0


def many(plan: Plan, painter: FilePainter, workers: int, given: Given) -> None:
    """Paint every picture, say what failed, and exit with the code that fits."""
    watching = given.watch
    jobs = watch(plan.jobs, WATCH_SECONDS) if watching else plan.jobs()
    count = sum(1 for _ in plan.jobs()) if sys.stderr.isatty() and not watching else None
    lone_bar = late_progress("painting") if count == 1 else nullcontext()
    with Report(None if given.report is None else Path(given.report)) as report, lone_bar as tell, ExitStack() as stack:
        outcomes = paint_all(
            jobs,
            lambda job: painter.paint(job.source, job.target.suffix, tell),
            lambda job: plan.check(job, overwrite=given.overwrite),
            workers=workers,
            resume=given.resume,
        )
        bar = stack.enter_context(progress(outcomes, "stylizing", count or 0))
        for outcome in bar:
            report.add(outcome)
            if outcome.status == "failed":
                click.echo(f"allaprima: {outcome.job.source}: {outcome.reason}", err=True)
    if report.counts["failed"]:
        sys.exit(1 if report.counts["painted"] or report.counts["skipped"] else PictureError.exit_code)


def pipe(source: str, output: str | None, suffix: str | None, overwrite: bool, painter: FilePainter) -> None:
    """Stdin to stdout, stdin to a file, or a file to stdout."""
    data: Path | BytesIO = BytesIO(sys.stdin.buffer.read()) if source == PIPE else Path(source)
    try:
        if output in (None, PIPE):
            sys.stdout.buffer.write(painter.paint(data, suffix or ".png"))
            sys.stdout.buffer.flush()
        else:
            target = Path(output)
            check_target(target, overwrite)
            write_bytes(painter.paint(data, target.suffix), target)
    except AllaPrimaError as error:
        raise PictureError(f"{'stdin' if source == PIPE else source}: {error}") from error
