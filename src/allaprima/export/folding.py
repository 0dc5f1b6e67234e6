"""A network traced, and all that does not depend on its inputs computed once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node

_CHECKS = ("_guards_fn", "_assert_tensor_metadata")
"""What the trace checks of its inputs, which other programs do not have."""

_ONES = torch.ops.aten.new_ones.default
"""It looks at no value of its input, and other programs do not have it."""


def traced(model: nn.Module, example: tuple[Tensor, ...], free: tuple[dict[int, Any] | None, ...]) -> ExportedProgram:
    """A model as a graph of PyTorch's operators, whatever its ``forward`` does, with constants folded.

    Weights that the model computes from its parameters are constants in the graph. If a mixture of styles is a
    constant, so are scales and shifts.

    Args:
        model: in evaluation mode.
        example: inputs.
        free: for each input the dimensions whose size is free, as ``torch.export`` takes them.
    """
    with torch.no_grad():
        first = torch.export.export(model, example, dynamic_shapes=free)
        return torch.export.export(_folded(first.module()), example, dynamic_shapes=free)


def _folded(module: GraphModule) -> GraphModule:
    known: dict[Node, Any] = {}
    for node in module.graph.nodes:
        if node.op == "get_attr":
            known[node] = _attribute(module, str(node.target)).detach()
        elif node.target is _ONES and not any(isinstance(side, Node) for side in node.args[1]):
            known[node] = torch.ones(node.args[1], dtype=node.meta["val"].dtype)
        elif node.op == "call_function" and node.all_input_nodes and all(n in known for n in node.all_input_nodes):
            args, kwargs = (torch.fx.map_arg(part, known.__getitem__) for part in (node.args, node.kwargs))
            known[node] = node.target(*args, **kwargs)
    for number, (node, value) in enumerate(known.items()):
        if isinstance(value, Tensor) and any(user not in known for user in node.users):
            name = f"constant_{number}"
            module.register_buffer(name, value.contiguous())
            with module.graph.inserting_before(node):
                constant = module.graph.get_attr(name)
            node.replace_all_uses_with(constant, delete_user_cb=lambda user: user not in known)
    for node in reversed(module.graph.nodes):
        if any(word in str(node.target) for word in _CHECKS):
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.graph.lint()
    module.recompile()
    return module


def _attribute(module: nn.Module, path: str) -> Tensor:
    """A parameter or buffer by its dotted name."""
    *parents, name = path.split(".")
    for parent in parents:
        module = getattr(module, parent)
    value: Tensor = getattr(module, name)
    return value
