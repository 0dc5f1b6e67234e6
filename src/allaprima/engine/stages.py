"""A network cut at its norms: stage k leads from norm k − 1 to norm k, and takes up what the stages before it left.

Statistics of a sample come norm by norm (``tiles.py``). Without stages, every norm would begin again at the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.fixed_norm import find_norms, with_given_statistics
from allaprima.engine.onnx_wire import (
    FLOAT,
    GRAPH_INITIALIZER,
    GRAPH_INPUT,
    GRAPH_NODE,
    GRAPH_OUTPUT,
    GRAPH_VALUE_INFO,
    NODE_INPUT,
    NODE_OUTPUT,
    TENSOR_NAME,
    field,
    fields,
    graph_of,
    texts,
    value_info,
    with_graph,
)

Features = NDArray[np.float32]
Values = Mapping[str, NDArray[Any]]
"""Values of a graph, by their names."""

_ELEMENTS = {"float32": FLOAT, "uint8": 2, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}
"""ONNX's numbers for the types that values between norms may have, by numpy's names."""

_OF_THE_WHOLE = (GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE_INFO)
"""Fields of a graph that say what the whole of it takes, gives and holds."""


class _Node(NamedTuple):
    """One node of a graph."""

    raw: bytes
    inputs: frozenset[str]
    outputs: tuple[str, ...]


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any]) -> list[Any]:
        """Compute the outputs named, or all."""
        ...


class Stage:
    """A piece of the network, ready to run."""

    def __init__(self, session: Session, takes: set[str], gives: list[str], wanted: set[str]) -> None:
        self._session, self._takes, self._gives, self._wanted = session, takes, gives, wanted

    def run(self, values: Values) -> tuple[Features, Values]:
        """The features that the norm at its end normalises, and all that the stages after it take of this picture."""
        made = self._session.run(self._gives, {name: values[name] for name in self._takes})
        known = {**values, **dict(zip(self._gives, made, strict=True))}
        return made[0], {name: known[name] for name in self._wanted if name in known}


class Stages:
    """The stages of a model whose norms take given statistics.

    Args:
        model: a style model's bytes.
        open_session: makes a session of a model's bytes.
    """

    def __init__(self, model: bytes, open_session: Callable[[bytes], Session]) -> None:
        self._open = open_session
        self.norms = find_norms(model)
        self.model = with_given_statistics(model)
        """All stages and what follows the last norm, as one model."""
        graph = list(fields(graph_of(self.model)))
        constants = {texts(value, TENSOR_NAME)[0] for number, _, value in graph if number == GRAPH_INITIALIZER}
        everywhere = [raw for number, raw, _ in graph if number not in (GRAPH_NODE, *_OF_THE_WHOLE)]
        self._nodes: list[_Node] = []
        for number, raw, value in graph:
            if number != GRAPH_NODE:
                continue
            inputs = frozenset(texts(value, NODE_INPUT)) - {""} - constants
            outputs = tuple(texts(value, NODE_OUTPUT))
            if inputs:
                self._nodes.append(_Node(raw, inputs, outputs))
            else:  # what follows from weights alone stays in every stage, where it can be computed once and for all
                everywhere.append(raw)
                constants.update(outputs)
        self._everywhere = b"".join(everywhere)
        means = [norm.mean for norm in self.norms]
        self._ends = [next(i for i, node in enumerate(self._nodes) if mean in node.inputs) for mean in means]

    def open(self, first: int, last: int, values: Values, *, onward: bool = True) -> Stage:
        """The stages from ``first`` to ``last`` as one, for values of the types and dimensions of these.

        Without ``onward`` nothing but the features is given, and no stage after it can be run with what is left.
        """
        # ONNX keeps nodes in topological order: what precedes a norm leads to it.
        nodes = self._nodes[self._ends[first - 1] if first else 0 : self._ends[last]]
        later = self._nodes[self._ends[last] : self._ends[-1]] if onward else []
        takes, wanted = _used(nodes) - _made(nodes), _used(later) - _made(later)
        features = self.norms[last].features
        gives = [features, *sorted(wanted & _made(nodes) - {features})]
        inputs = (value_info(name, _ELEMENTS[values[name].dtype.name], values[name].ndim) for name in takes)
        graph = [self._everywhere, *(node.raw for node in nodes), *(field(GRAPH_INPUT, value) for value in inputs)]
        graph += [field(GRAPH_OUTPUT, field(1, name.encode())) for name in gives]  # their types follow from the nodes
        return Stage(self._open(with_graph(self.model, b"".join(graph))), takes, gives, wanted)


def _used(nodes: list[_Node]) -> set[str]:
    return {name for node in nodes for name in node.inputs}


def _made(nodes: list[_Node]) -> set[str]:
    return {name for node in nodes for name in node.outputs}
