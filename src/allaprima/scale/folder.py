"""A folder or an address, painted by processes here or by an engine: what the command and Python call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from allaprima.batch.plan import Plan
from allaprima.color import Color
from allaprima.engine.machine import cores
from allaprima.engine.memory import LEAST, parse_memory, sensible_memory
from allaprima.errors import PictureError
from allaprima.film.outputs import suffix_wanted
from allaprima.look.look import Stroke
from allaprima.options import DEFAULT_QUALITY, ENGINES, MAX_PIXELS, STEADY, check
from allaprima.picture.source import is_url
from allaprima.scale.bench import Bench, painters
from allaprima.scale.engines import check_engine, open_engine
from allaprima.scale.plan import check_places, rows
from allaprima.scale.rows import Order, Row
from allaprima.scale.run import ScaleRun
from allaprima.scale.shard import parse_shard
from allaprima.scale.store import is_address, whole
from allaprima.scale.stores import open_store
from allaprima.style_model import StyleSpec, style_label
from allaprima.stylizer import portable


class FolderJob:
    """A folder to paint; all that can be checked before any work is checked.

    >>> job = FolderJob("s3://photos/2026", "s3://paintings/2026", "udnie", on="dask:tcp://scheduler:8786")
    >>> with job.run() as run:
    ...     for fate in run:
    ...         print(fate.status, fate.job.source, fate.reason)

    Results that are there and were painted just like this count as done.

    Args:
        source: a folder that every worker finds under the same path, or an address of fsspec.
        target: the same, for the results. None is FOLDER_STYLE beside the folder.
        style: see ``Stylizer.stylize_file``, as all below but what is described here.
        strength: 0 to 1.
        model: a bank, or a file that every worker finds under the same path.
        stroke: pixels, "auto" or "own".
        color: one of ``COLORS``.
        mask: a file that every worker finds under the same path.
        feather: width of the mask's soft edge in pixels.
        invert_mask: paint where the mask is black instead.
        mask_style: a second style, where the mask is black.
        size: the longer side in pixels at most.
        max_pixels: refuse larger files.
        keep_gps: keep the place in the metadata.
        format: of all results; None is each picture's own.
        quality: of JPEG, WebP, AVIF and clips, 1 to 100.
        steady: of clips, as the five below.
        timeline: styles one after the other.
        start: where to begin.
        end: where to end.
        codec: one of ``CLIP_CODECS``.
        sheet: paint six moments on one sheet instead.
        overwrite: replace results that exist.
        resume: paint again what was painted otherwise, or from an older photograph.
        on: "dask" or "ray", with a colon and the address of a cluster; None is processes of this machine.
        shard: "0/16" is the first of sixteen shares.
        time_limit: seconds for one picture.
        threads: how many workers there are, each of one thread; None is one for every core. A cluster has its own.
        memory: for all workers, or, on a cluster, for each; None is half of this machine's for as many workers as it
            has cores, since all machines are to paint alike.
        engine: what runs the network, one of ``ENGINES``.
        exact: tiles equal the picture painted whole.

    Raises:
        OptionError, StyleError: an option that has no such value, or contradicts another.
        PictureError: the mask cannot be read, or the folder holds no pictures.
        OutputError: the format is not one that is written, or results would lie among the photographs.
        EngineError: an address needs a package that is not installed.
    """

    def __init__(
        self,
        source: str | Path,
        target: str | Path | None = None,
        style: StyleSpec | None = None,
        strength: float = 1.0,
        *,
        model: str | Path | None = None,
        stroke: Stroke = "auto",
        color: Color = "style",
        mask: str | Path | None = None,
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
        start: str | float | None = None,
        end: str | float | None = None,
        codec: str | None = None,
        sheet: bool = False,
        overwrite: bool = False,
        resume: bool = False,
        on: str | None = None,
        shard: str | None = None,
        time_limit: float | None = None,
        threads: int | None = None,
        memory: int | str | None = None,
        engine: str = ENGINES[0],
        exact: bool = False,
    ) -> None:
        check(
            size=size,
            max_pixels=max_pixels,
            keep_gps=keep_gps,
            format=format,
            quality=quality,
            overwrite=overwrite,
            resume=resume,
            time_limit=time_limit,
            threads=threads,
            memory=memory,
        )
        check_engine(on, threads)
        self._on, self._count, self._shard = on, threads or cores(), parse_shard(shard)
        self._suffix = None if format is None else suffix_wanted(format)
        self.source = _checked(str(source))
        order = Order(
            source=self.source,
            target="",
            look="",
            memory=_memory(memory, self._count, shared=":" not in (on or "")),
            resume=resume,
            overwrite=overwrite,
            time_limit=time_limit,
            model=portable(model),
            exact=exact,
            engine=engine,
            style=style,
            strength=strength,
            stroke=stroke,
            color=color,
            mask=None if mask is None else str(Path(mask).absolute()),
            feather=feather,
            invert_mask=invert_mask,
            mask_style=mask_style,
            size=size,
            max_pixels=max_pixels,
            keep_gps=keep_gps,
            quality=quality,
            steady=steady,
            timeline=timeline,
            start=start,
            end=end,
            codec=codec,
            sheet=sheet,
        )
        self._painters = painters(order)
        painter = self._painters[0]
        label = style_label(painter.painter.look.style or "")
        self.target = _beside(self.source, label) if target is None else whole(str(target))
        check_places(self.source, self.target)
        open_store(self.target)
        self.order = replace(order, target=self.target, look=painter.digest)
        self._plan: Iterator[Row] | None = self._search()
        first = next(self._plan, None)
        if first is None:
            raise PictureError(f"the folder {self.source} holds no pictures")
        self._plan = chain([first], self._plan)

    def run(self) -> ScaleRun:
        """What does the work as it is gone through; the engine is started at the first picture that is not done."""
        start = partial(open_engine, self._on, self._count)
        if not self.order.skips:
            return ScaleRun(self.order, self.rows(), start)
        return ScaleRun(self.order, self.rows(), start, Bench(self.order, self._painters).done)

    def rows(self) -> Iterator[Row]:
        """The pictures of the share, found as they are asked for; what other engines hand to ``worker.paint_all``.

        Raises:
            PictureError: the folder cannot be searched.
        """
        plan, self._plan = self._plan or self._search(), None  # the first search has been begun
        return (row for row in plan if row.source in self._shard)

    def count(self) -> int:
        """How many pictures there are; takes a search of its own.

        Raises:
            PictureError: the folder cannot be searched.
        """
        return sum(row.source in self._shard for row in self._search())

    def _search(self) -> Iterator[Row]:
        return rows(self.source, self.target, self._suffix, sheet=self.order.sheet)


def _checked(source: str) -> str:
    """The source in full.

    Raises:
        PictureError: it is nothing that can be searched.
    """
    if is_url(source) and not is_address(source):
        raise PictureError(f"{source} is a web page's address, which cannot be searched; download it first")
    place = whole(source)
    if not is_address(place) and not Path(place).is_dir():
        raise PictureError(f"there is no folder {source}; engines and shards are for one folder")
    return place


def _beside(source: str, label: str) -> str:
    if is_address(source):
        return f"{source}_{label}"
    return str(Plan((Path(source),), None, label).results_of(Path(source)))


def _memory(given: int | str | None, count: int, *, shared: bool) -> int:
    """Bytes for each worker."""
    if given is None:
        return max(LEAST, sensible_memory() // count)
    amount = parse_memory(str(given))
    return amount // count if shared else amount
