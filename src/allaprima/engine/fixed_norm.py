"""Surgery on a style model: its instance norms take their mean and variance from outside.

Instance norm, z = γ · (x − μ) / √(σ² + ε) + β with μ and σ² of x itself, becomes what ONNX calls ``BatchNormalization``
in inference: the same formula with μ and σ² as inputs. Then the network is local, each pixel of the result depends on
a neighbourhood of the photograph alone, and a picture can be painted tile by tile (``tiles.py``).
"""

from __future__ import annotations

from typing import NamedTuple

from allaprima.engine.onnx_wire import (
    FLOAT,
    GRAPH_INPUT,
    GRAPH_NODE,
    NODE_INPUT,
    NODE_OP_TYPE,
    field,
    fields,
    graph_of,
    texts,
    value_info,
    with_graph,
)


class Norm(NamedTuple):
    """One instance norm of the model, by the names of values in its graph."""

    features: str
    """What it normalises, float [N, C, h, w]."""
    mean: str
    """[C]; an input of the edited model."""
    variance: str
    """[C]; an input of the edited model."""


def find_norms(model: bytes) -> tuple[Norm, ...]:
    """The instance norms of a model, in an order in which each depends on earlier ones alone.

    Raises:
        ValueError, IndexError: it is no ONNX file.
    """
    nodes = [node for number, _, node in fields(graph_of(model)) if number == GRAPH_NODE]
    names = [texts(node, NODE_INPUT)[0] for node in nodes if _is_norm(node)]
    return tuple(Norm(name, f"norm_{k}.mean", f"norm_{k}.variance") for k, name in enumerate(names))


def with_given_statistics(model: bytes) -> bytes:
    """The edited model."""
    norms = find_norms(model)
    left = iter(norms)
    graph = [
        field(GRAPH_NODE, _edited(value, next(left))) if number == GRAPH_NODE and _is_norm(value) else raw
        for number, raw, value in fields(graph_of(model))
    ]
    graph += [field(GRAPH_INPUT, value_info(name, FLOAT, 1)) for norm in norms for name in (norm.mean, norm.variance)]
    return with_graph(model, b"".join(graph))


def _is_norm(node: bytes) -> bool:
    """Whether a NodeProto is an instance norm."""
    return texts(node, NODE_OP_TYPE) == ["InstanceNormalization"]


def _edited(node: bytes, norm: Norm) -> bytes:
    """InstanceNormalization(x, γ, β) -> BatchNormalization(x, γ, β, μ, σ²); both call their ε ``epsilon``."""
    kept = b"".join(raw for number, raw, _ in fields(node) if number != NODE_OP_TYPE)
    inputs = b"".join(field(NODE_INPUT, name.encode()) for name in (norm.mean, norm.variance))
    return kept + inputs + field(NODE_OP_TYPE, b"BatchNormalization")
