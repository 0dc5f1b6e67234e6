"""From a trained network to a style model: one ``.onnx`` file that follows the contract in ``style_model.py``.

The trained weights keep their names in the file, so that ``training.model_file`` can take a training up again.
"""

from __future__ import annotations

import io
import logging
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import onnx
import onnxscript.optimizer
import torch

from allaprima.export.graph import StyleModel
from allaprima.files import write_bytes
from allaprima.style_model import CARD_KEY, IMAGE, STYLE, STYLIZED, Card
from allaprima.training.networks import StyleNetwork

OPSET = 18


def export_model(network: StyleNetwork, card: Card, path: Path) -> None:
    """Write a style model, checked by ``onnx.checker``; the file appears whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    model = to_onnx(network)
    model.metadata_props.add(key=CARD_KEY, value=card.to_json())
    onnx.checker.check_model(model, full_check=True)
    write_bytes(model.SerializeToString(), path)


def to_onnx(network: StyleNetwork) -> onnx.ModelProto:
    """The contract's graph; batch, height and width are dynamic."""
    model = StyleModel(network).cpu().eval()
    example = (torch.zeros(2, 64, 96, 3, dtype=torch.uint8), torch.full((network.styles,), 1.0 / network.styles))
    batch, height, width = torch.export.Dim("batch"), torch.export.Dim("height"), torch.export.Dim("width")
    return exported(
        model,
        example,
        optimize=False,  # it would fold the last convolution for good; ONNX Runtime does that when it loads
        input_names=[IMAGE, STYLE],
        output_names=[STYLIZED],
        dynamic_shapes={"image": {0: batch, 1: height, 2: width}, "style": None},
    )


def exported(*model: Any, **options: Any) -> onnx.ModelProto:
    """What ``torch.onnx.export`` makes of a module and its inputs, or of a program, without what only slows it down.

    The exporter reports its progress and the operators of libraries that are not installed; none of it is for users.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(*model, dynamo=True, opset_version=OPSET, verbose=False, **options)
    assert program is not None
    proto = program.model_proto
    _drop_traces(proto)
    _drop_zero_biases(proto)
    return proto


def _drop_traces(model: onnx.ModelProto) -> None:
    """Take away what the exporter notes of where each node came from: half of the file, with paths of this machine."""
    graph = model.graph
    for noted in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del noted.metadata_props[:]


def _drop_zero_biases(model: onnx.ModelProto) -> None:
    """Undo what the exporter does to a convolution without bias: it computes zeros of the right length in the graph.

    ONNX Runtime's fast convolutions (blocked by channels) take a bias that is constant, or none.
    """
    made_by = {output: node.op_type for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and made_by.get((*node.input, "", "")[2]) == "Expand":
            del node.input[2]
    onnxscript.optimizer.remove_unused_nodes(model)
