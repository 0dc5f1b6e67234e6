"""What travels between the command and its workers: names and settings on the way out, what became of them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from allaprima.color import Color
from allaprima.errors import AllaPrimaError, ExistsError, PictureError
from allaprima.look.look import Stroke
from allaprima.style_model import StyleSpec


class Row(NamedTuple):
    """One picture.

    Attributes:
        source: its name below the source.
        result: the name of its result below the target.
        size: in bytes, where the listing told it.
        version: of its content, where its store tells one.
        modified: seconds since 1970, where the listing told it.
        refusal: why it must not be painted; empty if nothing stands against it.
    """

    source: str
    result: str
    size: int = 0
    version: str = ""
    modified: float = 0.0
    refusal: str = ""


@dataclass(frozen=True)
class Order:
    """What is to be done with every row; small, and the same wherever it is carried out.

    Attributes:
        source: the folder or address of the pictures.
        target: that of the results.
        look: the digest that the worker's model and options must have.
        memory: bytes that a worker may take; said by number, so that tiles are the same on all machines.
        resume: paint results of ours again that are out of date.
        overwrite: replace whatever is in a result's place.
        time_limit: seconds for one picture; None is no limit.
        model, style, strength, …: as ``Stylizer`` and ``Stylizer.stylize_file`` take them.
    """

    source: str
    target: str
    look: str
    memory: int
    resume: bool
    overwrite: bool
    time_limit: float | None
    model: str | None
    exact: bool
    engine: str
    style: StyleSpec | None
    strength: float
    stroke: Stroke
    color: Color
    mask: str | None
    feather: float | None
    invert_mask: bool
    mask_style: StyleSpec | None
    size: int | None
    max_pixels: int
    keep_gps: bool
    quality: int
    steady: float
    timeline: str | None
    start: str | float | None
    end: str | float | None
    codec: str | None
    sheet: bool

    @property
    def skips(self) -> bool:
        """Whether what is done is left as it is; ``resume`` goes before ``overwrite``, as without an engine."""
        return self.resume or not self.overwrite


class Done(NamedTuple):
    """What became of a row.

    Attributes:
        row: the row.
        status: painted, skipped or failed.
        reason: why it failed, as a sentence.
        options: names of options that would help.
        kind: of the fault: "exists" where the result's place is taken.
        seconds: that it took.
        read: bytes of the picture.
        written: bytes of the result.
        replaced: whether an older painting was replaced.
    """

    row: Row
    status: str
    reason: str = ""
    options: tuple[str, ...] = ()
    kind: str = ""
    seconds: float = 0.0
    read: int = 0
    written: int = 0
    replaced: bool = False


@dataclass(frozen=True)
class Place:
    """Where a picture is and where its result goes, in full."""

    source: str
    target: str
    replace: bool


@dataclass(frozen=True)
class Fate:
    """What became of a picture, as ``batch.workers.Outcome`` tells it."""

    order: Order
    done: Done

    @property
    def status(self) -> str:
        """painted, skipped or failed."""
        return self.done.status

    @property
    def job(self) -> Place:
        """The picture and its result."""
        row, order = self.done.row, self.order
        return Place(joined(order.source, row.source), joined(order.target, row.result), self.done.replaced)

    @property
    def reason(self) -> str:
        """Why it failed or was skipped, as a sentence."""
        return self.done.reason or ("it is done" if self.status == "skipped" else "")

    @property
    def error(self) -> AllaPrimaError | None:
        """Why it failed."""
        if self.status != "failed":
            return None
        kind = ExistsError if self.done.kind == "exists" else PictureError
        return kind(self.done.reason, options=self.done.options)

    @property
    def row(self) -> dict[str, str | float]:
        """As a row of a report."""
        return {
            "source": self.job.source,
            "target": self.job.target,
            "status": self.status,
            "reason": self.reason,
            "seconds": round(self.done.seconds, 3),
            "read": self.done.read,
            "written": self.done.written,
        }


def joined(root: str, name: str) -> str:
    """A name below a folder or an address."""
    return f"{root.rstrip('/')}/{name}"
