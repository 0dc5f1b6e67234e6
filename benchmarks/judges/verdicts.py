"""From figures to who is better: style at equal content, painter against reference, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judges.bootstrap import Interval, interval
from judges.curves import Curve, Figures, meet
from judges.judge import CONTENT, STYLE
from judges.measure import Measured

Floats = NDArray[np.float64]

ALL = "all"
"""Stands for all styles together: the geometric mean of their ratios."""


@dataclass(frozen=True)
class Pair:
    """Whose content and whose style: a judge, or two where one has no style."""

    content: str
    style: str

    @property
    def name(self) -> str:
        """In tables."""
        return self.content if self.content == self.style else f"{self.content}/{self.style}"


def pairs(judges: Iterable[str]) -> list[Pair]:
    """Every judge by itself; edges, which have no style, beside each judge that did not train the model."""
    names = list(judges)
    seeing = [name for name in names if name in ("vgg16", "squeezenet", "lite0")]
    edges = [Pair("hed", name) for name in seeing if name != "vgg16"] if "hed" in names else []
    return [*(Pair(name, name) for name in seeing), *edges]


def figures(table: Sequence[Measured], painter: str, style: str, pair: Pair) -> Figures | None:
    """A painter's figures by strength, from weak to full; None for one that does not paint that style."""
    rows = sorted((m for m in table if (m.painter, m.style) == (painter, style)), key=lambda m: m.strength)
    if not rows:
        return None
    return Figures(
        np.array([m.values(pair.content, CONTENT) for m in rows]), np.array([m.values(pair.style, STYLE) for m in rows])
    )


def compare(table: Sequence[Measured], pair: Pair, painter: str, reference: str) -> list[dict[str, Any]]:
    """One row for each style that both paint, and one for all of them if there are several.

    ``ratio`` is the painter's style distance over the reference's at equal content, with its 95 % interval; where the
    curves do not overlap it is None, and ``reach`` says which contents each one has.
    """
    rows, both = [], []
    for style in dict.fromkeys(m.style for m in table):
        ours, theirs = (figures(table, who, style, pair) for who in (painter, reference))
        if ours is None or theirs is None:
            continue
        photos = ours.content.shape[1]
        whole = np.full(photos, 1.0 / photos)
        curves = ours.curve(whole), theirs.curve(whole)
        meeting = meet(*curves)
        row = {"judge": pair.name, "painter": painter, "reference": reference, "style": style, "photos": photos}
        if meeting is None:
            rows.append({**row, "ratio": None, "reach": [reach(curve) for curve in curves]})
            continue
        both.append((ours, theirs))
        rows.append(
            {
                **row,
                "content": round(meeting.content, 4),
                "style_distance": round(meeting.style, 4),
                "reference_distance": round(meeting.reference, 4),
                **described(interval(ratio_of([(ours, theirs)]), photos)),
            }
        )
    if len(both) > 1:
        photos = both[0][0].content.shape[1]
        row = {"judge": pair.name, "painter": painter, "reference": reference, "style": ALL, "photos": photos}
        rows.append({**row, "styles": len(both), **described(interval(ratio_of(both), photos))})
    return rows


def ratio_of(both: Sequence[tuple[Figures, Figures]]) -> Callable[[Floats], float | None]:
    """Weights of the photographs -> the geometric mean of the ratios at equal content."""

    def measure(weights: Floats) -> float | None:
        meetings = [meet(ours.curve(weights), theirs.curve(weights)) for ours, theirs in both]
        if any(meeting is None for meeting in meetings):
            return None
        return float(np.exp(np.mean([np.log(meeting.ratio) for meeting in meetings if meeting])))

    return measure


def difference(table: Sequence[Measured], judge: str, term: str, painter: str, reference: str) -> Interval | None:
    """Painter less reference at full strength, each photograph's mean over the styles that both paint."""
    columns = []
    for style in dict.fromkeys(m.style for m in table):
        rows = [
            [m for m in table if (m.painter, m.style, m.strength) == (who, style, 1.0)] for who in (painter, reference)
        ]
        if all(rows):
            ours, theirs = (np.array(r[0].values(judge, term)) for r in rows)
            columns.append(ours - theirs)
    if not columns or not columns[0].size:
        return None
    by_photo = np.mean(columns, axis=0)
    return interval(lambda weights: float(by_photo @ weights), len(by_photo))


def reach(curve: Curve) -> list[float]:
    """The contents that a curve has, from least to most."""
    return [round(float(curve.content.min()), 4), round(float(curve.content.max()), 4)]


def described(found: Interval | None) -> dict[str, Any]:
    """For JSON."""
    if found is None:
        return {"ratio": None}
    limits = None if found.low is None or found.high is None else [round(found.low, 4), round(found.high, 4)]
    return {"ratio": round(found.value, 4), "interval": limits}
