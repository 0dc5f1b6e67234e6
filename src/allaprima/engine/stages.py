"""A network cut at its norms: stage k leads from norm k − 1 to norm k, and takes up what the stages before it left.

Statistics of a sample come norm by norm (``tiles.py``). Without stages, every norm would begin again at the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allaprima.engine.fixed_norm import with_given_statistics
from allaprima.engine.graph import INPUT, Graph, Node, used_by
from allaprima.engine.onnx_wire import ELEMENTS, field, value_info
from allaprima.engine.runtime import Session

Features = NDArray[np.float32]
Values = Mapping[str, NDArray[Any]]
"""Values of a graph, by their names."""


class Stage:
    """A piece of the network, ready to run."""

    def __init__(self, session: Session, takes: set[str], gives: list[str], wanted: set[str]) -> None:
        self._session, self._takes, self._gives, self._wanted = session, takes, gives, wanted

    def run(self, values: Values) -> tuple[Features, Values]:
        """The features that the norm at its end normalizes, and all that the stages after it take of this picture."""
        made = self._session.run(self._gives, {name: values[name] for name in self._takes})
        known = {**values, **dict(zip(self._gives, made, strict=True))}
        return made[0], {name: known[name] for name in self._wanted if name in known}


class Stages:
    """The stages of a model whose norms take given statistics; each is opened once and kept.

    Args:
        graph: a style model's.
        open_session: makes a session of a model's bytes.
    """

    def __init__(self, graph: Graph, open_session: Callable[[bytes], Session]) -> None:
        self._open_session = open_session
        self.graph, self.norms = with_given_statistics(graph)
        """All stages and what follows the last norm, as one graph."""
        self._nodes: list[Node] = []
        constants, constant_nodes = set(self.graph.constants), []
        for node in self.graph.nodes:
            if inputs := node.inputs - constants:
                self._nodes.append(Node(node.raw, node.kind, inputs, node.outputs))
            else:  # what follows from weights alone stays in every stage, where it can be computed once and for all
                constant_nodes.append(node)
                constants.update(node.outputs)
        self._constant_nodes = tuple(constant_nodes)
        means = [norm.mean for norm in self.norms]
        self._ends = [next(i for i, node in enumerate(self._nodes) if mean in node.inputs) for mean in means]
        self._stages: dict[tuple[Any, ...], Stage] = {}

    @cached_property
    def whole(self) -> Session:
        """All stages and what follows the last norm, as one session."""
        return self._open_session(self.graph.whole)

    def giving(self, names: Iterable[str]) -> Session:
        """A session of the whole that gives any of its values; it is not kept."""
        return self._open_session(self.graph.with_outputs(names))

    def stage(self, first: int, last: int, values: Values, *, onward: bool = True) -> Stage:
        """The stages from ``first`` to ``last`` as one, for values of the types and dimensions of these.

        Without ``onward`` nothing but the features is given, and no stage after it can be run with what is left.
        """
        # ONNX keeps nodes in topological order: what precedes a norm leads to it.
        nodes = self._nodes[self._ends[first - 1] if first else 0 : self._ends[last]]
        takes = used_by(nodes) - _made(nodes)
        kinds = tuple((name, values[name].dtype.name, values[name].ndim) for name in sorted(takes))
        key = (first, last, onward, kinds)
        if key not in self._stages:  # two threads may open the same; either will do
            later = self._nodes[self._ends[last] : self._ends[-1]] if onward else []
            self._stages[key] = self._opened(nodes, kinds, used_by(later) - _made(later), self.norms[last].features)
        return self._stages[key]

    def _opened(
        self, nodes: Sequence[Node], kinds: Iterable[tuple[str, str, int]], wanted: set[str], features: str
    ) -> Stage:
        gives = [features, *sorted(wanted & _made(nodes) - {features})]
        inputs = [field(INPUT, value_info(name, ELEMENTS[kind], dimensions)) for name, kind, dimensions in kinds]
        model = self.graph.piece([*self._constant_nodes, *nodes], inputs, gives)
        return Stage(self._open_session(model), {name for name, _, _ in kinds}, gives, wanted)


def _made(nodes: Iterable[Node]) -> set[str]:
    return {name for node in nodes for name in node.outputs}
