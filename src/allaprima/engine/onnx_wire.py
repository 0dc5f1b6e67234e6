"""ONNX files as they lie on disk, read and written one level deep, so that painting does not need the ``onnx`` package.

The wire format is protobuf's (protobuf.dev/programming-guides/encoding), the numbers of the fields are those of
onnx.proto. Whatever nobody asks for is copied as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MODEL_GRAPH, MODEL_METADATA = 7, 14
FLOAT = 1
ELEMENTS = {"float32": FLOAT, "uint8": 2, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}
"""The types of a tensor's elements, by numpy's names."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
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
        if position > len(message):
            raise ValueError("it ends in the middle of a field")
        yield key >> 3, message[start:position], value


def texts(message: bytes, wanted: int) -> list[str]:
    """What the fields of one number say; optional ones that are left out are empty."""
    return [value.decode() for number, _, value in fields(message) if number == wanted]


def field(number: int, value: bytes) -> bytes:
    """A field that holds bytes: a string or a message."""
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def value_info(name: str, element: int, dimensions: int) -> bytes:
    """ValueInfoProto {name = 1, type = 2 {tensor_type = 1 {elem_type = 1, shape = 2 {dim = 1, …}}}}, sizes open."""
    tensor = _number(1 << 3 | _VARINT) + _number(element) + field(2, field(1, b"") * dimensions)
    return field(1, name.encode()) + field(2, field(1, tensor))


def tensor(name: str, kind: str, shape: Iterable[int], data: bytes) -> bytes:
    """TensorProto {dims = 1, data_type = 2, name = 8, raw_data = 9}; its ``kind`` is one of ``ELEMENTS``."""
    dims = b"".join(_number(1 << 3 | _VARINT) + _number(size) for size in shape)
    return dims + _number(2 << 3 | _VARINT) + _number(ELEMENTS[kind]) + field(8, name.encode()) + field(9, data)


def with_graph(model: bytes, graph: bytes) -> bytes:
    """The model with another graph."""
    return b"".join(field(MODEL_GRAPH, graph) if number == MODEL_GRAPH else raw for number, raw, _ in fields(model))


def graph_of(model: bytes) -> bytes:
    """A model's GraphProto.

    Raises:
        ValueError, IndexError: it is no ONNX file.
    """
    graphs = [value for number, _, value in fields(model) if number == MODEL_GRAPH]
    if len(graphs) != 1:
        raise ValueError("no ONNX model")
    return graphs[0]


def metadata_of(model: bytes) -> dict[str, str]:
    """A model's ``metadata_props``: StringStringEntryProto {key = 1, value = 2} each.

    Raises:
        ValueError, IndexError: it is no ONNX file.
    """
    graph_of(model)  # any bytes may look like a message; a model has a graph
    entries = [value for number, _, value in fields(model) if number == MODEL_METADATA]
    pairs = ({number: value.decode() for number, _, value in fields(entry)} for entry in entries)
    return {pair.get(1, ""): pair.get(2, "") for pair in pairs}


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
