"""How long a painting takes: in one pass, and by optimization (Johnson et al. 2016, Table 1)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch

from allaprima.evaluation.judge import Judge, photo_square
from allaprima.evaluation.log import Log
from allaprima.evaluation.painters import Paint, Painter, Pixels, file_sha256
from allaprima.evaluation.record import cpu_model
from allaprima.training.optimize import OptimizeOptions, minimize

REPEATS = 7  # of a painting, after one to warm up


def time_sizes(
    judge: Judge,
    painters: Sequence[Painter],
    photo: Path,
    sizes: Sequence[int],
    iterations: int,
    log: Log,
    precision: str,
) -> Iterator[dict[str, Any]]:
    """For each size, the seconds of every painter and of one iteration; what the log has is not measured again.

    A painter takes the same time in all its styles, so each is timed in the first.

    Yields:
        ``size``, ``iteration`` (seconds, the mean of ``iterations``) and ``painters`` (seconds by name, the medians).
    """  # fmt: skip
    everyone = {painter.name: painter for painter in reversed(painters)}
    described = {
        "photo": file_sha256(photo)[:12],
        "painters": {name: painter.fingerprint[:12] for name, painter in everyone.items()},
        "iterations": iterations,
        "precision": precision,
        "device": str(judge.device),
        "threads": torch.get_num_threads(),
        "cpu": cpu_model(),
    }
    for size in sizes:
        seconds = log.get({"timed": size, **described})
        if seconds is None:
            pixels = photo_square(photo, size)
            seconds = {
                "size": size,
                "iteration": round(time_iteration(judge, pixels, judge.styles[0], iterations), 5),
                "painters": {name: round(time_painter(everyone[name].paint, pixels), 5) for name in reversed(everyone)},
            }
            log.add({"timed": size, **described}, seconds)
        yield seconds


def time_painter(paint: Paint, photo: Pixels) -> float:
    """Seconds from pixels to pixels: a median, after one painting that warms up."""
    paint(photo)
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        paint(photo)
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def time_iteration(judge: Judge, photo: Pixels, style: str, iterations: int) -> float:
    """Seconds of one iteration: the mean over the first ``iterations`` from the content image."""
    targets = judge.targets(photo, style)
    options = OptimizeOptions(recipe=judge.objective.recipe, iterations=iterations, preconditioner=0.0)
    seconds = [step.seconds for step in minimize(judge.objective, targets, judge.tensor(photo), options)]
    return (seconds[-1] - seconds[0]) / iterations  # the first entry is the start's own evaluation
