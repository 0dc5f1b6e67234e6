"""Many files from Python, as the command paints them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from allaprima.batch.plan import Plan
from allaprima.batch.run import Run
from allaprima.batch.workers import Outcome, Workers
from allaprima.color import Color
from allaprima.engine.machine import cores
from allaprima.errors import PictureError
from allaprima.file_painter import FilePainter
from allaprima.film.clip_painter import make_clip_painter
from allaprima.film.outputs import suffix_wanted
from allaprima.film.timeline import Time, style_or_first
from allaprima.look.look import Stroke
from allaprima.options import DEFAULT_QUALITY, MAX_PIXELS, STEADY, check
from allaprima.picture.source import PathLike, is_path, is_url
from allaprima.style_model import StyleSpec, style_label
from allaprima.stylizer import Mask, Stylizer


def stylize_files(
    sources: PathLike | Iterable[PathLike],
    output: PathLike | None = None,
    style: StyleSpec | None = None,
    strength: float = 1.0,
    *,
    stroke: Stroke = "auto",
    color: Color = "style",
    mask: Mask | None = None,
    feather: float | None = None,
    invert_mask: bool = False,
    mask_style: StyleSpec | None = None,
    size: int | None = None,
    max_pixels: int = MAX_PIXELS,
    keep_gps: bool = False,
    format: str | None = None,
    quality: int = DEFAULT_QUALITY,
    steady: float = STEADY,
    timeline: str | None = None,
    start: Time = None,
    end: Time = None,
    codec: str | None = None,
    sheet: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    workers: int | None = None,
    stylizer: Stylizer | None = None,
) -> Iterator[Outcome]:
    """Repaint files and folders, several at a time, as the command does. Going through the result does the work.

    A folder is searched recursively and its tree is kept. A picture that fails does not stop the others: its outcome
    says why. Ending the iteration early ends the work; a result is whole or not there.

    >>> for outcome in allaprima.stylize_files("holiday", "painted", "udnie"):
    ...     print(outcome.status, outcome.job.source, outcome.job.target, outcome.reason)

    Args:
        sources: a file or a folder, or several.
        output: the folder of the results. None is NAME_STYLE.EXT next to each file, and FOLDER_STYLE next to a folder.
        style: see ``Stylizer.stylize``, as all below but what is described here.
        strength: 0 to 1.
        stroke: pixels, "auto" or "own".
        color: one of ``COLORS``.
        mask: where to paint.
        feather: width of the mask's soft edge in pixels.
        invert_mask: paint where the mask is black instead.
        mask_style: a second style, where the mask is black.
        size: the longer side in pixels at most.
        max_pixels: refuse larger files.
        keep_gps: keep the place in the metadata.
        format: of all results; None is each picture's own.
        quality: of JPEG, WebP, AVIF and clips, 1 to 100.
        steady: see ``Stylizer.stylize_file``, as the five below; they are of clips.
        timeline: styles one after the other.
        start: where to begin.
        end: where to end.
        codec: one of ``CLIP_CODECS``.
        sheet: paint six moments on one sheet instead.
        overwrite: replace results that exist.
        resume: skip results that are there and were painted just like this; those that were not are painted again.
        workers: how many pictures are painted at a time. None is one on every core.
        stylizer: the model; None is the gallery's bank "fast", with one thread for each picture.

    Returns:
        The outcome of each picture (``status`` "painted", "skipped" or "failed", ``job.source``, ``job.target``,
        ``reason``, ``seconds``) as soon as it is known, in any order.

    Raises:
        OptionError, StyleError: an option that has no such value, or contradicts another; before any work.
        PictureError: the mask cannot be read, a folder holds no pictures, or two pictures have one place.
        OutputError: the format is not one that is written.
    """
    check(
        size=size,
        max_pixels=max_pixels,
        keep_gps=keep_gps,
        format=format,
        quality=quality,
        overwrite=overwrite,
        resume=resume,
        threads=workers,
    )
    count = workers or cores()
    if stylizer is None:
        stylizer = Stylizer(threads=1, workers=count)
    look = stylizer.look(
        style_or_first(style, timeline),
        strength,
        stroke=stroke,
        color=color,
        mask=mask,
        feather=feather,
        invert_mask=invert_mask,
        mask_style=mask_style,
    )
    suffix = None if format is None else suffix_wanted(format)
    inputs = _inputs(sources)
    plan = Plan(inputs, None if output is None else Path(output), style_label(look.style or ""), suffix, sheet=sheet)
    plan.check_folders()
    painter = FilePainter(stylizer.painter(look), size, quality, max_pixels, keep_gps, steady=steady)
    clips = make_clip_painter(
        painter, mask=mask, steady=steady, timeline=timeline, start=start, end=end, codec=codec, sheet=sheet
    )
    run = Run(plan, painter, clips, resume=resume, overwrite=overwrite)
    return _outcomes(plan, run, count)


def _inputs(sources: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    if not isinstance(sources, (str, os.PathLike, Iterable)):
        raise TypeError(f"files and folders are named by a path or several, not by {type(sources).__name__}")
    paths = (sources,) if isinstance(sources, (str, os.PathLike)) else tuple(sources)
    for path in paths:
        if not is_path(path):
            raise TypeError(f"a file or folder is named by its path, not by {type(path).__name__}")
        if not str(path):
            raise PictureError("the name of a picture is empty")
        if is_url(str(path)):
            raise PictureError(f"{path} is a URL, not a file; download it first")
    return tuple(map(Path, paths))


def _outcomes(plan: Plan, run: Run, count: int) -> Iterator[Outcome]:
    shop = Workers(
        lambda _: plan.jobs(),
        run.decide,
        lambda job: run.paint(job, stopped=lambda: shop.stopped),
        run.publish,
        count,
    )
    try:
        for outcome in shop:
            yield run.seen(outcome)
    finally:
        shop.close()
