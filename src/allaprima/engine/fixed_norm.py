"""Surgery on a style model: its instance norms take their mean and variance from outside.

Instance norm, z = γ · (x − μ) / √(σ² + ε) + β with μ and σ² of x itself, becomes what ONNX calls ``BatchNormalization``
in inference: the same formula with μ and σ² as inputs. Then the network is local, each pixel of the result depends on
a neighborhood of the photograph alone, and a picture can be painted tile by tile (``tiles.py``).
"""

from __future__ import annotations

from typing import NamedTuple

from allaprima.engine.graph import NODE_INPUT, NODE_OP_TYPE, Graph, Node
from allaprima.engine.onnx_wire import FLOAT, field, fields, texts, value_info


class Norm(NamedTuple):
    """One instance norm of the model, by the names of values in its graph."""

    features: str
    """What it normalizes, float [N, C, h, w]."""
    mean: str
    """[C]; an input of the edited graph."""
    variance: str
    """[C]; an input of the edited graph."""


def with_given_statistics(graph: Graph) -> tuple[Graph, tuple[Norm, ...]]:
    """The edited graph, and its norms in an order in which each depends on earlier ones alone."""
    norms: list[Norm] = []
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.kind == "InstanceNormalization":
            features = texts(node.message, NODE_INPUT)[0]
            norm = Norm(features, f"norm_{len(norms)}.mean", f"norm_{len(norms)}.variance")
            norms.append(norm)
            nodes.append(given(node, norm))
        else:
            nodes.append(node)
    statistics = [value_info(name, FLOAT, 1) for norm in norms for name in (norm.mean, norm.variance)]
    return graph.with_nodes(nodes, statistics), tuple(norms)


def given(node: Node, norm: Norm) -> Node:
    """InstanceNormalization(x, γ, β) -> BatchNormalization(x, γ, β, μ, σ²); both call their ε ``epsilon``."""
    kept = b"".join(raw for number, raw, _ in fields(node.message) if number != NODE_OP_TYPE)
    inputs = b"".join(field(NODE_INPUT, name.encode()) for name in (norm.mean, norm.variance))
    return Node.of(kept + inputs + field(NODE_OP_TYPE, b"BatchNormalization"))
