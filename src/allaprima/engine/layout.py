"""What tiling must know of a network. It is measured by painting noise, so that no network has to tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.boxes import ALIGN
from allaprima.engine.graph import NODE_INPUT
from allaprima.engine.onnx_wire import texts
from allaprima.engine.runtime import Session
from allaprima.engine.stages import Features, Stages, Values
from allaprima.errors import ModelError
from allaprima.style_model import IMAGE, STYLE, STYLIZED

_SMALL, _LARGE = 128, 256
"""Sides of the noise."""
_CHANGED = 64
"""Rows or columns at one side of it that are changed, to see how far that reaches."""
_ROUNDINGS = frozenset({"Cast", "Clip", "Round", "Floor", "Ceil", "Min", "Max", "Relu", "Tanh", "Sigmoid"})
"""What may hide a small change between the last values that are real numbers and the pixels."""
_LAST_NODES = 16
"""Among which those values are looked for."""


class Geometry(NamedTuple):
    """Where the features of one norm lie: feature i belongs to pixel (i − outside) · stride."""

    stride: int
    outside: int


class Layout(NamedTuple):
    """The network's geometry, and what of it waits for statistics."""

    norms: tuple[Geometry, ...]
    reach: int
    """How far a change of the photograph shows, in pixels."""
    bytes_between_norms: int
    """What is left of a pixel, at most, when a norm waits for its statistics."""

    @property
    def margin(self) -> int:
        """What is painted around a tile, ``reach`` rounded up to ``ALIGN``."""
        return math.ceil(self.reach / ALIGN) * ALIGN


def no_tiles() -> ModelError:
    """Why a network is not painted in tiles."""
    return ModelError(
        "this model cannot paint in tiles: make the picture smaller, or allow more memory",
        options=("size", "stroke", "memory"),
    )


def measure(stages: Stages, mixtures: Sequence[Features]) -> Layout:
    """The layout of a network, as it is seen with these mixtures, float32 [S] each.

    Raises:
        ModelError: each pixel depends on the whole picture, even with the norms' statistics given, or sizes of
            features do not follow that of the picture.
    """
    random = np.random.default_rng(0)
    small, large = (random.integers(0, 256, (1, side, side, 3), np.uint8) for side in (_SMALL, _LARGE))
    names = _last_names(stages)
    session = stages.giving(names)
    layouts = []
    for mixture in mixtures:
        feeds: dict[str, Any] = {STYLE: mixture}
        norms, between = _norms(stages, feeds, small, large)
        layouts.append(Layout(norms, _reach(partial(_values, session, names, feeds), large[0]), between))
    return layouts[0]._replace(reach=max(layout.reach for layout in layouts))


def _values(
    session: Session, names: list[str], feeds: dict[str, Any], picture: NDArray[np.uint8]
) -> list[NDArray[Any]]:
    return session.run(names, {**feeds, IMAGE: picture[None]})


def _norms(
    stages: Stages, feeds: dict[str, Any], small: NDArray[np.uint8], large: NDArray[np.uint8]
) -> tuple[tuple[Geometry, ...], int]:
    """The norms' geometry, and bytes of a pixel between them; ``feeds`` gets the statistics of the large picture."""
    geometries, most_left = [], 0
    left: list[Values] = [{IMAGE: small}, {IMAGE: large}]
    for number, norm in enumerate(stages.norms):
        stage = stages.stage(number, number, {**feeds, **left[1]})
        (few, left[0]), (many, left[1]) = (stage.run({**feeds, **values}) for values in left)
        geometries.append(_geometry(few.shape, many.shape))
        most_left = max(most_left, sum(value.nbytes for value in left[1].values()))
        feeds[norm.mean], feeds[norm.variance] = many.mean((0, 2, 3)), many.var((0, 2, 3))
    return tuple(geometries), math.ceil(most_left / _LARGE**2)


def _geometry(few: tuple[int, ...], many: tuple[int, ...]) -> Geometry:
    """By the shapes of the features of the small and the large picture."""
    steps = many[2] - few[2] if len(few) == len(many) == 4 else 0
    if steps <= 0 or (_LARGE - _SMALL) % steps or many[2] != many[3]:
        raise no_tiles()
    stride = (_LARGE - _SMALL) // steps
    return Geometry(stride, (many[2] - _LARGE // stride) // 2)


def _reach(values: Callable[[NDArray[np.uint8]], list[NDArray[Any]]], noise: NDArray[np.uint8]) -> int:
    """How far a change at each side of the noise reaches inwards, with the statistics given.

    It is looked for in the last of the ``values`` that are real numbers, since rounding to pixels hides what is small;
    not always, so that a margin measured on pixels would be too short now and then.
    """
    changed = [noise.copy() for _ in range(4)]
    sides = (changed[0][:_CHANGED], changed[1][-_CHANGED:], changed[2][:, :_CHANGED], changed[3][:, -_CHANGED:])
    for side in sides:
        np.bitwise_xor(side, 255, out=side)
    before = _numbers(values(noise))
    reaches = [0]
    for number, picture in enumerate(changed):
        axis, backwards = divmod(number, 2)
        lines = np.flatnonzero((_numbers(values(picture)) != before).any((1 - axis, 2)))
        outside = (before.shape[axis] - _LARGE) // 2
        if lines.size:
            first, last = int(lines[0]) - outside, int(lines[-1]) - outside
            reaches.append(_LARGE - _CHANGED - first if backwards else last + 1 - _CHANGED)
    if max(reaches) >= _LARGE - _CHANGED:
        raise no_tiles()
    return max(reaches)


def _numbers(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The first of the values that are real numbers of the picture's size, or the last values: [rows, columns, …]."""
    for value in values:
        places = [axis for axis, length in enumerate(value.shape) if length >= _LARGE]
        if value.dtype.kind == "f" and len(places) == 2:
            return _as_lines(value, places)
    return _as_lines(values[-1], [1, 2])


def _as_lines(value: NDArray[Any], places: list[int]) -> NDArray[Any]:
    moved = np.moveaxis(value, places, [0, 1])
    return moved.reshape(*moved.shape[:2], -1)


def _last_names(stages: Stages) -> list[str]:
    """Values that become the pixels without being rounded on the way to themselves, the last first; then the pixels."""
    makers = {name: node for node in stages.graph.nodes for name in node.outputs}
    names, name = [], STYLIZED
    for _ in range(_LAST_NODES):
        maker = makers.get(name)
        if maker is None:
            break
        if maker.kind not in _ROUNDINGS and name != STYLIZED:
            names.append(name)
        name = texts(maker.message, NODE_INPUT)[0]
    return [*names, STYLIZED]
