"""What workers do with the pictures of a plan: what is done is left alone, what is older is done anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from allaprima.batch.plan import Job, Plan
from allaprima.batch.workers import Outcome
from allaprima.engine.progress import Progress
from allaprima.errors import ExistsError
from allaprima.file_painter import FilePainter
from allaprima.files import write_bytes
from allaprima.film.clip_painter import ClipPainter, Publish
from allaprima.film.direction import is_clip
from allaprima.film.tracks import read_stamp as read_clip_stamp
from allaprima.provenance import read_stamp, standing

WITHOUT_STAMP = ".bmp"
"""What has no place for a stamp (``provenance``)."""


class Run:
    """The steps that ``workers.Workers`` takes with each job.

    Args:
        plan: which picture goes where.
        painter: paints a picture.
        clips: paints a clip.
        resume: skip results that are done, and replace those of ours that are not what would be painted now.
        overwrite: replace whatever is in a result's place.
    """

    def __init__(
        self, plan: Plan, painter: FilePainter, clips: ClipPainter, *, resume: bool = False, overwrite: bool = False
    ) -> None:
        self._plan, self._painter, self._clips = plan, painter, clips
        self._resume, self._overwrite = resume, overwrite
        self._own: set[Path] = set()

    def decide(self, job: Job) -> Job | None:
        """None if it is done; otherwise the job, with leave to replace an older result of ours.

        Raises:
            PictureError, OutputError: it must not be done.
        """
        if self._resume and not job.refusal:
            how = self._standing(job)
            if how == "done":
                return None
            if how == "stale" or job.target in self._own:
                job = replace(job, replace=True)
        self._plan.check(job, overwrite=self._overwrite)
        return job

    def paint(
        self, job: Job, progress: Progress | None = None, stopped: Callable[[], bool] = lambda: False
    ) -> bytes | Publish:
        """The result as a file's bytes; of a clip what puts it in its place."""
        if not is_clip(job.source):
            return self._painter.paint_file(job.source, job.target.suffix, progress)
        return self._clips.paint_file(
            job.source,
            job.target,
            progress,
            resume=self._resume,
            overwrite=self._overwrite or job.replace,
            stopped=stopped,
        )

    def publish(self, job: Job, painting: bytes | Publish) -> None:
        """Put the result in its place."""
        if job.replace and self._standing(job) == "done":  # another run was faster
            raise ExistsError(f"{job.target} exists")
        overwrite = self._overwrite or job.replace
        if isinstance(painting, bytes):
            write_bytes(painting, job.target, overwrite=overwrite)
        else:
            painting(overwrite)
        if job.target.suffix.lower() == WITHOUT_STAMP:
            self._own.add(job.target)

    def seen(self, outcome: Outcome) -> Outcome:
        """The outcome as it is told: what another run has done meanwhile was not to be done any more."""
        if self._resume and isinstance(outcome.error, ExistsError) and self._standing(outcome.job) == "done":
            return replace(outcome, status="skipped", error=None)
        return outcome

    def _standing(self, job: Job) -> str:
        if not is_clip(job.source):
            return standing(job.source, job.target, self._painter.digest)
        reads = read_clip_stamp if is_clip(job.target) else read_stamp
        return standing(job.source, job.target, self._clips.digest, reads)
