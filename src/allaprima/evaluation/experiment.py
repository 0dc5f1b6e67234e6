"""The paper's experiment: the feed-forward pass beside the optimization that it replaces.

Johnson et al. 2016, section 4.1 and Figure 5: on the same photographs and by the same objective, where do the network's
paintings stand, and how many iterations of the optimization (Gatys et al. 2015) reach as far? Read
``Experiment.run`` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from allaprima.errors import ModelError
from allaprima.evaluation.judge import Judge, photo_square, terms_of
from allaprima.evaluation.log import Log, digest
from allaprima.evaluation.painters import Painter, Pixels, file_sha256, photograph
from allaprima.picture.picture import Picture, write_picture
from allaprima.training.objective import Targets
from allaprima.training.optimize import OptimizeOptions, minimize
from allaprima.training.preparation import make_start, to_pixels

CONTENT, NOISE = "content", "noise"
STARTS = (CONTENT, NOISE)
PAINTING = "painting"
"""The start of an optimization that refines a painter's picture."""
METHOD = "lbfgs"  # the paper's
DIGITS = 6  # significant ones of a loss in the log, about what float32 holds


@dataclass(frozen=True)
class Task:
    """One measurement: a painter's picture, or, with ``start``, an optimization and its whole curve."""

    photo: str
    """The photograph's path below its folder."""
    size: int
    """Side of the square, pixels."""
    style: str
    painter: str = ""
    """Who paints it; of an optimization from a painting, whose."""
    start: str = ""
    iterations: int = 0
    seed: int = 0
    preconditioner: float = 0.0
    digests: tuple[str, ...] = ()
    """Of photograph, painting and painter: what the names stand for."""

    @property
    def steps(self) -> int:
        """How much work it is: evaluations of the objective."""
        return 1 + self.iterations


@dataclass(frozen=True)
class Outcome:
    """A task's result.

    Attributes:
        task: what was measured.
        terms: of the picture as delivered, 8 bits a channel (see ``judge.Terms``).
        curve: of an optimization, each term and the ``seconds`` so far, at iterations 0, 1, …
        picture: where the picture lies.
    """

    task: Task
    terms: dict[str, float]
    curve: dict[str, list[float]]
    picture: Path


@dataclass(frozen=True)
class Lineup:
    """Who is measured, and on which photographs."""

    painters: Sequence[Painter]
    """The untouched photograph need not be among them."""
    refined: Sequence[Painter]
    """Painters from whose pictures an optimization starts, if ``Settings.refine`` asks for it."""
    photos: Mapping[str, Path]
    """By the name that results have for them: the path below their folder."""


@dataclass(frozen=True)
class Settings:
    """What is measured, beside photographs, painters and styles."""

    sizes: tuple[int, ...] = (256,)
    starts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(STARTS, 300))
    """What optimizations begin with, and their iterations."""
    refine: int = 0
    """Iterations from each model's own painting; 0: none."""
    seed: int = 0
    """Of the noise."""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else decides the results: precision, device, loss network."""


@dataclass(frozen=True)
class Progress:
    """What was just done."""

    steps: int
    doing: str


class Experiment:
    """All measurements, done or to be done.

    Args:
        judge: measures; knows the paintings.
        lineup: who is measured, and on which photographs.
        settings: sizes, starts, iterations.
        folder: where ``log.jsonl`` and ``pictures/`` grow.

    Raises:
        ModelError: two painters of one style have the same name.
        OutputError: the folder cannot be written.
    """

    def __init__(self, judge: Judge, lineup: Lineup, settings: Settings, folder: Path) -> None:
        self.judge, self.lineup, self.settings, self.folder = judge, lineup, settings, folder
        self.painters: dict[tuple[str, str], Painter] = {}
        for painter in [*map(photograph, judge.styles), *lineup.painters]:
            if (painter.name, painter.style) in self.painters:
                raise ModelError(f"two painters of {painter.style} are called {painter.name}; give one another name")
            self.painters[painter.name, painter.style] = painter
        self.refined = {(painter.name, painter.style): painter for painter in lineup.refined}
        self._digests = {name: file_sha256(path)[:12] for name, path in lineup.photos.items()}
        self._style_digests = {style: file_sha256(path)[:12] for style, path in judge.paintings.items()}
        recipe = judge.objective.recipe
        objective = (
            "content_weight",
            "style_weight",
            "tv_weight",
            "relative",
            "content_layers",
            "style_layers",
            "half_size",
        )
        self.conditions = {
            **{name: getattr(recipe, name) for name in (*objective, "style_size")},
            "emphasis": 1.0,
            "method": METHOD,
            **settings.conditions,
        }
        self.log = Log(folder / "log.jsonl")

    def scenes(self) -> Iterator[list[Task]]:
        """The tasks of one photograph, size and style each; photograph by photograph, to be fair if stopped."""
        for photo in self.lineup.photos:
            for size in self.settings.sizes:
                for style in self.judge.styles:
                    yield list(self._scene(photo, size, style))

    def _scene(self, photo: str, size: int, style: str) -> Iterator[Task]:
        digests = (self._digests[photo], self._style_digests[style])
        plain = Task(photo, size, style, digests=digests)
        painters = [p for p in self.painters.values() if p.style == style]
        for painter in painters:
            yield replace(plain, painter=painter.name, digests=(*digests, painter.fingerprint[:12]))
        for start, iterations in self.settings.starts.items():
            seed = self.settings.seed if start == NOISE else 0
            yield replace(plain, start=start, iterations=iterations, seed=seed)
        if self.settings.refine:
            long = replace(
                plain, start=PAINTING, iterations=self.settings.refine, preconditioner=OptimizeOptions.preconditioner
            )
            for painter in (p for p in self.refined.values() if p.style == style):
                signature = (*digests, painter.fingerprint[:12], f"strength {painter.strength:g}")
                yield replace(long, painter=painter.name, digests=signature)

    def missing(self, tasks: Sequence[Task]) -> list[Task]:
        """Those without a result."""
        return [t for t in tasks if self.log.get(self._described(t)) is None or not self._picture(t).is_file()]

    @property
    def steps(self) -> int:
        """How much work is left."""
        return sum(task.steps for tasks in self.scenes() for task in self.missing(tasks))

    def run(self) -> Iterator[Progress]:
        """Measure what has no result yet.

        Raises:
            AllaPrimaError: a photograph cannot be read, a painter fails, an optimization diverges.
        """
        for tasks in self.scenes():
            missing = self.missing(tasks)
            if not missing:
                continue
            photo = photo_square(self.lineup.photos[tasks[0].photo], tasks[0].size)
            targets = self.judge.targets(photo, tasks[0].style)
            for task in missing:
                yield from self._optimize(task, photo, targets) if task.start else self._paint(task, photo, targets)

    def _paint(self, task: Task, photo: Pixels, targets: Targets) -> Iterator[Progress]:
        painted = self.painters[task.painter, task.style].paint(photo)
        self._keep(task, painted, {"terms": rounded(self.judge.terms(painted, targets))})
        yield Progress(task.steps, f"{task.style}, {task.painter}")

    def _optimize(self, task: Task, photo: Pixels, targets: Targets) -> Iterator[Progress]:
        """Its losses are kept at every iteration, its picture only of the last."""
        options = OptimizeOptions(
            recipe=self.judge.objective.recipe, method=METHOD, iterations=task.iterations, seed=task.seed,
            preconditioner=task.preconditioner,
        )  # fmt: skip
        doing = f"{task.style}, optimization from {task.start}"
        curve: dict[str, list[float]] = {}
        for step in minimize(self.judge.objective, targets, self._start(task, photo), options):
            for name, value in {**terms_of(step), "seconds": step.seconds}.items():
                curve.setdefault(name, []).append(float(f"{value:.{DIGITS}g}"))
            image = step.image
            yield Progress(1, doing)
        final = to_pixels(image)
        self._keep(task, final, {"terms": rounded(self.judge.terms(final, targets)), "curve": curve})

    def _start(self, task: Task, photo: Pixels) -> Tensor:
        """[1, 3, H, W] in 0..1."""
        if task.start == PAINTING:
            return self.judge.tensor(self.refined[task.painter, task.style].paint(photo))
        return make_start(task.start, self.judge.tensor(photo), [], task.seed)

    def _described(self, task: Task) -> dict[str, Any]:
        return {**asdict(task), **self.conditions}

    def _picture(self, task: Task) -> Path:
        """Its name tells whose it is, to the eye; the digest tells it from one under other settings."""
        who = "_".join(word for word in (task.start, task.painter) if word)
        name = re.sub(r"[^\w.-]+", "_", f"{who}_{digest(self._described(task))}.png")
        return self.folder / "pictures" / str(task.size) / task.style / task.photo / name

    def _keep(self, task: Task, pixels: Pixels, result: dict[str, Any]) -> None:
        write_picture(Picture(pixels), self._picture(task))
        self.log.add(self._described(task), result)

    def outcomes(self) -> list[Outcome]:
        """What has been measured so far of all that the settings ask for."""
        done = []
        for task in (task for tasks in self.scenes() for task in tasks):
            result = self.log.get(self._described(task))
            if result is not None:
                done.append(Outcome(task, result["terms"], result.get("curve", {}), self._picture(task)))
        return done


def rounded(terms: Mapping[str, float]) -> dict[str, float]:
    """To the digits that are kept."""
    return {name: float(f"{value:.{DIGITS}g}") for name, value in terms.items()}
