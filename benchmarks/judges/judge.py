"""What every judge is: something that says how far a painting is from its photograph and from its style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from allaprima.evaluation.painters import Pixels

CONTENT, STYLE = "content", "style"

Terms = dict[str, float]
"""``content`` and ``style`` where a judge has them, each layer's own distance, or indices by name."""


@dataclass(frozen=True)
class Scene:
    """A photograph [H, W, 3] and what is known of it."""

    pixels: Pixels
    sha256: str
    kind: str


class Judge(Protocol):
    """Measures one painting after the other; may keep what it saw in the photograph between two calls."""

    name: str

    def fingerprint(self, style: str) -> Mapping[str, object]:
        """All of the judge that decides its figures in this style."""

    def terms(self, scene: Scene, painted: Pixels, style: str) -> Terms:
        """The figures of a painting [H, W, 3] of that photograph in that style."""
