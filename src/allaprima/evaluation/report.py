"""The experiment's results in words: Markdown tables from the summary, and a page that quotes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from allaprima.errors import ModelError

RUNS = (100, 300, 500)
"""Iterations whose seconds are reported; the paper's Table 1 has the same."""
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def markdown(data: dict[str, Any]) -> str:
    """All tables of a results file."""
    tables = [
        ("How many iterations one pass equals", against_optimisation(data["against_optimisation"])),
        ("Optimisation that starts from the painting", refined(data["refined"])),
        ("Seconds", seconds(data["seconds"], data["conditions"]["timed_iterations"])),
        ("The objective and its terms", terms(data["terms"])),
    ]
    parts = [f"### {title}\n\n{text}\n" for title, text in tables if text]
    return "\n".join([conditions(data), *parts])


def conditions(data: dict[str, Any]) -> str:
    """On what, with what, when."""
    c, machine = data["conditions"], data["machine"]
    return (
        f"{c['photos']} photographs, {len(c['styles'])} style(s), by the recipe `{c['recipe']}` (total variation "
        f"included) with every style's emphasis 1 and paintings at a short side of {c['style_size']} pixels; VGG16 in "
        f"{c['precision']} on {c['device']} ({machine['cpu']}, {machine['cores']} cores), {data['date'][:10]}:\n\n"
        f"```sh\n{data['command']}\n```\n"
    )


def against_optimisation(rows: Iterable[dict[str, Any]]) -> str:
    """Crossings and ratios."""
    return table(
        ("size", "style", "painter", "optimisation from", "equals iterations", "means cross at", "never",
         "objective / optimum", "photographs"),
        (
            (
                row["size"], row["style"], row["painter"], row["start"],
                middle(row["equals_iterations"], row["iterations"]),
                number(row["means_cross_at"], row["iterations"]),
                row["equals_iterations"]["never"],
                middle(row["ratio_to_optimum"]),
                row["photos"],
            )
            for row in rows
        ),
    )  # fmt: skip


def refined(rows: Iterable[dict[str, Any]]) -> str:
    """How soon a painting that is optimised further reaches what the content image reaches late."""
    return table(
        ("size", "style", "painter", "iterations to the optimum from content", "never", "objective / that optimum",
         "photographs"),
        (
            (
                row["size"], row["style"], row["painter"],
                middle(row["needs_iterations"], row["iterations"]),
                row["needs_iterations"]["never"],
                middle(row["ratio_to_optimum"]),
                row["photos"],
            )
            for row in rows
        ),
    )  # fmt: skip


def seconds(rows: Iterable[dict[str, Any]], measured: int) -> str:
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


def terms(rows: Sequence[dict[str, Any]]) -> str:
    """Mean and standard deviation of each term, of the pictures as delivered."""
    names = list(rows[0]["terms"]) if rows else []
    heads = {"tv": "total variation", "total": "objective"}
    return table(
        ("size", "style", "picture", *(heads.get(name, name) for name in names), "photographs"),
        (
            (row["size"], row["style"], picture(row), *(plus_minus(row["terms"][n]) for n in names), row["photos"])
            for row in rows
        ),
    )


def picture(row: dict[str, Any]) -> str:
    """Whose it is."""
    if row["start"] is None:
        return str(row["painter"])
    start = f"the painting of {row['painter']}" if row["painter"] else row["start"]
    return f"optimised from {start}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; nothing at all without rows."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *lines]) if lines else ""


def number(value: float | None, last: int | None = None) -> str:
    """Three digits; what was never reached is more than ``last``."""
    return f">{last}" if value is None else f"{value:.3g}"


def middle(values: dict[str, float | None], last: int | None = None) -> str:
    """The median, and the quartiles in brackets."""
    low, median, high = (number(values[name], last) for name in ("first_quartile", "median", "third_quartile"))
    return f"{median} ({low}–{high})"


def plus_minus(value: dict[str, float]) -> str:
    """Mean and standard deviation."""
    return f"{value['mean']:.3g} ± {value['std']:.2g}"


def quoted(page: str, tables: str) -> str:
    """The page with the tables in their place.

    Raises:
        ModelError: the page does not have the two comments that mark the place.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ModelError(f"the page has no place for results: it needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"
