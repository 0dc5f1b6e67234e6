"""``allaprima export``: a style model in the formats of other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allaprima.cli.command import Command, options_of
from allaprima.cli.extra import PATH, training_extra
from allaprima.gallery import find_model

if TYPE_CHECKING:
    from allaprima.conversion.convert import Export
    from allaprima.conversion.parity import Row

EXAMPLES = (
    ("allaprima export fast --to onnx-web -o fast-web.onnx", "For a web page, any size"),
    ("allaprima export fast --to litert --style udnie --size 512x512 -o udnie.tflite", "For Android, in one style"),
    ("allaprima export fast --to coreml -o fast.mlpackage", "For Apple's devices, five sizes"),
    ("allaprima export fast --to torch -o fast.safetensors", "For PyTorch without this package"),
)

what = options_of("Model")
result = options_of("Result")


@dataclass(frozen=True)
class Given:
    """What the command was given."""

    model: str
    to: str
    size: tuple[str, ...]
    style: str | None
    strength: float
    output: Path
    report: Path | None
    overwrite: bool


@click.command("export", cls=Command, examples=EXAMPLES, once=True)
@click.argument("model", metavar="MODEL")
@what(
    "--to",
    required=True,
    metavar="onnx-web|litert|coreml|torch",
    help="Format. onnx-web: floats at both ends, for web pages and other runtimes. litert: Android and other "
    "devices (extra: litert). coreml: Apple's devices (extra: coreml). torch: weights and a module that needs PyTorch "
    "alone.",
)
@what(
    "--size",
    multiple=True,
    metavar="HEIGHTxWIDTH",
    help="Size of the pictures that the file takes, such as 720x1280; litert and coreml take several. Default: all for "
    "onnx-web and torch, 512x512 for litert, five sizes from 256x256 to 1024x1024 for coreml.",
)
@what("--style", "-s", metavar="STYLE", help="Bake in one style, or a mixture such as great_wave:0.6,udnie:0.4.")
@what(
    "--strength",
    type=float,
    default=1.0,
    show_default=True,
    metavar="NUMBER",
    help="Strength of that style, from 0 to 1. Where none is baked in, it is part of the mixture.",
)
@result("-o", "--output", type=PATH, required=True, metavar="FILE", help="Where the result goes.")
@result("--report", type=PATH, metavar="FILE", help="Write the comparison to this JSON file, too.")
@result("--overwrite", is_flag=True, help="Replace files that exist.")  # fmt: skip
def command(**values: Any) -> None:
    """Write a style model, MODEL, for other programs: a bank (fast, fine) or the path of an .onnx file.

    The result is compared with what the style model paints, on three photographs. It is written if both agree.
    """
    given = Given(**values)
    with training_extra("export"):
        from allaprima.conversion.convert import checked, export
        from allaprima.conversion.place import check_places
        from allaprima.conversion.size import parse_size
    from allaprima.files import write_bytes

    sizes = [parse_size(size) for size in given.size]
    kind = checked(given.to, sizes, given.style, given.strength)
    model = find_model(given.model)
    check_places(kind, model, given.output, given.report, overwrite=given.overwrite)
    with training_extra(f"export to {kind.name}", kind.extra):
        made = export(model, given.to, sizes=sizes, style=given.style, strength=given.strength)
    click.echo("\n".join(table(made)))
    paths = made.write(given.output, overwrite=given.overwrite)
    if given.report is not None:
        write_bytes(json.dumps(made.report(), indent=1).encode() + b"\n", given.report, overwrite=given.overwrite)
    click.echo(f"wrote {', '.join(map(str, paths))}", err=True)


def table(made: Export) -> Iterable[str]:
    """The comparison, line by line."""
    head = ("photograph", "size", "style", "strength", "largest", "differing", "PSNR")
    lines = [head, *(_cells(row) for row in made.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        left, right = zip(line[:3], widths[:3], strict=True), zip(line[3:], widths[3:], strict=True)
        yield "  ".join([*(f"{cell:{width}}" for cell, width in left), *(f"{cell:>{width}}" for cell, width in right)])


def _cells(row: Row) -> tuple[str, ...]:
    psnr = "equal" if row.psnr is None else f"{row.psnr:.1f} dB"
    share = f"{row.share:.3%}"
    return row.photograph, row.size, row.style, f"{row.strength:g}", str(row.largest), share, psnr
