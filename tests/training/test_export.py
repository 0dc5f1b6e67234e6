"""A style model gives what its network gives, on any size, and gives its weights back."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from allaprima.engine.engine import Engine
from allaprima.errors import ModelError
from allaprima.export.onnx import export_model
from allaprima.style_model import Card, Style
from allaprima.training.layers import ConditionalInstanceNorm, reflect
from allaprima.training.model_file import read_card, read_weights, weights_sha256
from allaprima.training.networks import NETWORKS, Fast, StyleNetwork
from support import checkered

CARDS = {
    kind: Card(tuple(Style(n) for n in ("photo", "a", "b")), kind, 8, {}, 0, "", "cpu", {}, "", "0")
    for kind in NETWORKS
}


def trained_like(kind: str) -> StyleNetwork:
    """Random weights, with scales and shifts that differ between styles."""
    torch.manual_seed(0)
    network = NETWORKS[kind](styles=3, width=8).eval()
    for module in network.modules():
        if isinstance(module, ConditionalInstanceNorm):
            torch.nn.init.uniform_(module.scale, 0.5, 1.5)
            torch.nn.init.normal_(module.shift, std=0.3)
    return network


@pytest.fixture(scope="module", params=list(NETWORKS))
def pair(request, tmp_path_factory):
    network = trained_like(request.param)
    path = tmp_path_factory.mktemp("export") / f"{request.param}.onnx"
    export_model(network, CARDS[request.param], path)
    return network, Engine(path), path


@torch.no_grad()
def through_pytorch(network: StyleNetwork, image: np.ndarray, mixture: list[float]) -> np.ndarray:
    """The network on the padded picture, scaled and rounded here, independently of the exported graph."""
    height, width = image.shape[1:3]
    x = torch.from_numpy(image).permute(0, 3, 1, 2) / 255.0
    x = reflect(reflect(x, 0, -height % network.stride, dim=2), 0, -width % network.stride, dim=3)
    y = network(x, torch.tensor(mixture))[..., :height, :width]
    return (255.0 * y).round().permute(0, 2, 3, 1).numpy()


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(16, 150),
    st.integers(16, 150),
    st.sampled_from([[0, 1, 0], [0, 0, 1], [0, 0.5, 0.5], [0.3, 0.7, 0], [1, 0, 0]]),
)
def test_parity_on_odd_sizes(pair, batch, height, width, mixture):
    network, engine, _ = pair
    image = np.stack([checkered(width, height, seed) for seed in range(batch)])
    found = engine.paint(image, np.array(mixture, np.float32)).astype(int)
    expected = through_pytorch(network, image, [float(m) for m in mixture])
    assert found.shape == image.shape
    assert np.abs(found - expected).max() <= 1


def test_the_mixture_is_relative_in_the_graph_too(pair):
    _, engine, _ = pair
    image = checkered(40, 32)[None]
    once, thrice = (engine.paint(image, np.array([0, 1, 1], np.float32) * k) for k in (1, 3))
    assert np.abs(once.astype(int) - thrice).max() <= 1


def test_the_file_is_a_valid_model_with_the_contracts_names(pair):
    _, _, path = pair
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    image, style = model.graph.input
    assert (image.name, style.name, model.graph.output[0].name) == ("image", "style", "stylized")
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [d.dim_param or d.dim_value for d in image.type.tensor_type.shape.dim] == ["batch", "height", "width", 3]
    assert [d.dim_value for d in style.type.tensor_type.shape.dim] == [3]


def test_the_file_tells_nothing_of_the_machine_that_wrote_it(pair):
    written = pair[2].read_bytes()
    assert b"stack_trace" not in written
    assert b"export.py" not in written


def test_no_convolutions_bias_is_computed_at_run_time(pair, tmp_path):
    """ONNX Runtime's blocked convolutions take a constant bias or none; the exporter likes to compute zeros."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(str(pair[2]), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(tmp_path / "optimized.onnx").graph
    constant = {tensor.name for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type in ("Conv", "ConvTranspose", "FusedConv")]
    assert len(convolutions) >= 12
    assert all(set(node.input[1:]) <= constant for node in convolutions)


def test_the_weights_come_back(pair):
    network, engine, path = pair
    weights = read_weights(path)
    assert weights_sha256(weights) == weights_sha256(network.state_dict())
    again = type(network)(styles=3, width=8)
    again.load_state_dict(weights)
    assert read_card(path) == engine.card


def test_files_that_are_no_style_model(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing at all")
    for read in (read_weights, read_card):
        with pytest.raises(ModelError, match="there is no style model"):
            read(tmp_path / "missing.onnx")
        with pytest.raises(ModelError, match="not a readable ONNX model"):
            read(broken)
    plain = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    onnx.save(plain, tmp_path / "plain.onnx")
    with pytest.raises(ModelError, match="no Alla Prima card"):
        read_card(tmp_path / "plain.onnx")
    with pytest.raises(ModelError, match="holds no weights"):
        read_weights(tmp_path / "plain.onnx")


def test_the_digest_depends_on_every_weight():
    network = Fast(styles=2, width=4)
    before = weights_sha256(network.state_dict())
    with torch.no_grad():
        network.last.conv.bias[0] += 1e-6
    assert weights_sha256(network.state_dict()) != before
