"""Surgery on a style model: its instance norms take their mean and variance from outside.

Instance norm, z = γ · (x − μ) / √(σ² + ε) + β with μ and σ² of x itself, becomes what ONNX calls ``BatchNormalization``
in inference: the same formula with μ and σ² as inputs. Then the network is local, each pixel of the result depends on
a neighbourhood of the photograph alone, and a picture can be painted tile by tile (``tiles.py``).

The file is edited in protobuf's wire format (protobuf.dev/programming-guides/encoding), one level deep, so that
painting does not need the ``onnx`` package; everything that is not a norm is copied as it stands. The field numbers
are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 11, 12
_NODE_INPUT, _NODE_OP_TYPE = 1, 4
_FLOAT = 1


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
    found = [
        _normalised(node)
        for number, _, graph in _fields(model)
        if number == _MODEL_GRAPH
        for part, _, node in _fields(graph)
        if part == _GRAPH_NODE
    ]
    names = [name for name in found if name is not None]
    return tuple(Norm(name, f"norm_{k}.mean", f"norm_{k}.variance") for k, name in enumerate(names))


def with_given_statistics(model: bytes, stop: int | None = None) -> bytes:
    """The edited model; with ``stop`` only what leads to norm number ``stop``, whose features are the output."""
    norms = find_norms(model)
    return b"".join(
        _field(_MODEL_GRAPH, _edit_graph(value, norms, stop)) if number == _MODEL_GRAPH else raw
        for number, raw, value in _fields(model)
    )


def _edit_graph(graph: bytes, norms: tuple[Norm, ...], stop: int | None) -> bytes:
    """GraphProto -> the edited GraphProto. ONNX keeps nodes in topological order: what precedes a norm leads to it."""
    edited, met, stopped = [], 0, False
    for number, raw, value in _fields(graph):
        if number == _GRAPH_NODE:
            if _normalised(value) is not None:
                stopped = stopped or met == stop
                if not stopped:
                    raw = _field(_GRAPH_NODE, _edit_node(value, norms[met]))  # noqa: PLW2901
                    met += 1
            if stopped:
                continue
        elif number == _GRAPH_OUTPUT and stop is not None:
            continue
        edited.append(raw)
    given = norms if stop is None else norms[:stop]
    edited += [_field(_GRAPH_INPUT, _float_value(name, 1)) for norm in given for name in (norm.mean, norm.variance)]
    if stop is not None:
        edited.append(_field(_GRAPH_OUTPUT, _float_value(norms[stop].features, 4)))
    return b"".join(edited)


def _normalised(node: bytes) -> str | None:
    """The first input of a NodeProto that is an instance norm."""
    fields = list(_fields(node))
    if not any(number == _NODE_OP_TYPE and value == b"InstanceNormalization" for number, _, value in fields):
        return None
    return next(value.decode() for number, _, value in fields if number == _NODE_INPUT)


def _edit_node(node: bytes, norm: Norm) -> bytes:
    """InstanceNormalization(x, γ, β) -> BatchNormalization(x, γ, β, μ, σ²); both call their ε ``epsilon``."""
    kept = b"".join(raw for number, raw, _ in _fields(node) if number != _NODE_OP_TYPE)
    inputs = b"".join(_field(_NODE_INPUT, name.encode()) for name in (norm.mean, norm.variance))
    return kept + inputs + _field(_NODE_OP_TYPE, b"BatchNormalization")


def _float_value(name: str, dimensions: int) -> bytes:
    """ValueInfoProto {name = 1, type = 2 {tensor_type = 1 {elem_type = 1, shape = 2 {dim = 1, …}}}}, sizes open."""
    shape = _field(1, b"") * dimensions
    tensor = _number(1 << 3 | _VARINT) + _number(_FLOAT) + _field(2, shape)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each field of a message: its number, itself as it stands, and what it holds if that is of type bytes.

    Raises:
        ValueError, IndexError: it is no protobuf message.
    """
    position = 0
    while position < len(message):
        start = position
        key, position = _read_number(message, position)
        value, kind = b"", key & 7
        if kind == _VARINT:
            _, position = _read_number(message, position)
        elif kind == _BYTES:
            size, position = _read_number(message, position)
            value = message[position : position + size]
            position += size
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, message[start:position], value


def _field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _read_number(message: bytes, position: int) -> tuple[int, int]:
    """A varint, seven bits a byte from the lowest, and the position behind it."""
    result = shift = 0
    while True:
        byte = message[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7


def _number(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])
