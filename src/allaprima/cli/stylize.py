"""``allaprima stylize``: pictures in, paintings out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import click

from allaprima.cli.progress import progress
from allaprima.errors import AllaPrimaError, PictureError
from allaprima.picture import DEFAULT_QUALITY, SUFFIXES, WRITABLE, format_of, read_picture, write_bytes
from allaprima.style_model import mixture, style_label
from allaprima.stylizer import Stylizer

PIPE = "-"
Paint = Callable[[Path | BytesIO, str], bytes]
"""A picture and the extension of its result -> the result as a file's bytes."""


@dataclass(frozen=True)
class Job:
    """One picture to paint."""

    source: Path
    target: Path


@click.command("stylize")
@click.argument("inputs", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-s", "--style", help="A style's name, or a mixture: great_wave:0.6,starry_night:0.4.")
@click.option("-m", "--model", type=click.Path(path_type=Path), help="A style model (.onnx) instead of the gallery.")
@click.option("--strength", default=1.0, show_default=True, help="0 is the photograph, 1 the full style.")
@click.option(
    "-o",
    "--output",
    help="A file (of one picture), a folder, or - for stdout. Default: beside the picture, NAME_STYLE.EXT.",
)
@click.option("--size", type=click.IntRange(min=16), help="Scale down to this many pixels on the longer side.")
@click.option("--format", "suffix", metavar="EXT", help="Format where the name does not say it: png, jpg, …")
@click.option(
    "--quality", type=click.IntRange(1, 100), default=DEFAULT_QUALITY, show_default=True, help="Of JPEG, WebP and AVIF."
)
@click.option("--overwrite", is_flag=True, help="Replace results that exist.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that compute. Default: every core.")
def command(
    inputs: tuple[str, ...],
    style: str | None,
    model: Path | None,
    strength: float,
    output: str | None,
    size: int | None,
    suffix: str | None,
    quality: int,
    overwrite: bool,
    threads: int | None,
) -> None:
    """Repaint photographs in the style of a painting.

    PICTURE is a file, a folder (searched recursively, its tree is kept) or - for stdin.
    """
    if suffix is not None:
        suffix = "." + suffix.lower().lstrip(".")
        format_of(suffix)
    if PIPE in inputs and len(inputs) > 1:
        raise click.UsageError("- (stdin) cannot be mixed with other pictures")
    stylizer = Stylizer(model, threads)
    spec = stylizer.choose(style)
    mixture(stylizer.card.names, spec, strength)  # a wrong style or strength is found before any picture is read

    def paint(source: Path | BytesIO, target_suffix: str) -> bytes:
        picture = read_picture(source)
        if size is not None:
            picture = picture.within(size)
        return stylizer.stylize_picture(picture, spec, strength).encode(target_suffix, quality)

    if inputs == (PIPE,) or output == PIPE:
        if len(inputs) > 1 or Path(inputs[0]).is_dir():
            raise click.UsageError("only one picture can be written to stdout")
        _pipe(inputs[0], output, suffix, overwrite, paint)
        return

    jobs = plan(inputs, output, style_label(spec), suffix)
    failures: dict[Path, str] = {}
    with progress(jobs, "stylizing") as bar:
        for job in bar:
            try:
                check_target(job.target, overwrite, job.source)
                write_bytes(paint(job.source, job.target.suffix), job.target)
            except AllaPrimaError as error:
                failures[job.source] = str(error)
    for source, reason in failures.items():
        click.echo(f"allaprima: {source}: {reason}", err=True)
    if failures:
        sys.exit(PictureError.exit_code if len(failures) == len(jobs) else 1)


def _pipe(source: str, output: str | None, suffix: str | None, overwrite: bool, paint: Paint) -> None:
    """Stdin to stdout, stdin to a file, or a file to stdout."""
    data: Path | BytesIO = BytesIO(sys.stdin.buffer.read()) if source == PIPE else Path(source)
    try:
        if output in (None, PIPE):
            sys.stdout.buffer.write(paint(data, suffix or ".png"))
            sys.stdout.buffer.flush()
        else:
            target = Path(output)
            check_target(target, overwrite)
            write_bytes(paint(data, target.suffix), target)
    except AllaPrimaError as error:
        raise PictureError(f"{'stdin' if source == PIPE else source}: {error}") from error


def plan(inputs: tuple[str, ...], output: str | None, label: str, suffix: str | None) -> list[Job]:
    """Which picture goes where.

    Raises:
        PictureError: an input that does not exist, a folder without pictures, or two pictures for one place.
    """
    to_file = output is not None and _names_a_file(output, lone=len(inputs) == 1 and not Path(inputs[0]).is_dir())
    if to_file and (len(inputs) > 1 or Path(inputs[0]).is_dir()):
        raise click.UsageError(f"{output} is one file, but there are several pictures: name a folder with -o")
    jobs: list[Job] = []
    for name in inputs:
        source = Path(name)
        if source.is_dir():
            whole = source.resolve()
            target = Path(output) if output is not None else whole.parent / f"{whole.name or 'root'}_{label}"
            found = pictures_below(source, leave_out=target)
            if not found:
                raise PictureError(f"the folder {source} holds no pictures")
            jobs += [Job(path, target / name) for path, name in zip(found, _tree(found, source, suffix), strict=True)]
        elif output is None:
            jobs.append(Job(source, _renamed(source, f"_{label}", suffix)))
        elif to_file:
            jobs.append(Job(source, Path(output)))
        else:
            jobs.append(Job(source, Path(output) / _renamed(Path(source.name), f"_{label}", suffix)))
    places: dict[Path, Path] = {}
    sources = {job.source.resolve() for job in jobs}
    for job in jobs:
        place = job.target.resolve()
        if place in sources and place != job.source.resolve():
            raise PictureError(f"the result of {job.source} would replace another photograph, {job.target}")
        other = places.setdefault(place, job.source)
        if other != job.source:
            raise PictureError(f"{other} and {job.source} would both be written to {job.target}")
    return jobs


def pictures_below(folder: Path, leave_out: Path) -> list[Path]:
    """Every picture file below a folder in sorted order, but for those in the folder of results and hidden ones."""
    results = leave_out.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (results == folder.resolve() or results not in path.resolve().parents)
    )


def _names_a_file(output: str, *, lone: bool) -> bool:
    """Whether ``-o`` means one file: its extension says so, or, for a lone picture, there is an extension at all."""
    path = Path(output)
    if path.is_dir() or output.endswith(("/", "\\")):
        return False
    return path.suffix.lower() in WRITABLE or (lone and path.suffix != "")


def _tree(found: list[Path], folder: Path, suffix: str | None) -> list[Path]:
    """The results' places below theirs; ``a.gif`` beside ``a.png`` becomes ``a.gif.png``."""
    plain = [_renamed(path.relative_to(folder), "", suffix) for path in found]
    kept = [path.relative_to(folder) for path in found]
    return [
        new if plain.count(new) == 1 or new == old else old.with_name(old.name + new.suffix)
        for new, old in zip(plain, kept, strict=True)
    ]


def _renamed(path: Path, ending: str, suffix: str | None) -> Path:
    """``a.gif`` -> ``a_great_wave.png``: the same place and format where that format can be written."""
    if suffix is None:
        suffix = path.suffix if path.suffix.lower() in WRITABLE else ".png"
    return path.with_name(f"{path.stem}{ending}{suffix}")


def check_target(target: Path, overwrite: bool, source: Path | None = None) -> None:
    """Refuse, before any work, a result that would replace something of the user's."""
    format_of(target.suffix)
    if source is not None and target.exists() and source.exists() and target.samefile(source):
        raise PictureError("the result would replace the photograph itself; choose another -o")
    if target.exists() and not overwrite:
        raise PictureError(f"{target} exists; add --overwrite to replace it")
