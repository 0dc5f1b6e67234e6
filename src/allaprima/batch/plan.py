"""Which pictures there are, and where the result of each goes.

Pictures are found folder by folder and nothing holds a list of all of them, so there may be millions.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from allaprima.errors import OutputError, PictureError
from allaprima.files import is_same, is_taken
from allaprima.film.direction import is_clip
from allaprima.film.encoding import CONTAINERS
from allaprima.film.outputs import check_result, suffix_of_result
from allaprima.picture.folder import Unreadable, folders_below, pictures_below
from allaprima.picture.formats import SOUGHT, WRITABLE
from allaprima.picture.target import check_target


@dataclass(frozen=True)
class Job:
    """One picture to paint.

    Attributes:
        source: the photograph.
        target: where its painting goes.
        refusal: why it must not be painted, as was found out when it was found; empty if nothing stands against it.
        replace: whether the target is an older painting of it, which is to be replaced.
    """

    source: Path
    target: Path
    refusal: str = ""
    replace: bool = False


@dataclass(frozen=True)
class Shelf:
    """The pictures of one folder.

    Attributes:
        root: the folder that was asked for.
        folder: the same, or one below it.
        entries: its pictures by name.
    """

    root: Path
    folder: Path
    entries: list[os.DirEntry[str]]


@dataclass(frozen=True)
class Plan:
    """Where the result of each picture goes.

    Attributes:
        inputs: files and folders; a folder is searched recursively and its tree is kept. What is named twice counts
            once.
        output: a file, for a lone picture, or a folder; None is beside the picture or the folder.
        label: what a result's name says of the style.
        suffix: the format of every result; None is the picture's own.
        to_file: whether ``output`` is a file.
        sheet: whether clips become sheets of moments.

    Raises:
        PictureError: two pictures for one place, or a result for another picture's place.
    """

    inputs: tuple[Path, ...]
    output: Path | None
    label: str
    suffix: str | None = None
    to_file: bool = False
    sheet: bool = False

    def __post_init__(self) -> None:
        sources = {os.path.realpath(path) for path in self.files}
        places: dict[str, Path] = {}
        for source in self.files:
            target = self._target_of_file(source)
            place = os.path.realpath(target)
            if place in sources and place != os.path.realpath(source):
                raise PictureError(f"the result of {source} would replace another photograph, {target}")
            if places.setdefault(os.path.normcase(place), source) != source:
                raise PictureError(f"{places[os.path.normcase(place)]} and {source} would both be written to {target}")

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The pictures that were named."""
        return _once(path for path in self.inputs if not path.is_dir())

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The folders that were named."""
        return _once(path for path in self.inputs if path.is_dir())

    def count(self) -> int:
        """How many pictures there are.

        Raises:
            PictureError: a folder that was named cannot be searched.
        """
        return len(self.files) + sum(len(shelf.entries) for root in self.folders for shelf in self.shelves(root))

    def jobs(self) -> Iterator[Job]:
        """Every picture and its place, found as they are asked for; a folder that cannot be searched is refused.

        Raises:
            PictureError: a folder that was named cannot be searched.
        """
        for source in self.files:
            yield Job(source, self._target_of_file(source))
        for root in self.folders:
            closed: list[Job] = []

            def unreadable(folder: Path, error: OSError, closed: list[Job] = closed, root: Path = root) -> None:
                reason = f"the folder cannot be searched: {error.strerror or error}"
                closed.append(Job(folder, self.results_of(root) / folder.relative_to(root), reason))

            for shelf in self.shelves(root, unreadable):
                yield from self.jobs_on(shelf)
            yield from closed

    def shelves(self, root: Path, unreadable: Unreadable | None = None) -> Iterator[Shelf]:
        """The folders with pictures, from one of ``folders`` on.

        Raises:
            PictureError: the folder itself cannot be searched.
        """
        for folder, entries in folders_below(root, self.results_of(root), unreadable, SOUGHT):
            if entries:
                yield Shelf(root, folder, entries)

    def jobs_on(self, shelf: Shelf, wanted: Collection[str] | None = None) -> Iterator[Job]:
        """The pictures of one folder and their places; of some names, if only some are wanted."""
        inside = shelf.folder.relative_to(shelf.root)
        results = self.results_of(shelf.root) / inside
        names = self._names(shelf.entries)
        taken = self._taken(shelf.root, inside)
        for entry in shelf.entries:
            if wanted is None or entry.name in wanted:
                source, target = shelf.folder / entry.name, results / names[entry.name]
                rival = taken.get(_alike(target.name))
                refusal = "" if rival is None else f"{rival} and {source} would both be written to {target}"
                yield Job(source, target, refusal)

    def _taken(self, root: Path, inside: Path) -> dict[str, Path]:
        """By result's name, the pictures whose results go to the same folder and come first."""
        if self.output is None or self.to_file:
            return {}
        taken: dict[str, Path] = {}
        if inside == Path():
            taken = {_alike(self._target_of_file(file).name): file for file in self.files}
        for other in self.folders[: self.folders.index(root)]:
            with suppress(OSError, StopIteration, PictureError):
                folder, entries = next(folders_below(other / inside, suffixes=SOUGHT))
                names = self._names(entries)
                for name, result in names.items():
                    taken.setdefault(_alike(result), folder / name)
        return taken

    def check(self, job: Job, *, overwrite: bool) -> None:
        """Refuse, before any work, a result that would replace something of the user's.

        Raises:
            PictureError: with the reason.
            OutputError: likewise.
        """
        if job.refusal:
            raise PictureError(job.refusal)
        if is_taken(job.target) and self._is_source(job.target) and not is_same(job.source, job.target):
            raise OutputError(f"the result would replace another photograph, {job.target}")
        if is_clip(job.source):
            check_result(job.target, overwrite or job.replace, job.source, sheet=self.sheet)
        else:
            check_target(job.target, overwrite or job.replace, job.source)

    def _is_source(self, path: Path) -> bool:
        """Whether a file lies in a folder that is painted, and is not one of the folder's results."""
        place = Path(os.path.realpath(path))
        for folder in self.folders:
            results, whole = Path(os.path.realpath(self.results_of(folder))), Path(os.path.realpath(folder))
            if whole in place.parents and (results == whole or results not in place.parents):
                return True
        return False

    def check_folders(self) -> None:
        """Raise a ``PictureError`` if a folder holds no pictures."""
        for folder in self.folders:
            if not any(pictures_below(folder, self.results_of(folder), SOUGHT)):
                raise PictureError(f"the folder {folder} holds no pictures")

    def results_of(self, folder: Path) -> Path:
        """The folder of a folder's results."""
        if self.output is not None:
            return self.output
        # A folder without a name of its own, such as . or .., has that of the place it stands for.
        whole = folder if folder.name not in ("", "..") else Path(os.path.realpath(folder))
        return whole.with_name(f"{whole.name}_{self.label}") if whole.name else whole / f"root_{self.label}"

    def _names(self, entries: Iterable[os.DirEntry[str]]) -> dict[str, str]:
        return result_names([entry.name for entry in entries], self.suffix, sheet=self.sheet)

    def _target_of_file(self, source: Path) -> Path:
        suffix = suffix_of_result(source, self.suffix, sheet=self.sheet)
        if self.output is None:
            return renamed(source, f"_{self.label}", suffix)
        return self.output if self.to_file else self.output / renamed(Path(source.name), f"_{self.label}", suffix)


def names_a_file(output: Path, inputs: tuple[Path, ...], text: str) -> bool:
    """Whether an output means one file: its extension says so, or, for a lone picture, there is an extension at all."""
    if output.is_dir() or text.endswith(("/", "\\")):
        return False
    lone = len(inputs) == 1 and not inputs[0].is_dir()
    return output.suffix.lower() in (*WRITABLE, *CONTAINERS) or (lone and output.suffix != "")


def result_names(names: Iterable[str], suffix: str | None, *, sheet: bool = False) -> dict[str, str]:
    """The names of the results of one folder's pictures, no two alike on any file system.

    A picture's result has its name, if its format is written; otherwise its stem and the new extension. Where two would
    meet, such as those of ``a.tga`` and ``a.png``, the one that would be renamed keeps its old extension as well:
    ``a.tga.png``. Names that differ in case alone count as alike, since many file systems take them for one.
    """
    ordered = sorted(names)  # of a folder with a million names nothing is kept that can be made again
    extension = cache(lambda own: suffix_of_result(Path("a" + own), suffix, sheet=sheet))
    results: dict[str, str] = {}
    taken: set[str] = set()

    def take(name: str, result: str, new: str) -> None:
        number = 2
        while (place := _alike(result)) in taken:
            result = f"{name}.{number}{new}"
            number += 1
        taken.add(place)
        results[name] = result

    keeps = cache(lambda own: extension(own) == own)
    shared = set[str]() if all(keeps(_split(name)[1]) for name in ordered) else _shared_stems(ordered)
    for name in ordered:  # those that keep their names come first
        own = _split(name)[1]
        if keeps(own):
            take(name, name, own)
    for name in ordered:
        stem, own = _split(name)
        if not keeps(own):
            new = extension(own)
            take(name, (name if _alike(stem) in shared else stem) + new, new)
    return results


def _shared_stems(names: Iterable[str]) -> set[str]:
    """Those of more than one name."""
    stems = Counter(_alike(_split(name)[0]) for name in names)
    return {stem for stem, count in stems.items() if count > 1}


def renamed(path: Path, ending: str, suffix: str) -> Path:
    """``a.ppm`` -> ``a_great_wave.png``: the same place with a longer name and another extension."""
    return path.with_name(f"{path.stem}{ending}{suffix}")


def _split(name: str) -> tuple[str, str]:
    """Stem and extension, as ``Path`` has them."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if 0 < dot < len(name) - 1 else (name, "")


def _alike(name: str) -> str:
    """What a name has in common with those that some file system takes for the same."""
    alike = name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
    return name if alike == name else alike  # one text, not two


def _once(paths: Iterable[Path]) -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(os.path.realpath(path), path)
    return tuple(found.values())
