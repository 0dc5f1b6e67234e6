"""A style model in another format: made, compared with what the style model paints, and written if it paints that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from allaprima.conversion.formats import FORMATS, Converted, Format
from allaprima.conversion.parity import STRENGTHS, Row, compare, mixtures, style_text, trials
from allaprima.conversion.quiet import quiet
from allaprima.conversion.size import Size
from allaprima.conversion.source import Floats, Source
from allaprima.engine.engine import Engine
from allaprima.errors import OptionError, ParityError
from allaprima.style_model import StyleSpec


@dataclass(frozen=True)
class Export:
    """A converted model that is not yet written, and its report."""

    format: Format
    rows: tuple[Row, ...]
    converted: Converted

    @property
    def largest(self) -> int:
        """The largest difference of two bytes in all paintings."""
        return max(row.largest for row in self.rows)

    @property
    def psnr(self) -> float | None:
        """The least of all paintings, in dB; None if all are equal."""
        return min((row.psnr for row in self.rows if row.psnr is not None), default=None)

    def report(self) -> dict[str, Any]:
        """What JSON takes."""
        return {
            "to": self.format.name,
            "tolerance": {"largest": self.format.tolerance, "psnr": self.format.psnr},
            "largest": self.largest,
            "psnr": self.psnr,
            "paintings": [asdict(row) for row in self.rows],
        }

    def write(self, path: Path, *, overwrite: bool = False) -> list[Path]:
        """Write the model, whole or not at all, if it is within the format's tolerance.

        Raises:
            ParityError: it is not.
            OutputError: it cannot be written.
        """
        psnr = self.psnr
        if self.largest > self.format.tolerance or (psnr is not None and psnr < self.format.psnr):
            raise ParityError(
                f"{path} was not written: its paintings differ from the style model's by up to {self.largest} of 255 "
                f"({psnr:.1f} dB); {self.format.tolerance} and {self.format.psnr:g} dB are allowed"
            )
        return self.converted.write(path, overwrite=overwrite)


def export(
    model: Path,
    to: str,
    *,
    sizes: Sequence[Size] = (),
    style: StyleSpec | None = None,
    strength: float = 1.0,
) -> Export:
    """Bring a style model into another format, and compare what both paint.

    Args:
        model: an ``.onnx`` style model.
        to: one of ``FORMATS``.
        sizes: that the file is to take; () are the format's own.
        style: the only style that it is to paint; None keeps all, and the mixture an input.
        strength: of that style, 0 to 1.

    Raises:
        OptionError: a format that does not exist, or that does not do what is asked.
        ModelError: the file is no style model.
        StyleError: it has no such style.
        ConversionError: it cannot be converted.
    """
    kind = checked(to, sizes, style, strength)
    source = Source.read(model, style, strength)
    wanted = tuple(dict.fromkeys(sizes)) or kind.sizes
    engine = Engine(model)
    with quiet():  # LiteRT speaks when it first computes, too
        converted = kind.convert(source, wanted)
        rows = tuple(
            compare(lambda photo, mixture: engine.paint(photo[None], mixture)[0], converted.paint, trial)
            for trial in trials(wanted or kind.trials, looks(source))
        )
    return Export(kind, rows, converted)


def checked(to: str, sizes: Sequence[Size], style: StyleSpec | None, strength: float) -> Format:
    """The format, if it does what is asked.

    Raises:
        OptionError: it does not exist, or does not.
    """
    if to not in FORMATS:
        raise OptionError(f"there is no format {to}; choose one of: {', '.join(FORMATS)}")
    kind = FORMATS[to]
    if sizes and not kind.fixed:
        raise OptionError(f"{to} takes pictures of any size; leave size out")
    if len(set(sizes)) > 1 and not kind.several:
        raise OptionError(f"{to} has one size in a file, or all of them; export one file for each size")
    if style is not None and not kind.bakes:
        raise OptionError(f"{to} keeps all styles; leave style out")
    if style is None and strength != 1.0:
        raise OptionError("strength needs a style that is baked in; otherwise it is an input", options=("style",))
    return kind


def looks(source: Source) -> list[tuple[str, float, Floats]]:
    """In which styles and strengths a model is tried: the one that it has, or several mixtures."""
    if source.style is not None:
        return [(style_text(source.style), source.strength, source.mixture(source.style, source.strength))]
    return [
        (style, strength, source.mixture(style, strength))
        for style in mixtures(source.card.names)
        for strength in STRENGTHS
    ]
