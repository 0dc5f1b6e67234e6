"""From a trained network to a style model: one ``.onnx`` file that follows the contract in ``style_model.py``.

Everything between bytes and bytes is in the graph: scaling, layout, padding to the network's stride, the clamp and the
rounding. The trained weights keep their names in the file, so that ``read_weights`` can take a training up again.
"""

from __future__ import annotations

import copy
import io
import logging
import os
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import onnx
import onnxscript.optimizer
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from allaprima.style_model import CARD_KEY, IMAGE, STYLE, STYLIZED, Card
from allaprima.training.layers import ResizeConvNorm, UpsampleConv
from allaprima.training.networks import StyleNetwork, conditions_of, gain

OPSET = 18


class StyleModel(nn.Module):
    """The contract around a network: the graph that ships, in PyTorch.

    Passes over the picture cost more here than arithmetic, and what cannot stay in the layout of ONNX Runtime's
    convolutions costs most (docs/speed.md).
    """

    def __init__(self, network: StyleNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        for module in self.network.modules():
            if isinstance(module, ResizeConvNorm):
                module.folded = True

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """image: uint8 [N, H, W, 3]; style: float [S] -> uint8 [N, H, W, 3]."""
        height, width = image.shape[1:3]
        mixture = style / style.sum()
        stride = self.network.stride
        # As [1, N, H, W, 3], since only the last three of five dimensions can be mirrored with colours last.
        padded = F.pad(image[None], [0, 0, 0, -width % stride, 0, -height % stride], mode="reflect")[0]
        painted = self._paint(padded.permute(0, 3, 1, 2).float() / 255.0, mixture)
        share = gain(mixture)
        # photo + share · (127.5 · (painted + 1) − photo), which is exact at strength 0; + 0.5 rounds.
        mixed = painted * (127.5 * share) + (127.5 * share + 0.5) + padded.float() * (1.0 - share)
        return mixed.to(torch.uint8)[:, :height, :width]

    def _paint(self, x: Tensor, mixture: Tensor) -> Tensor:
        """[N, 3, H, W] in 0..1 -> [N, H, W, 3] in −1..1, not yet scaled."""
        features = self.network.body(x, conditions_of(mixture))
        last = getattr(self.network, "last", None)
        if not isinstance(last, UpsampleConv):
            return self.network.squash(self.network.head(features)).permute(0, 2, 3, 1)
        phases = self.network.squash(last.folded(features)).permute(0, 2, 3, 1)  # [N, H/2, W/2, dy · dx · c]
        n, h, w, c = phases.shape
        return phases.reshape(n, h, w, 2, c // 2).transpose(2, 3).reshape(n, 2 * h, 2 * w, c // 4)


def export_model(network: StyleNetwork, card: Card, path: Path) -> None:
    """Write a style model, checked by ``onnx.checker``; the file appears whole or not at all."""
    model = to_onnx(network)
    model.metadata_props.add(key=CARD_KEY, value=card.to_json())
    onnx.checker.check_model(model, full_check=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(model.SerializeToString())
    os.replace(temporary, path)


def to_onnx(network: StyleNetwork) -> onnx.ModelProto:
    """The contract's graph; batch, height and width are dynamic."""
    model = StyleModel(network).cpu().eval()
    example = (torch.zeros(2, 64, 96, 3, dtype=torch.uint8), torch.full((network.styles,), 1.0 / network.styles))
    batch, height, width = torch.export.Dim("batch"), torch.export.Dim("height"), torch.export.Dim("width")
    # The exporter reports its progress and the operators of libraries that are not installed; none of it is for users.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            example,
            dynamo=True,
            optimize=False,  # it would fold the last convolution for good; ONNX Runtime does that when it loads
            opset_version=OPSET,
            input_names=[IMAGE, STYLE],
            output_names=[STYLIZED],
            dynamic_shapes={"image": {0: batch, 1: height, 2: width}, "style": None},
            verbose=False,
        )
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
