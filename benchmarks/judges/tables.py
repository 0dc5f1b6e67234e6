"""Results as tables in Markdown, to print and for pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [[*head], ["---", *["---:"] * (len(head) - 1)], *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def distances(results: Iterable[dict[str, Any]]) -> str:
    """Content and style by judge, one row for each style, painter and strength."""
    rows = list(results)
    judges = [name for name in rows[0]["judges"] if any("content" in row["judges"][name] for row in rows)]
    return table(
        ["style · painter", "strength", *judges],
        [
            [
                f"{row['style']} · {row['painter']}",
                f"{row['strength']:g}",
                *(
                    " / ".join(number(row["judges"][j][t]) for t in ("content", "style") if t in row["judges"][j])
                    for j in judges
                ),
            ]
            for row in rows
        ],
    )


def ratios(comparisons: Iterable[dict[str, Any]]) -> str:
    """Style at equal content, painter over reference, one column for each judge."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in comparisons:
        cells.setdefault((row["style"], row["painter"]), {})[row["judge"]] = ratio(row)
    judges = list(dict.fromkeys(name for found in cells.values() for name in found))
    return table(
        ["style · painter", *judges],
        [[f"{style} · {painter}", *(found.get(j, "") for j in judges)] for (style, painter), found in cells.items()],
    )


def ratio(row: dict[str, Any]) -> str:
    """The ratio and its interval; ``no overlap`` where there is none."""
    if row["ratio"] is None:
        return "no overlap"
    limits = row["interval"]
    return f"{row['ratio']:.2f}" + ("" if limits is None else f" ({limits[0]:.2f}–{limits[1]:.2f})")


def indices(rows: Iterable[dict[str, Any]], photos: Mapping[str, int]) -> str:
    """Every index that anybody has, one row for each style and painter; its head says of how many photographs."""
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row if name not in ("style", "painter")))
    return table(
        ["style · painter", *(f"{name} ({photos[name]})" if name in photos else name for name in names)],
        [[f"{r['style']} · {r['painter']}", *(number(r.get(name), 2) for name in names)] for r in found],
    )


def index_differences(rows: Iterable[dict[str, Any]]) -> str:
    """By how much each index differs from the reference's, over all styles, one column for each painter."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        limits = row["interval"]
        text = f"{row['difference']:+.2f}" + ("" if limits is None else f" ({limits[0]:+.2f} to {limits[1]:+.2f})")
        cells.setdefault(row["index"], {})[row["painter"]] = text
    painters = list(dict.fromkeys(name for found in cells.values() for name in found))
    return table(
        ["index", *painters], [[index, *(found.get(p, "") for p in painters)] for index, found in cells.items()]
    )
