"""Everybody paints every photograph, and every judge looks; what a log already knows is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from allaprima.evaluation.judge import photo_square
from allaprima.evaluation.log import Log
from allaprima.evaluation.painters import Painter, Pixels
from allaprima.version import __version__
from judges.judge import Judge, Scene, Terms
from judges.photo_sets import Photo
from judges.probes import GRAY, RAMP, SIGMA, probe


@dataclass
class Measured:
    """The terms of one painter in one style at one strength."""

    painter: str
    style: str
    strength: float
    terms: dict[str, list[Terms]] = field(default_factory=dict)
    """By judge, one entry for each photograph in order."""

    def values(self, judge: str, term: str) -> list[float]:
        """Of the photographs that have that term."""
        return [terms[term] for terms in self.terms.get(judge, []) if term in terms]


def scenes_of(photos: Iterable[Photo], size: int) -> list[Scene]:
    """The middle squares of photographs.

    Raises:
        TrainingError: one cannot be read.
    """
    return [Scene(photo_square(photo.path, size), photo.sha256, photo.kind) for photo in photos]


def measure(
    painters: Sequence[Painter], judges: Sequence[Judge], scenes: Sequence[Scene], log: Log, tick: Callable[[], object]
) -> list[Measured]:
    """All figures, in the painters' order; ``tick`` is called after each picture."""
    table = [Measured(p.name, p.style, p.strength, {judge.name: [] for judge in judges}) for p in painters]
    for scene in scenes:
        for painter, row in zip(painters, table, strict=True):
            painted: Pixels | None = None
            for judge in judges:
                described = describe(painter, scene, judge.fingerprint(painter.style))
                known = log.get(described)
                if known is None:
                    painted = painter.paint(scene.pixels) if painted is None else painted
                    known = rounded(judge.terms(scene, painted, painter.style))
                    log.add(described, known)
                row.terms[judge.name].append(known)
            tick()
    return table


def probes(painters: Iterable[Painter], size: int, log: Log) -> list[dict[str, Any]]:
    """What painters at full strength make of next to nothing."""
    rows = []
    for painter in painters:
        described = {
            "painter": painter.fingerprint or painter.name, "style": painter.style, "size": size,
            "probe": [GRAY, SIGMA, *RAMP], "version": __version__,
        }  # fmt: skip
        known = log.get(described)
        if known is None:
            known = rounded(probe(painter.paint, size))
            log.add(described, known)
        rows.append({"style": painter.style, "painter": painter.name, **known})
    return rows


def describe(painter: Painter, scene: Scene, judge: Any) -> dict[str, Any]:
    """All that decides a figure. A painter with a fingerprint is known by it, whatever it is called today."""
    return {
        "painter": painter.fingerprint or painter.name,
        "style": painter.style,
        "strength": painter.strength,
        "photo": scene.sha256,
        "size": max(scene.pixels.shape[:2]),
        "judge": dict(judge),
        "version": __version__,
    }


def rounded(terms: Terms) -> Terms:
    """Six decimals are more than any judge is worth."""
    return {name: float(np.round(value, 6)) for name, value in terms.items()}
