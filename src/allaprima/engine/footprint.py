"""How much working memory a network takes for each pixel of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from allaprima.engine.graph import Graph
from allaprima.engine.runtime import Session

OVERHEAD = 2.75
"""Times the values that are alive at a time: what convolutions work in, and what the arena loses between its blocks.
Peaks of the process over pictures of 0.3 to 12 megapixels were 2.2 to 2.7 times as much, with both shipped banks
(77 to 96 and 156 to 170 bytes a pixel)."""

_SIDES = (64, 128)
"""Of the pictures that are tried. The difference tells the part that grows with the picture."""


def bytes_per_pixel(
    graph: Graph, feeds: Callable[[int], dict[str, Any]], open_session: Callable[[bytes], Session]
) -> int:
    """The most that a network takes for a pixel at any time, estimated from the size of every value in its graph.

    Args:
        graph: the network's.
        feeds: its inputs for a picture with sides of so many pixels.
        open_session: makes a session of a model's bytes.
    """
    names = [name for node in graph.nodes for name in node.outputs if name]
    session = open_session(graph.with_outputs(names))
    peaks = []
    for side in _SIDES:
        values = session.run(names, feeds(side))
        peaks.append(_peak(graph, {name: np.asarray(value).nbytes for name, value in zip(names, values, strict=True)}))
    small, large = _SIDES
    return max(1, math.ceil(OVERHEAD * (peaks[1] - peaks[0]) / (large**2 - small**2)))


def _peak(graph: Graph, sizes: dict[str, int]) -> int:
    """Bytes of all values that are alive at a time, at most, if each goes after the last node that takes it."""
    last = {name: place for place, node in enumerate(graph.nodes) for name in node.inputs}
    alive = peak = 0
    for place, node in enumerate(graph.nodes):
        alive += sum(sizes.get(name, 0) for name in node.outputs)
        peak = max(peak, alive)
        alive -= sum(sizes.get(name, 0) for name in node.inputs if last[name] == place)
        alive -= sum(sizes.get(name, 0) for name in node.outputs if name not in last)
    return peak
