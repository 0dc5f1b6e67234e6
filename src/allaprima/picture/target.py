"""Where a result may go."""

from __future__ import annotations

from pathlib import Path

from allaprima.errors import ExistsError, OutputError
from allaprima.files import is_same, is_taken
from allaprima.picture.formats import format_of


def check_target(target: Path, overwrite: bool, source: Path | None = None) -> None:
    """Refuse a result in an unknown format, in the photograph's own place, or in that of another file.

    Raises:
        OutputError: the format is not written, or the place is taken.
    """
    format_of(target.suffix)
    check_place(target, overwrite, source)


def check_place(target: Path, overwrite: bool, source: Path | None = None) -> None:
    """Refuse a result in the source's own place, or in that of another file.

    Raises:
        OutputError: the place is taken.
    """
    taken = is_taken(target)
    if source is not None and is_same(source, target):
        raise OutputError("the result would replace the photograph itself", options=("output",))
    if taken and not overwrite:
        raise ExistsError(f"{target} exists", options=("overwrite",))
