"""Edits of a graph that change nothing of what it computes but the way: for networks of which more is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from allaprima.engine.graph import NODE_INPUT, NODE_NAME, NODE_OP_TYPE, NODE_OUTPUT, Node
from allaprima.engine.onnx_wire import field, fields, texts

MOVING = frozenset({"Transpose", "Reshape", "Unsqueeze", "Squeeze", "Identity"})
"""Kinds of nodes that give the values of their first input, at other places."""


def node_of(kind: str, inputs: Sequence[str], output: str) -> Node:
    """A node without attributes."""
    names = b"".join(field(NODE_INPUT, name.encode()) for name in inputs)
    return Node.of(names + field(NODE_OUTPUT, output.encode()) + field(NODE_OP_TYPE, kind.encode()))


def with_names(node: Node, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Node:
    """The node with other names for some of its inputs and outputs, and none of its own, which must be its alone."""

    def other(names: Mapping[str, str], name: str) -> str:
        while name in names:
            name = names[name]
        return name

    names = {NODE_INPUT: inputs, NODE_OUTPUT: outputs}
    parts = (
        field(number, other(names[number], value.decode()).encode()) if number in names else raw
        for number, raw, value in fields(node.message)
        if number != NODE_NAME
    )
    return Node.of(b"".join(parts))


def without_zeros(nodes: Iterable[Node], known: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Sums with products by zero, such as what a painting of full strength has of the photograph: what they are."""
    zeros = {name for name, value in known.items() if value.dtype.kind == "f" and not value.any()}
    same = {}
    for node in nodes:
        if node.kind == "Mul" and node.inputs & zeros:
            zeros.update(node.outputs)
        elif node.kind == "Add" and len(node.inputs & zeros) == 1 and len(node.inputs) == 2:
            (same[node.outputs[0]],) = node.inputs - zeros
    return same


def in_bytes(nodes: Sequence[Node], output: str) -> list[Node]:
    """The same nodes with pixels put in their order as bytes, which takes a quarter of the memory.

    The last ``Cast`` before the output is done ahead of what only moves values.
    """
    makers = {name: node for node in nodes for name in node.outputs}
    taken = Counter(name for node in nodes for name in node.inputs)

    def source(name: str, kinds: Container[str]) -> str:
        while name in makers and makers[name].kind in kinds and taken[name] <= 1:
            name = texts(makers[name].message, NODE_INPUT)[0]
        return name

    cast = makers.get(source(output, {*MOVING, "Slice"}))
    if cast is None or cast.kind != "Cast":
        return [*nodes]
    (moved,), (last,) = cast.outputs, cast.inputs
    first = source(last, MOVING)
    if first == last or taken[first] > 1:
        return [*nodes]
    result = []
    for node in nodes:
        if node is not cast:
            result.append(with_names(node, {moved: last}, {first: f"{first}.numbers"}))
        if first in node.outputs:
            result.append(with_names(cast, {last: f"{first}.numbers"}, {moved: first}))
    return result


def needed_for(output: str, nodes: Sequence[Node]) -> list[Node]:
    """Those of the nodes, in topological order, that lead to an output."""
    needed, used = [], {output}
    for node in reversed(nodes):
        if used & set(node.outputs):
            needed.append(node)
            used |= node.inputs
    return needed[::-1]
