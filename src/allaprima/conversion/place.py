"""Where an exported model may go."""

from __future__ import annotations

from pathlib import Path

from allaprima.conversion.formats import Format
from allaprima.errors import ExistsError, OutputError
from allaprima.files import is_same, is_taken


def check_places(format: Format, model: Path, output: Path, report: Path | None, *, overwrite: bool) -> None:
    """Refuse places before anything is computed.

    Raises:
        OutputError: the name does not end as the format's do, or the place is taken.
    """
    if output.suffix.lower() != format.suffix:
        raise OutputError(
            f"a file for {format.name} ends in {format.suffix}, not as {output.name}", options=("output",)
        )
    for path in (output, report):
        if path is None:
            continue
        if is_same(model, path):
            raise OutputError("the result would replace the style model itself", options=("output",))
        if is_taken(path) and not overwrite:
            raise ExistsError(f"{path} exists", options=("overwrite",))
