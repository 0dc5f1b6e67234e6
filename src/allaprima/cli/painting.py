"""What ``allaprima stylize`` does once its options are understood: many pictures, or one through a pipe."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

import click

from allaprima.batch.plan import Job, Plan
from allaprima.batch.report import check_report
from allaprima.batch.run import Run
from allaprima.batch.watching import Watch
from allaprima.batch.workers import Outcome, Workers
from allaprima.cli.carrying import carry_out
from allaprima.cli.progress import FRAMES_LAYOUT, PARTS_LAYOUT, Bar, late_progress, say
from allaprima.cli.streams import drop_stdout
from allaprima.cli.stylize_options import Given
from allaprima.cli.tally import Tally, into
from allaprima.errors import OutputError, PictureError
from allaprima.file_painter import FilePainter
from allaprima.files import write_bytes
from allaprima.film.clip_painter import ClipPainter, Publish
from allaprima.film.direction import is_clip
from allaprima.film.outputs import HEAD, check_result, starts_clip
from allaprima.film.stream import format_of_stream
from allaprima.picture.target import check_target

PIPE = "-"
"""Stdin as a picture, or stdout as an output."""


class Notes:
    """Lines on stderr, each said once.

    Args:
        quiet: say none.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Say it."""
        if not self._quiet and text not in self._said:
            self._said.add(text)
            say(f"allaprima: {text}")


class Losses:
    """Says what of damaged clips is missing in their paintings, also when notes are not wanted."""

    def __init__(self) -> None:
        self.any = False
        """Whether something is missing."""

    def __call__(self, text: str) -> None:
        """Say it."""
        self.any = True
        say(f"allaprima: {text}")


def check_places(plan: Plan, given: Given) -> None:
    """Refuse, before any work, folders without pictures and a report in the place of something of the user's."""
    if given.report is not None:
        check_report(Path(given.report), plan.files, overwrite=given.overwrite)
    if not given.watch:
        plan.check_folders()
        return
    for path in plan.files:
        if not path.exists():
            raise PictureError(f"there is no folder {path}")
        raise click.UsageError(f"--watch is for folders, and {path} is a file")


def many(plan: Plan, painter: FilePainter, clips: ClipPainter, losses: Losses, workers: int, given: Given) -> None:
    """Paint every picture, say what became of them, and exit with the code that fits."""
    run = Run(
        plan,
        painter,
        clips,
        resume=given.resume or (given.watch and not given.overwrite),
        overwrite=given.overwrite,
    )
    tally = Tally(given, into(plan), folders=bool(plan.folders))
    frames = given.lone and is_clip(Path(given.inputs[0]))
    lone = (
        late_progress("painting", FRAMES_LAYOUT if frames else PARTS_LAYOUT)
        if given.lone and not given.quiet
        else nullcontext()
    )
    with lone as tell:
        search = _watched(plan) if given.watch else lambda _: plan.jobs()
        shop = Workers(
            search,
            run.decide,
            lambda job: run.paint(job, tell, lambda: shop.stopped),
            run.publish,
            workers,
        )
        bar: Bar[Outcome] = Bar(shop, "painting", keep=False, hidden=given.lone or given.watch or given.quiet)
        if not given.watch:
            threading.Thread(target=_count, args=(plan, bar), daemon=True).start()
        elif not given.quiet:
            say(f"watching {', '.join(f'{folder}/' for folder in plan.folders)}; Ctrl-C ends it")
        carry_out(shop, bar, tally, given, run.seen)
    tally.finish(incomplete=losses.any)


def pipe(painter: FilePainter, clips: ClipPainter, losses: Losses, given: Given) -> None:
    """Stdin to stdout, stdin to a file, or a file to stdout."""
    if given.resume or given.watch:
        raise click.UsageError("--resume and --watch are for files and folders, not for pipes")
    from_stdin, to_stdout = given.inputs[0] == PIPE, given.output in (None, PIPE)
    if from_stdin and sys.stdin is None:
        raise PictureError("stdin is closed")
    if to_stdout and sys.stdout is None:
        raise OutputError("stdout is closed")
    source = Path("stdin") if from_stdin else Path(given.inputs[0])
    target = Path("stdout") if to_stdout or given.output is None else Path(given.output)
    clip = is_clip(source) or (from_stdin and starts_clip(_head(sys.stdin.buffer)))
    suffix = (given.suffix or ".png") if to_stdout else target.suffix
    if clip and to_stdout:
        format_of_stream(given.format or "")
    if given.report is not None:
        check_report(Path(given.report), () if from_stdin else (source,), overwrite=given.overwrite)
    if not to_stdout and clip:
        check_result(target, given.overwrite)
    elif not to_stdout:
        check_target(target, given.overwrite)
    data = BytesIO(sys.stdin.buffer.read()) if from_stdin and not clip else None

    def paint(job: Job) -> bytes | Publish:
        if not clip:
            return painter.paint_file(job.source, suffix) if data is None else painter.paint(data, suffix)
        frames = sys.stdin.buffer if from_stdin else job.source
        if not to_stdout:
            return clips.paint_file(frames, target, overwrite=given.overwrite, stopped=lambda: shop.stopped)
        clips.paint_stream(frames, sys.stdout.buffer, given.format or "", stopped=lambda: shop.stopped)
        return lambda _: None

    def publish(_: Job, painting: bytes | Publish) -> None:
        if not isinstance(painting, bytes):
            painting(given.overwrite)
            return
        if not to_stdout:
            write_bytes(painting, target, overwrite=given.overwrite)
            return
        try:
            sys.stdout.buffer.write(painting)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            drop_stdout()
            raise OutputError(f"stdout cannot be written: {error.strerror or error}") from error

    tally = Tally(given)
    shop = Workers(
        lambda _: [Job(source, target)],
        lambda job: job,
        paint,
        publish,
    )
    carry_out(shop, Bar(shop, "painting", hidden=True), tally, given)
    tally.finish(incomplete=losses.any)


def _head(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, which stay in it."""
    if isinstance(stream, BufferedReader):
        return stream.peek(HEAD)[:HEAD]
    head = stream.read(HEAD)
    stream.seek(0)
    return head


def _watched(plan: Plan) -> Callable[[threading.Event], Iterator[Job]]:
    return lambda stopped: Watch(plan, stopped.wait, lambda text: say(f"allaprima: {text}")).jobs()


def _count(plan: Plan, bar: Bar[Outcome]) -> None:
    with suppress(PictureError):  # which the search itself meets as well
        bar.expect(plan.count())
