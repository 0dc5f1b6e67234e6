"""What can be changed while it is painted, and how one choice becomes the next: by a fade."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from allaprima.color import Color
from allaprima.errors import OptionError, StyleError
from allaprima.look.look import Stroke
from allaprima.options import LIVE, OPTIONS, STEADY

FADE = 0.5
"""Seconds from one style to the next that is chosen."""
WALL_FADE = 3.0
"""At a wall; at most a third of the time between two styles."""

Weights = dict[str, float]


@dataclass(frozen=True)
class Choice:
    """What is chosen.

    Attributes:
        style: the first style.
        second: the second; the same name is none.
        mix: from 0, the first style, to 1, the second.
        strength: 0 to 1.
        stroke: pixels, "auto" or "own".
        color: one of ``COLORS``.
        steady: 0 to 1.
        mirror: left and right are swapped.
        wall: seconds from one style to the next; 0 keeps the style.
    """

    style: str
    second: str = ""
    mix: float = 0.0
    strength: float = 1.0
    stroke: Stroke = "auto"
    color: Color = "style"
    steady: float = STEADY
    mirror: bool = False
    wall: float = 0.0

    @property
    def weights(self) -> Weights:
        """The mixture of the two styles."""
        if not self.second or self.second == self.style or not self.mix:
            return {self.style: 1.0}
        if self.mix == 1:
            return {self.second: 1.0}
        return {self.style: 1 - self.mix, self.second: self.mix}


class Controls:
    """The choice of the moment; any thread may change it.

    Args:
        names: of the model's styles.
        choice: at the beginning.

    Raises:
        OptionError: a value that cannot be.
    """

    def __init__(self, names: Sequence[str], choice: Choice) -> None:
        self._names = tuple(names)
        self._lock = threading.Lock()
        self._check(asdict(choice))
        self._choice = choice
        self._from, self._to = choice.weights, choice.weights
        self._began, self._lasts = 0.0, 0.0
        self._next_at = float("inf")

    @property
    def choice(self) -> Choice:
        """As it is now."""
        with self._lock:
            return self._choice

    def change(self, values: Mapping[str, Any], now: float) -> Choice:
        """Change some of it.

        Args:
            values: by the names of ``Choice``.
            now: seconds of a monotonic clock.

        Raises:
            OptionError: a name or a value that cannot be; nothing has changed.
        """
        self._check(values)
        with self._lock:
            self._choice = replace(self._choice, **values)
            if {"style", "second", "mix"} & set(values):
                slides = set(values) == {"mix"}  # a slider is followed at once
                self._fade(now, 0.0 if slides else FADE)
            if {"style", "wall"} & set(values):
                self._next_at = now + self._choice.wall if self._choice.wall else float("inf")
            return self._choice

    def weights(self, now: float) -> Weights:
        """The mixture to paint now, in the middle of a fade or not."""
        with self._lock:
            if now >= self._next_at:
                self._turn(now)
            return self._mixed(now)

    def _turn(self, now: float) -> None:
        """The wall's next style."""
        after = self._names[(self._names.index(self._choice.style) + 1) % len(self._names)]
        self._choice = replace(self._choice, style=after, second="", mix=0.0)
        self._fade(now, min(WALL_FADE, self._choice.wall / 3))
        self._next_at = now + self._choice.wall

    def _fade(self, now: float, seconds: float) -> None:
        self._from, self._to = self._mixed(now), self._choice.weights
        self._began, self._lasts = now, seconds

    def _mixed(self, now: float) -> Weights:
        part = 1.0 if self._lasts <= 0 else min(1.0, (now - self._began) / self._lasts)
        if part >= 1:
            return self._to
        part = part * part * (3 - 2 * part)
        mixed = {name: (1 - part) * weight for name, weight in self._from.items()}
        for name, weight in self._to.items():
            mixed[name] = mixed.get(name, 0.0) + part * weight
        return mixed

    def _check(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name in ("style", "second"):
                if value not in self._names and not (name == "second" and value == ""):
                    raise StyleError(f"there is no style {value!r} in this model")
            elif name == "mix":
                OPTIONS["strength"].check(value)
            elif name in ("mirror", "wall"):
                LIVE[name].check(value)
            elif name in ("strength", "stroke", "color", "steady"):
                OPTIONS[name].check(value)
            else:
                raise OptionError(f"{name!r} is nothing that can be changed")
