"""What is said of pictures: each failure when it comes, and what was done at the end."""

from __future__ import annotations

import sys
from collections import Counter

from allaprima.batch.plan import Plan
from allaprima.batch.report import Told
from allaprima.cli.faults import sentence, show_traceback
from allaprima.cli.progress import say
from allaprima.cli.stylize_options import Given
from allaprima.errors import AllaPrimaError, ExistsError, PictureError

SAID = 10
"""How many pictures are named that fail for the same reason; a report names all."""


class Tally:
    """Counts outcomes and says what users want to know of them.

    Args:
        given: what the command was given.
        into: " into X/", where results go, if that can be said; None for a pipe, of which nothing is said.
        folders: whether folders are painted.
    """

    def __init__(self, given: Given, into: str | None = None, *, folders: bool = True) -> None:
        self._given, self._into, self._folders = given, into, folders
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._existing: list[Told] = []
        self._one: Told | None = None

    def add(self, outcome: Told) -> None:
        """One more picture.

        Raises:
            BrokenPipeError: nobody reads the result any more.
        """
        self._counts[outcome.status] += 1
        if outcome.status == "painted":
            self._one = outcome
            self._counts["again"] += outcome.job.replace
            if self._given.watch and not self._given.quiet:
                say(f"wrote {outcome.job.target}")
        if outcome.error is None:
            return
        if isinstance(outcome.error, BrokenPipeError):
            raise outcome.error
        show_traceback(outcome.error)
        if isinstance(outcome.error, ExistsError) and not (self._given.lone or self._given.watch):
            self._counts["existing"] += 1
            self._existing = self._existing or [outcome]
            return
        words = sentence(outcome.error) if isinstance(outcome.error, AllaPrimaError) else outcome.reason
        self._reasons[words] += 1
        if self._reasons[words] <= SAID:
            say(f"allaprima: {outcome.job.source}: {words}")

    def finish(self, *, incomplete: bool = False) -> None:
        """Say what was done, and exit with the code that fits if something failed.

        Args:
            incomplete: something that was painted is not whole, which has been said.
        """
        for words, number in self._reasons.items():
            if number > SAID:
                say(f"allaprima: {number - SAID:,} more: {words}")
        existing = self._counts["existing"]
        if existing:
            skip = "" if self._given.resume else "--resume skips them, "
            results = f"{existing:,} results exist" if existing > 1 else f"{self._existing[0].job.target} exists"
            hint = f"{skip}--overwrite replaces them"
            say(f"allaprima: {results}; {hint if existing > 1 else hint.replace('them', 'it')}")
        if self._into is not None and not self._given.quiet and not self._given.watch:
            self._say_what_was_done(self._into)
        if self._counts["failed"]:
            sys.exit(1 if self._counts["painted"] or self._counts["skipped"] else PictureError.exit_code)
        if incomplete:
            sys.exit(1)

    def _say_what_was_done(self, into: str) -> None:
        painted, again, skipped = (self._counts[name] for name in ("painted", "again", "skipped"))
        clauses: list[str] = []
        if self._one is not None:
            clauses.append(
                f"wrote {self._one.job.target}"
                if painted == 1 and not self._folders
                else f"painted {_pictures(painted)}{into}"
            )
            if again:
                clauses.append(f"{again:,} of them again, since the look or the photograph had changed")
        if skipped:
            clauses.append(f"{_pictures(skipped)} {'was' if skipped == 1 else 'were'} painted before")
        if clauses:
            say("; ".join(clauses))


def _pictures(number: int) -> str:
    return f"{number:,} picture{'s' * (number != 1)}"


def into(plan: Plan) -> str:
    """The folders of results, if they are few."""
    folders = dict.fromkeys(f"{plan.results_of(folder)}/" for folder in plan.folders)
    if plan.output is not None and not plan.to_file:
        folders[f"{plan.output}/"] = None
    if not folders or len(folders) > 3 or (plan.files and plan.output is None):
        return ""
    return " into " + " and ".join(folders)
