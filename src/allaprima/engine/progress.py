"""How a caller follows work that takes time."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the work done and all the work; of a picture in tiles in percent, at last 100 and 100."""
