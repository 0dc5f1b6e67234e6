"""What ``allaprima stylize`` is given, with types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allaprima.color import Color
    from allaprima.look.look import Stroke


@dataclass(frozen=True)
class Given:
    """What the command was given; every field but ``inputs`` is an option of the table."""

    inputs: tuple[str, ...]
    style: str | None
    model: str | None
    strength: float
    stroke: Stroke
    color: Color
    mask: str | None
    mask_style: str | None
    invert_mask: bool
    feather: float | None
    output: str | None
    size: int | None
    format: str | None
    quality: int
    keep_gps: bool
    max_pixels: int
    overwrite: bool
    steady: float
    timeline: str | None
    start: str | None
    end: str | None
    codec: str | None
    sheet: bool
    resume: bool
    on: str | None
    shard: str | None
    time_limit: float | None
    watch: bool
    report: str | None
    quiet: bool
    threads: int | None
    memory: str | None
    engine: str
    exact: bool

    @property
    def suffix(self) -> str | None:
        """``.png`` for the format png."""
        return None if self.format is None else "." + self.format.lower().lstrip(".")

    @property
    def scaled(self) -> bool:
        """Whether processes paint, here or elsewhere, and not threads."""
        from allaprima.scale.store import is_address

        asked = self.on is not None or self.shard is not None or self.time_limit is not None
        return asked or any(is_address(place) for place in (*self.inputs, self.output or ""))

    @property
    def lone(self) -> bool:
        """Whether there is one picture, and no folder."""
        return len(self.inputs) == 1 and not Path(self.inputs[0]).is_dir()
