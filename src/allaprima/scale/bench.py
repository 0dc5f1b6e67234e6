"""One model, one thread, and the pictures that it is given: what a worker does with a row."""

from __future__ import annotations

import io
import tempfile
import time
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from allaprima.batch.workers import reason_of
from allaprima.errors import EngineError, ExistsError, PictureError
from allaprima.file_painter import FilePainter
from allaprima.film.clip_painter import ClipPainter, make_clip_painter
from allaprima.film.direction import is_clip
from allaprima.film.outputs import check_result
from allaprima.film.timeline import style_or_first
from allaprima.film.tracks import read_stamp as read_clip_stamp
from allaprima.picture.formats import format_of
from allaprima.provenance import Stamp, Standing, digest, standing, standing_of
from allaprima.scale.rows import Done, Order, Row
from allaprima.scale.store import Found
from allaprima.scale.stores import Folder, open_store
from allaprima.stylizer import Stylizer

Painters = tuple[FilePainter, ClipPainter]


def painters(order: Order) -> Painters:
    """The painters of pictures and of clips, in one thread.

    Raises:
        AllaPrimaError: an option that has no such value, or a model that cannot be loaded.
    """
    stylizer = Stylizer(order.model, 1, order.memory, exact=order.exact, engine=order.engine)
    look = stylizer.look(
        style_or_first(order.style, order.timeline),
        order.strength,
        stroke=order.stroke,
        color=order.color,
        mask=order.mask,
        feather=order.feather,
        invert_mask=order.invert_mask,
        mask_style=order.mask_style,
    )
    painter = FilePainter(
        stylizer.painter(look), order.size, order.quality, order.max_pixels, order.keep_gps, steady=order.steady
    )
    clips = make_clip_painter(
        painter,
        mask=order.mask,
        steady=order.steady,
        timeline=order.timeline,
        start=order.start,
        end=order.end,
        codec=order.codec,
        sheet=order.sheet,
    )
    return painter, clips


class Bench:
    """Paints rows of one order.

    Args:
        order: what is to be done with them.
        made: its ``painters``, if they are there already.

    Raises:
        EngineError: this machine would paint something else than what was ordered.
    """

    def __init__(self, order: Order, made: Painters | None = None) -> None:
        self._order = order
        self._painter, self._clips = made or painters(order)
        if self._painter.digest != order.look:
            raise EngineError("a worker has another model or another version than the command; install the same on all")
        self._source, self._target = open_store(order.source), open_store(order.target)

    def standings(self, rows: list[Row]) -> list[Standing]:
        """How the result of each row stands; results in a store are asked for all at once."""
        if isinstance(self._source, Folder) and isinstance(self._target, Folder):
            return [self._standing_of_file(row) for row in rows]
        found = self._target.find([row.result for row in rows])
        return ["missing" if one is None else self._standing(row, one) for row, one in zip(rows, found, strict=True)]

    def done(self, rows: list[Row]) -> int:
        """How many of the first rows are pictures that are done; results that are clips are for workers to open."""
        pictures = list(takewhile(lambda row: not is_clip(Path(row.source)), rows))
        return sum(1 for _ in takewhile(lambda stands: stands == "done", self.standings(pictures)))

    def paint(self, row: Row, stands: Standing) -> Done:
        """Paint a picture, and put the result in its place; whatever goes wrong is told in a sentence."""
        began = time.perf_counter()
        try:
            replaced = stands == "stale" and self._order.resume
            replacing = self._order.overwrite or replaced
            self._check(row, stands, replacing)
            read, written = self._paint(self._known(row), replacing)
        except Exception as error:
            if isinstance(error, ExistsError) and self.standings([row]) == ["done"]:  # another worker was faster
                return Done(row, "skipped")
            options = tuple(getattr(error, "options", ()))
            kind = "exists" if isinstance(error, ExistsError) else ""
            return Done(row, "failed", reason_of(error), options, kind, time.perf_counter() - began)
        return Done(row, "painted", "", (), "", time.perf_counter() - began, read, written, replaced)

    def _check(self, row: Row, stands: Standing, replacing: bool) -> None:
        """Refuse before any work what cannot be written."""
        target = self._target.path(row.result)
        clip = is_clip(Path(row.source))
        if target is not None and clip:
            check_result(target, replacing, sheet=self._order.sheet)
        if not clip:
            format_of(Path(row.result).suffix)
        if stands != "missing" and not replacing:
            raise ExistsError(f"{row.result} exists", options=("overwrite",))

    def _paint(self, row: Row, replacing: bool) -> tuple[int, int]:
        """Bytes read and written."""
        if is_clip(Path(row.source)):
            return self._paint_clip(row, replacing)
        suffix = Path(row.result).suffix
        path = self._source.path(row.source)
        if path is not None and not row.version:
            painting, read = self._painter.paint_file(path, suffix), path.stat().st_size
        else:
            data = self._source.read(row.source)
            painting, read = self._painter.paint(io.BytesIO(data), suffix, version=row.version), len(data)
        self._target.write(row.result, painting, overwrite=replacing)
        return read, len(painting)

    def _paint_clip(self, row: Row, replacing: bool) -> tuple[int, int]:
        """A clip is painted between files; where those are not at hand, copies stand for them while it is painted."""
        with tempfile.TemporaryDirectory(prefix="allaprima-") as scratch:
            source, target = self._source.path(row.source), self._target.path(row.result)
            if source is None:
                source = Path(scratch) / f"clip{Path(row.source).suffix}"
                self._source.fetch(row.source, source)
            clips = replace(self._clips, version=row.version)
            place = target or Path(scratch) / f"painted{Path(row.result).suffix}"
            clips.paint_file(source, place, resume=True, overwrite=replacing)(replacing)
            if target is None:
                self._target.write(row.result, place, overwrite=replacing)
            return source.stat().st_size, place.stat().st_size

    def _known(self, row: Row) -> Row:
        """The row with what is known of its picture now; a file that goes to a store gets a version of its own."""
        path = self._source.path(row.source)
        if path is None or self._target.path(row.result) is not None:
            return row
        try:
            status = path.stat()
        except OSError as error:
            raise PictureError(f"it cannot be read: {error.strerror or error}") from error
        version = digest(status.st_size, status.st_mtime_ns)
        return row._replace(size=status.st_size, version=version, modified=status.st_mtime)

    def _standing(self, row: Row, found: Found) -> Standing:
        try:
            row = self._known(row)
        except PictureError:  # which painting it will tell
            return "missing"
        wanted = Stamp(self._look_of(row), row.size, row.version)
        return standing_of(found.stamp, wanted, newer=found.modified >= row.modified)

    def _standing_of_file(self, row: Row) -> Standing:
        source, target = Path(self._order.source) / row.source, Path(self._order.target) / row.result
        if not is_clip(source):
            return standing(source, target, self._painter.digest)
        if is_clip(target):
            return standing(source, target, self._clips.digest, read_clip_stamp)
        return standing(source, target, self._clips.digest)

    def _look_of(self, row: Row) -> str:
        return self._clips.digest if is_clip(Path(row.source)) else self._painter.digest
