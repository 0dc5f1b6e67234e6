"""What the outcomes say together: means and quartiles over the photographs, crossings, ratios."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.evaluation.crossing import crossing, quartiles
from allaprima.evaluation.experiment import CONTENT, PAINTING, Outcome
from allaprima.evaluation.painters import PHOTOGRAPH

Floats = NDArray[np.float64]
Group = dict[str, Outcome]
"""The outcomes of one painter or start, by photograph."""


class Outcomes:
    """The outcomes of one size and style."""

    def __init__(self, size: int, style: str, outcomes: Iterable[Outcome]) -> None:
        self.size, self.style = size, style
        self.groups: dict[tuple[str, str], Group] = {}
        for outcome in outcomes:
            task = outcome.task
            if (task.size, task.style) == (size, style):
                self.groups.setdefault((task.painter, task.start), {})[task.photo] = outcome

    @property
    def painters(self) -> list[str]:
        """Who painted, without the untouched photograph."""
        return [painter for painter, start in self.groups if not start and painter != PHOTOGRAPH]

    @property
    def starts(self) -> list[str]:
        """What optimizations began with, paintings left aside."""
        return [start for painter, start in self.groups if start and not painter]

    def group(self, painter: str = "", start: str = "") -> Group:
        """By photograph; empty if nothing has been measured."""
        return self.groups.get((painter, start), {})


def split(outcomes: Sequence[Outcome]) -> list[Outcomes]:
    """By size and style, in the order of measurement."""
    keys = dict.fromkeys((o.task.size, o.task.style) for o in outcomes)
    return [Outcomes(size, style, outcomes) for size, style in sorted(keys, key=lambda key: key[0])]


def totals(group: Group) -> Floats:
    """The objective of each picture as delivered: [photographs]."""
    return np.array([outcome.terms["total"] for outcome in group.values()])


def curves(group: Group) -> Floats:
    """The objective at every iteration: [photographs, 1 + iterations]."""
    return np.array([outcome.curve["total"] for outcome in group.values()])


def summarize(outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """Four tables: ``terms``, ``against_optimization``, ``refined`` and ``curves``."""
    tables: dict[str, list[dict[str, Any]]] = {"terms": [], "against_optimization": [], "refined": [], "curves": []}
    for scene in split(outcomes):
        place = {"size": scene.size, "style": scene.style}
        for (painter, start), group in scene.groups.items():
            who = {**place, "painter": painter or None, "start": start or None}
            tables["terms"].append({**who, "photos": len(group), "terms": spread_of_terms(group)})
            if start:
                tables["curves"].append({**who, "photos": len(group), **curve_points(curves(group))})
        for painter in scene.painters:
            for start in scene.starts:
                row = against_optimization(scene.group(painter), scene.group(start=start))
                tables["against_optimization"].append({**place, "painter": painter, "start": start, **row})
            refined = scene.group(painter, PAINTING)
            if refined and scene.group(start=CONTENT):
                row = against_long_run(refined, scene.group(start=CONTENT))
                tables["refined"].append({**place, "painter": painter, **row})
    return tables


def spread_of_terms(group: Group) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over the photographs, by term."""
    return mean_and_std([outcome.terms for outcome in group.values()])


def mean_and_std(rows: Sequence[dict[str, float]], names: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """By name, over the rows; of all that they have if no names are given."""
    values = {name: [row[name] for row in rows] for name in names or rows[0]}
    return {
        name: {"mean": round(np.mean(v).item(), 5), "std": round(np.std(v).item(), 5)} for name, v in values.items()
    }


def curve_points(values: Floats) -> dict[str, list[float]]:
    """Mean and quartiles over the photographs, at some twenty iterations to a decade."""
    last = values.shape[1] - 1
    places = sorted({0, last, *(round(10 ** (k / 20)) for k in range(20 * len(str(last))) if 10 ** (k / 20) <= last)})
    low, high = np.quantile(values, (0.25, 0.75), axis=0)
    rows = {"mean": values.mean(axis=0), "first_quartile": low, "third_quartile": high}
    return {"iterations": places, **{name: [round(float(row[k]), 5) for k in places] for name, row in rows.items()}}


def against_optimization(painted: Group, optimized: Group) -> dict[str, Any]:
    """How many iterations a painter equals, and how far it is from the best that they reach; by photograph."""
    photos = [photo for photo in painted if photo in optimized]
    levels, values = totals({p: painted[p] for p in photos}), curves({p: optimized[p] for p in photos})
    equals = [crossing(curve, level) for curve, level in zip(values.tolist(), levels.tolist(), strict=True)]
    return {
        "photos": len(photos),
        "iterations": values.shape[1] - 1,
        "equals_iterations": describe(equals),
        "means_cross_at": finite(crossing(values.mean(axis=0).tolist(), levels.mean().item())),
        "ratio_to_optimum": describe((levels / values.min(axis=1)).tolist()),
        "each": {photo: finite(place) for photo, place in zip(photos, equals, strict=True)},
    }


def against_long_run(refined: Group, optimized: Group) -> dict[str, Any]:
    """After how many iterations from a painting the best of the whole run from the content image is reached."""
    photos = [photo for photo in refined if photo in optimized]
    best, values = curves({p: optimized[p] for p in photos}).min(axis=1), curves({p: refined[p] for p in photos})
    needs = [crossing(curve, level) for curve, level in zip(values.tolist(), best.tolist(), strict=True)]
    return {
        "photos": len(photos),
        "iterations": values.shape[1] - 1,
        "needs_iterations": describe(needs),
        "ratio_to_optimum": describe((values.min(axis=1) / best).tolist()),
        "each": {photo: finite(place) for photo, place in zip(photos, needs, strict=True)},
    }


def describe(values: Sequence[float]) -> dict[str, float | None]:
    """Median and quartiles; None stands for never."""
    low, middle, high = quartiles(values)
    reached = [value for value in values if math.isfinite(value)]
    return {
        "median": finite(middle), "first_quartile": finite(low), "third_quartile": finite(high),
        "never": len(values) - len(reached),
    }  # fmt: skip


def finite(value: float) -> float | None:
    """The number for JSON, which knows no infinity."""
    return round(value, 3) if math.isfinite(value) else None
