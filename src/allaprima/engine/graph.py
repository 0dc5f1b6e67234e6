"""A model's graph, parsed once: its nodes by the names of what they take and make; all else as it stands in the file.

Everything here knows names only, never types or sizes; those come from running a piece of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from allaprima.engine.onnx_wire import field, fields, graph_of, texts, with_graph

NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO, SPARSE_INITIALIZER = 1, 5, 11, 12, 13, 15
"""Fields of GraphProto."""
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OP_TYPE, NODE_ATTRIBUTE = 1, 2, 3, 4, 5
_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 6, 11
_MODEL_FUNCTIONS = 25
_TENSOR_NAME, _SPARSE_VALUES, _VALUE_NAME = 8, 1, 1

_OF_THE_WHOLE = (INPUT, OUTPUT, VALUE_INFO)
"""What the whole of a graph takes, gives and holds."""


@dataclass(frozen=True)
class Node:
    """One node of a graph; ``raw`` is its whole field, and optional inputs that are left out do not count."""

    raw: bytes
    kind: str
    inputs: frozenset[str]
    outputs: tuple[str, ...]

    @classmethod
    def of(cls, message: bytes) -> Node:
        """From a NodeProto."""
        kind = "".join(texts(message, NODE_OP_TYPE)[-1:])
        outputs = tuple(name for name in texts(message, NODE_OUTPUT) if name)
        return cls(field(NODE, message), kind, frozenset(texts(message, NODE_INPUT)) - {""}, outputs)

    @property
    def message(self) -> bytes:
        """The NodeProto."""
        return next(value for _, _, value in fields(self.raw))


@dataclass(frozen=True)
class Graph:
    """The graph of a model.

    Attributes:
        model: the bytes of the ``.onnx`` file around it.
        nodes: in topological order, as ONNX has them.
        constants: the names of its weights.
        inputs: a field each, as it stands in the file; likewise ``outputs`` and ``rest``.
        rest: weights, names, and all else that belongs to every piece of it.
    """

    model: bytes
    nodes: tuple[Node, ...]
    constants: frozenset[str]
    inputs: tuple[bytes, ...]
    outputs: tuple[bytes, ...]
    rest: tuple[bytes, ...]

    @classmethod
    def of(cls, model: bytes) -> Graph:
        """From the bytes of an ``.onnx`` file.

        Raises:
            ValueError, IndexError: it is no ONNX file.
        """
        parts = list(fields(graph_of(model)))
        constants = [texts(value, _TENSOR_NAME) for number, _, value in parts if number == INITIALIZER]
        for number, _, value in parts:
            if number == SPARSE_INITIALIZER:
                constants += [
                    texts(tensor, _TENSOR_NAME) for kind, _, tensor in fields(value) if kind == _SPARSE_VALUES
                ]
        return cls(
            model,
            tuple(Node.of(value) for number, _, value in parts if number == NODE),
            frozenset(name for names in constants for name in names),
            tuple(raw for number, raw, _ in parts if number == INPUT),
            tuple(raw for number, raw, _ in parts if number == OUTPUT),
            tuple(raw for number, raw, _ in parts if number not in (NODE, *_OF_THE_WHOLE)),
        )

    @cached_property
    def nested(self) -> bool:
        """Whether there are graphs inside nodes (branches, loops) or functions, into which nobody here looks."""
        if any(number == _MODEL_FUNCTIONS for number, _, _ in fields(self.model)):
            return True
        attributes = (value for node in self.nodes for n, _, value in fields(node.message) if n == NODE_ATTRIBUTE)
        return any(n in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS) for value in attributes for n, _, _ in fields(value))

    def rest_for(self, used: Container[str]) -> list[bytes]:
        """``rest`` without weights that are not used; those that are mostly zeros, and so kept another way, stay."""
        parts = ((raw, *next(fields(raw))) for raw in self.rest)
        return [
            raw for raw, number, _, value in parts if number != INITIALIZER or texts(value, _TENSOR_NAME)[0] in used
        ]

    def with_nodes(self, nodes: Sequence[Node], more_inputs: Iterable[bytes] = ()) -> Graph:
        """Another graph of the same weights; further inputs are given as ValueInfoProto."""
        inputs = (*self.inputs, *(field(INPUT, info) for info in more_inputs))
        return replace(self, nodes=tuple(nodes), inputs=inputs)

    def inputs_named(self, name: str) -> list[bytes]:
        """The inputs of that name, a field each."""
        return [raw for raw in self.inputs for _, _, value in fields(raw) if texts(value, _VALUE_NAME) == [name]]

    def with_outputs(self, names: Iterable[str]) -> bytes:
        """A model that gives these values, and takes what this one takes."""
        return self.piece(self.nodes, self.inputs, names)

    def piece(self, nodes: Iterable[Node], inputs: Iterable[bytes], outputs: Iterable[str]) -> bytes:
        """A model of some of the nodes, with the weights of all; ``inputs`` are fields of the graph."""
        gives = (field(OUTPUT, field(1, name.encode())) for name in outputs)  # their types follow from the nodes
        return with_graph(self.model, b"".join([*self.rest, *(node.raw for node in nodes), *inputs, *gives]))

    @cached_property
    def whole(self) -> bytes:
        """The model of this graph."""
        return with_graph(self.model, b"".join([*self.rest, *(n.raw for n in self.nodes), *self.inputs, *self.outputs]))


def used_by(nodes: Iterable[Node]) -> set[str]:
    """The names of all that some nodes take."""
    return {name for node in nodes for name in node.inputs}
