"""Which pictures there are, and where the result of each goes.

Pictures are found one by one and nothing holds a list of them, so a folder may have millions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allaprima.errors import PictureError
from allaprima.picture.folder import is_file, pictures_below
from allaprima.picture.formats import SUFFIXES, WRITABLE, format_of, suffix_for


@dataclass(frozen=True)
class Job:
    """One picture to paint."""

    source: Path
    target: Path
    rival: Path | None = None
    """Another picture, painted before, whose result goes to the same place."""


@dataclass(frozen=True)
class Plan:
    """Where the result of each picture goes.

    Attributes:
        inputs: files and folders; a folder is searched recursively and its tree is kept.
        output: a file, for a lone picture, or a folder; None is beside the picture or the folder.
        label: what a result's name says of the style.
        suffix: the format of every result; None is the picture's own.

        to_file: whether ``output`` is a file.

    Raises:
        PictureError: two pictures for one place, or a result for another picture's place.
    """

    inputs: tuple[Path, ...]
    output: Path | None
    label: str
    suffix: str | None = None
    to_file: bool = False

    def __post_init__(self) -> None:
        places: dict[Path, Path] = {}
        files = [path for path in self.inputs if not path.is_dir()]
        sources = {path.resolve() for path in files}
        for source in files:
            target = self._target_of_file(source)
            place = target.resolve()
            if place in sources and place != source.resolve():
                raise PictureError(f"the result of {source} would replace another photograph, {target}")
            if places.setdefault(place, source) != source:
                raise PictureError(f"{places[place]} and {source} would both be written to {target}")

    def jobs(self) -> Iterator[Job]:
        """Every picture and its place, found as they are asked for."""
        folders: list[Path] = []
        for source in self.inputs:
            if not source.is_dir():
                yield Job(source, self._target_of_file(source))
                continue
            root = self.results_of(source)
            for path in pictures_below(source, leave_out=root):
                place = tree_place(path, source, self.suffix)
                rivals = [other / place for other in folders if self.output is not None and (other / place).is_file()]
                yield Job(path, root / place, rivals[0] if rivals else None)
            folders.append(source)

    def check(self, job: Job, *, overwrite: bool) -> None:
        """Refuse, before any work, a result that would replace something of the user's.

        Raises:
            PictureError: with the reason.
        """
        if job.rival is not None:
            raise PictureError(f"{job.rival} and {job.source} would both be written to {job.target}")
        if job.target.exists() and self._is_source(job.target) and not is_same(job.source, job.target):
            raise PictureError(f"the result would replace another photograph, {job.target}")
        check_target(job.target, overwrite, job.source)

    def _is_source(self, path: Path) -> bool:
        """Whether a file lies in a folder that is painted, and is not one of the folder's results."""
        place = path.resolve()
        for folder in (source for source in self.inputs if source.is_dir()):
            results, whole = self.results_of(folder).resolve(), folder.resolve()
            if whole in place.parents and (results == whole or results not in place.parents):
                return True
        return False

    def check_folders(self) -> None:
        """Raise a ``PictureError`` if a folder holds no pictures."""
        for folder in self.inputs:
            if folder.is_dir() and not any(pictures_below(folder, leave_out=self.results_of(folder))):
                raise PictureError(f"the folder {folder} holds no pictures")

    def results_of(self, folder: Path) -> Path:
        """The folder of a folder's results."""
        whole = folder.resolve()
        return whole.parent / f"{whole.name or 'root'}_{self.label}" if self.output is None else self.output

    def _target_of_file(self, source: Path) -> Path:
        if self.output is None:
            return renamed(source, f"_{self.label}", self.suffix)
        return self.output if self.to_file else self.output / renamed(Path(source.name), f"_{self.label}", self.suffix)


def names_a_file(output: Path, inputs: tuple[Path, ...], text: str) -> bool:
    """Whether an output means one file: its extension says so, or, for a lone picture, there is an extension at all."""
    if output.is_dir() or text.endswith(("/", "\\")):
        return False
    lone = len(inputs) == 1 and not inputs[0].is_dir()
    return output.suffix.lower() in WRITABLE or (lone and output.suffix != "")


def tree_place(path: Path, folder: Path, suffix: str | None) -> Path:
    """A result's place below the folder of results; ``a.ppm`` beside ``a.png`` becomes ``a.ppm.png``."""
    inside = path.relative_to(folder)
    new = renamed(inside, "", suffix)
    if new == inside:
        return new
    others = {path.with_suffix(case) for s in SUFFIXES for case in (s, s.upper())} - {path}
    return inside.with_name(inside.name + new.suffix) if any(map(is_file, others)) else new


def renamed(path: Path, ending: str, suffix: str | None) -> Path:
    """``a.ppm`` -> ``a_great_wave.png``: the same place and format where that format can be written."""
    return path.with_name(f"{path.stem}{ending}{suffix or suffix_for(path.suffix)}")


def check_target(target: Path, overwrite: bool, source: Path | None = None) -> None:
    """Refuse a result in an unknown format, in the photograph's own place, or in that of another file.

    Raises:
        PictureError: with the reason.
    """
    format_of(target.suffix)
    if source is not None and is_same(source, target):
        raise PictureError("the result would replace the photograph itself; choose another -o")
    if target.exists() and not overwrite:
        raise PictureError(f"{target} exists; add --overwrite to replace it")


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one existing file."""
    return one.exists() and other.exists() and one.samefile(other)
