"""Graphs read without the ``onnx`` package, against that package, on graphs of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.engine.fixed_norm import with_given_statistics
from allaprima.engine.graph import Graph
from allaprima.engine.runtime import open_session
from allaprima.engine.tiles import TilePainter
from allaprima.errors import ModelError
from support import checkered

onnx = pytest.importorskip("onnx")
helper = onnx.helper

NAMES = st.text(max_size=12)
"""Any text, and none, which is an optional input that is left out."""
VALUES = st.sampled_from([3, -1, 2**40, 0.5, "word", b"\x80\x00bytes", [1, 2], [0.5, 1.5], ["a", "b"]])
KINDS = st.sampled_from(["InstanceNormalization", "Conv", "Relu", "Größe", "BatchNormalization"])


@st.composite
def nodes(draw: st.DrawFn) -> onnx.NodeProto:
    """One node, of any names and attributes."""
    inputs = draw(st.lists(NAMES, min_size=3, max_size=5))
    outputs = draw(st.lists(NAMES, max_size=3))
    node = helper.make_node(draw(KINDS), inputs, outputs, name=draw(NAMES), domain=draw(st.sampled_from(["", "a.b"])))
    for name, value in draw(st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=3)).items():
        node.attribute.append(helper.make_attribute(name, value))
    return node


@st.composite
def models(draw: st.DrawFn) -> onnx.ModelProto:
    """A model of any nodes, weights and texts; it need not make sense."""
    graph = onnx.GraphProto(name=draw(NAMES), doc_string=draw(NAMES))
    graph.node.extend(draw(st.lists(nodes(), max_size=6)))
    for name in draw(st.lists(NAMES, max_size=3)):
        values = np.arange(draw(st.integers(0, 300)), dtype=draw(st.sampled_from(["float32", "int64", "uint8"])))
        graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    for names, kind in ((graph.input, "uint8"), (graph.output, "float32"), (graph.value_info, "int64")):
        element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        names.extend(
            helper.make_tensor_value_info(name, element, ["n", 3, None]) for name in draw(st.lists(NAMES, max_size=3))
        )
    model = helper.make_model(graph, producer_name=draw(NAMES))
    for key, value in draw(st.dictionaries(NAMES, NAMES, max_size=2)).items():
        model.metadata_props.add(key=key, value=value)
    return model


@given(models())
def test_it_reads_what_onnx_reads(model):
    graph = Graph.of(model.SerializeToString())
    for found, node in zip(graph.nodes, model.graph.node, strict=True):
        assert onnx.NodeProto.FromString(found.message) == node
        assert found.kind == node.op_type
        assert found.inputs == set(node.input) - {""}
        assert found.outputs == tuple(name for name in node.output if name)
    assert graph.constants - {""} == {tensor.name for tensor in model.graph.initializer} - {""}
    assert not graph.nested


@given(models())
def test_a_graph_that_is_put_together_again_is_the_same(model):
    expected = onnx.ModelProto.FromString(model.SerializeToString())
    del expected.graph.value_info[:]  # what a whole graph holds is not true of a piece
    assert onnx.ModelProto.FromString(Graph.of(model.SerializeToString()).whole) == expected


@given(models(), st.lists(st.text(min_size=1, max_size=9), max_size=3))
def test_other_outputs(model, names):
    found = onnx.ModelProto.FromString(Graph.of(model.SerializeToString()).with_outputs(names))
    assert [output.name for output in found.graph.output] == names
    assert list(found.graph.node) == list(model.graph.node)
    assert list(found.graph.input) == list(model.graph.input)


@given(models())
def test_norms_of_given_statistics_are_the_edit_that_onnx_would_make(model):
    edited, norms = with_given_statistics(Graph.of(model.SerializeToString()))
    found = onnx.ModelProto.FromString(edited.whole)
    expected, names = [], []
    for node in model.graph.node:
        changed = onnx.NodeProto.FromString(node.SerializeToString())
        if node.op_type == "InstanceNormalization":
            statistics = [f"norm_{len(names) // 2}.mean", f"norm_{len(names) // 2}.variance"]
            assert norms[len(names) // 2] == (node.input[0], *statistics)
            names += statistics
            changed.op_type = "BatchNormalization"
            changed.input.extend(statistics)
        expected.append(changed)
    assert list(found.graph.node) == expected
    assert [value.name for value in found.graph.input] == [*(value.name for value in model.graph.input), *names]
    assert list(found.graph.initializer) == list(model.graph.initializer)


@given(models(), st.data())
def test_a_file_that_ends_early_is_no_model(model, data):
    whole = model.SerializeToString()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        graph = Graph.of(cut)
    except (ValueError, IndexError):  # a UnicodeDecodeError is a ValueError
        return
    assert len(graph.nodes) <= len(model.graph.node)  # what follows the graph was cut


def branch() -> onnx.NodeProto:
    """A node with two graphs inside."""
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [])
    inner = helper.make_graph([helper.make_node("Relu", ["features"], ["x"])], "inner", [], [value])
    return helper.make_node("If", ["condition"], ["y"], then_branch=inner, else_branch=inner)


@given(models(), st.integers(0, 9))
def test_graphs_inside_nodes_are_seen(model, place):
    model.graph.node.insert(min(place, len(model.graph.node)), branch())
    assert Graph.of(model.SerializeToString()).nested


@given(models())
def test_functions_are_seen(model):
    relu = helper.make_node("Relu", ["a"], ["b"])
    model.functions.append(helper.make_function("own", "f", ["a"], ["b"], [relu], [helper.make_opsetid("", 18)]))
    assert Graph.of(model.SerializeToString()).nested


# Networks that cannot be painted in tiles.


def network(*middle: onnx.NodeProto, features: str = "features", last: str = "painted") -> bytes:
    """uint8 [1, h, w, 3] -> uint8 [1, h, w, 3] through these nodes, which lead from "features" to "painted"."""
    tensor, numpy = onnx.TensorProto, onnx.numpy_helper.from_array
    given_nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=tensor.FLOAT),
        helper.make_node("Transpose", ["numbers"], [features], perm=[0, 3, 1, 2]),
        *middle,
        helper.make_node("Transpose", [last], ["lines"], perm=[0, 2, 3, 1]),
        helper.make_node("Clip", ["lines", "zero", "most"], ["clipped"]),
        helper.make_node("Cast", ["clipped"], ["stylized"], to=tensor.UINT8),
        helper.make_node("Identity", ["style"], ["unused"]),
    ]
    sizes = ["n", "h", "w", 3]
    graph = helper.make_graph(
        given_nodes,
        "network",
        [
            helper.make_tensor_value_info("image", tensor.UINT8, sizes),
            helper.make_tensor_value_info("style", tensor.FLOAT, ["s"]),
        ],
        [helper.make_tensor_value_info("stylized", tensor.UINT8, sizes)],
        [
            numpy(np.float32(0), "zero"),
            numpy(np.float32(255), "most"),
            numpy(np.full(3, 60, np.float32), "scale"),
            numpy(np.full(3, 128, np.float32), "shift"),
            numpy(np.full((3, 1, 1, 5), 0.2, np.float32), "row"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()


def norm(features: str = "features", result: str = "painted") -> onnx.NodeProto:
    return helper.make_node("InstanceNormalization", [features, "scale", "shift"], [result])


def painter(model: bytes) -> TilePainter:
    return TilePainter(model, 2, open_session)


@pytest.mark.parametrize("case", ["a norm of one value", "the whole in every pixel", "a branch"])
def test_what_cannot_be_painted_in_tiles_says_so(case):
    pool = helper.make_node("GlobalAveragePool", ["features"], ["mean"])
    add = helper.make_node("Add", ["x", "mean"], ["painted"])
    middle = {
        "a norm of one value": [pool, norm("mean", "x"), helper.make_node("Add", ["features", "x"], ["painted"])],
        "the whole in every pixel": [norm(result="x"), pool, add],
        "a branch": [norm(), branch()],
    }[case]
    with pytest.raises(ModelError, match="cannot paint in tiles") as caught:
        painter(network(*middle)).paint(checkered(200, 150), np.float32([0, 1]), 1)
    assert "memory" in caught.value.options


def test_a_network_that_looks_nowhere_else_needs_no_margin():
    layout = painter(network(norm())).layout
    assert (layout.reach, layout.margin) == (0, 0)


@pytest.mark.parametrize(("pads", "reach"), [([0, 4, 0, 0], 4), ([0, 0, 0, 4], 4), ([0, 2, 0, 2], 2)])
def test_the_reach_is_measured_both_ways(pads, reach):
    """A mean over five columns, to the left, to the right, or around."""
    mean = helper.make_node("Conv", ["x", "row"], ["painted"], group=3, pads=pads)
    network_painter = painter(network(norm(result="x"), mean))
    assert (network_painter.layout.reach, network_painter.layout.margin) == (reach, 16)


def test_what_is_rounded_away_in_the_pixels_counts_for_the_reach():
    """A weight of a thousandth at the far end of the row changes no pixel of most pictures."""
    far = helper.make_node("Constant", [], ["far"], value=onnx.numpy_helper.from_array(far_end()))
    mean = helper.make_node("Conv", ["x", "far"], ["painted"], group=3, pads=[0, 20, 0, 20])
    assert painter(network(norm(result="x"), far, mean)).layout.margin == 32


def far_end() -> np.ndarray:
    kernel = np.zeros((3, 1, 1, 41), np.float32)
    kernel[..., 20], kernel[..., 0] = 1, 1e-4
    return kernel


def test_a_second_picture_opens_no_session():
    opened = []

    def counting(model: bytes):
        opened.append(model)
        return open_session(model)

    tiles = TilePainter(network(norm()), 2, counting)
    image = checkered(300, 200)
    first = tiles.paint(image, np.float32([0, 1]), 1)
    count = len(opened)
    assert np.array_equal(tiles.paint(image, np.float32([0, 1]), 1), first)
    assert len(opened) == count
