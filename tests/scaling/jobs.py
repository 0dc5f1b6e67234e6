"""Folders to paint, and what must be in them afterwards."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from allaprima.batch.many import stylize_files
from allaprima.scale.bench import Bench
from allaprima.scale.folder import FolderJob
from allaprima.scale.plan import rows
from support import checkered


def make_folder(folder: Path, count: int = 6, size: tuple[int, int] = (60, 40)) -> Path:
    """So many photographs in two folders."""
    for number in range(count):
        path = folder / f"d{number % 2}" / f"p{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(checkered(*size, seed=number)).save(path)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones as well."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def painted(folder: Path, target: Path, style: str = "udnie") -> dict[str, bytes]:
    """What a single process makes of a folder."""
    assert all(outcome.status == "painted" for outcome in stylize_files(folder, target, style, workers=1))
    return files(target)


def told(job: FolderJob) -> list[str]:
    """What becomes of a job's rows in this process, where stores in memory are."""
    bench = Bench(job.order)
    plan = list(rows(job.source, job.target, None))
    return [
        "done" if stands == "done" else bench.paint(row, stands).status
        for row, stands in zip(plan, bench.standings(plan), strict=True)
    ]
