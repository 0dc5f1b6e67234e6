"""The experiment's results in words: Markdown tables from the summary, and a page that quotes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from allaprima.errors import OutputError

RUNS = (100, 300, 500)
"""Iterations whose seconds are reported; the paper's Table 1 has the same."""
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def markdown(data: dict[str, Any]) -> str:
    """All tables of a results file."""
    tables = [
        ("How many iterations one pass equals", optimization_table(data["against_optimization"])),
        ("Optimization that starts from the painting", refinement_table(data["refined"])),
        ("Seconds", seconds_table(data["seconds"], data["conditions"]["timed_iterations"])),
        ("The objective and its terms", terms_table(data["terms"])),
    ]
    parts = [f"### {title}\n\n{text}\n" for title, text in tables if text]
    return "\n".join([describe_conditions(data), *parts])


def describe_conditions(data: dict[str, Any]) -> str:
    """On what, with what, when."""
    c, machine = data["conditions"], data["machine"]
    return (
        f"{c['photos']} photographs, {len(c['styles'])} style(s), by the recipe `{c['recipe']}` (total variation "
        f"included) with every style's emphasis 1 and paintings at a short side of {c['style_size']} pixels; VGG16 in "
        f"{c['precision']} on {c['device']} ({machine['cpu']}, {machine['cores']} cores), {data['date'][:10]}:\n\n"
        f"```sh\n{data['command']}\n```\n"
    )


def optimization_table(rows: Iterable[dict[str, Any]]) -> str:
    """Crossings and ratios."""
    return table(
        ("size", "style", "painter", "optimization from", "equals iterations", "means cross at", "never",
         "objective / optimum", "photographs"),
        (
            (
                row["size"], row["style"], row["painter"], row["start"],
                median_and_quartiles(row["equals_iterations"], row["iterations"]),
                three_digits(row["means_cross_at"], row["iterations"]),
                row["equals_iterations"]["never"],
                median_and_quartiles(row["ratio_to_optimum"]),
                row["photos"],
            )
            for row in rows
        ),
    )  # fmt: skip


def refinement_table(rows: Iterable[dict[str, Any]]) -> str:
    """How soon a painting that is optimized further reaches what the content image reaches late."""
    return table(
        ("size", "style", "painter", "iterations to the optimum from content", "never", "objective / that optimum",
         "photographs"),
        (
            (
                row["size"], row["style"], row["painter"],
                median_and_quartiles(row["needs_iterations"], row["iterations"]),
                row["needs_iterations"]["never"],
                median_and_quartiles(row["ratio_to_optimum"]),
                row["photos"],
            )
            for row in rows
        ),
    )  # fmt: skip


def seconds_table(rows: Iterable[dict[str, Any]], measured: int) -> str:
    """The paper's Table 1."""
    lines = table(
        ("size", "painter", "one pass, ms", "one iteration, s", *(f"{n} iterations, s" for n in RUNS),
         *(f"faster than {n}" for n in RUNS)),
        (
            (
                row["size"], name, f"{1000 * painter:.1f}", f"{row['iteration']:.3f}",
                *(f"{n * row['iteration']:.1f}" for n in RUNS),
                *(f"{n * row['iteration'] / painter:,.0f}×" for n in RUNS),
            )
            for row in rows
            for name, painter in row["painters"].items()
        ),
    )  # fmt: skip
    return lines and f"{lines}\n\nSeconds of many iterations are extrapolated from the mean of {measured}."


def terms_table(rows: Sequence[dict[str, Any]]) -> str:
    """Mean and standard deviation of each term, of the pictures as delivered."""
    names = list(rows[0]["terms"]) if rows else []

    def cells(row: dict[str, Any]) -> Iterable[str]:
        return (plus_minus(row["terms"][name]) for name in names)

    heads = {"tv": "total variation", "total": "objective"}
    return table(
        ("size", "style", "picture", *(heads.get(name, name) for name in names), "photographs"),
        (
            (
                row["size"],
                row["style"],
                name_of_picture(row),
                *(plus_minus(row["terms"][n]) for n in names),
                row["photos"],
            )
            for row in rows
        ),
    )


def name_of_picture(row: dict[str, Any]) -> str:
    """Whose it is."""
    if row["start"] is None:
        return str(row["painter"])
    start = f"the painting of {row['painter']}" if row["painter"] else row["start"]
    return f"optimized from {start}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; nothing at all without rows."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *lines]) if lines else ""


def three_digits(value: float | None, last: int | None = None) -> str:
    """Three digits; what was never reached is more than ``last``."""
    return f">{last}" if value is None else f"{value:.3g}"


def median_and_quartiles(values: dict[str, float | None], last: int | None = None) -> str:
    """The median, and the quartiles in brackets."""
    low, median, high = (three_digits(values[name], last) for name in ("first_quartile", "median", "third_quartile"))
    return f"{median} ({low}–{high})"


def plus_minus(value: dict[str, float]) -> str:
    """Mean and standard deviation."""
    return f"{value['mean']:.3g} ± {value['std']:.2g}"


def quoted(page: str, tables: str) -> str:
    """The page with the tables in their place.

    Raises:
        OutputError: the page does not have the two comments that mark the place.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise OutputError(f"the page has no place for results: it needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"
