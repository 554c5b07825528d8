"""Writes ONNX files: just enough of the format for two convolutional networks, with numpy alone.

ONNX is a protocol-buffers message. Field numbers are those of ``onnx.proto`` (IR version 8), the wire format that of
https://protobuf.dev/programming-guides/encoding/: every field is a key ``number << 3 | wire type`` followed by a
varint (wire type 0) or a length and that many bytes (2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Attribute = int | Sequence[int]

IR_VERSION = 8
"""Version of the file structure; 8 came with ONNX 1.10 (2021)."""

OPSET_VERSION = 13
"""Version of the operators' meanings; since 11 the bounds of Clip and the widths of Pad are inputs, not attributes."""

_VARINT, _BYTES = 0, 2
_ELEMENT_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


class Graph:
    """A network that grows node by node.

    Values are named by the strings that :meth:`constant` and :meth:`node` return; the caller wires nodes with them.
    """

    def __init__(self, name: str, input_name: str, input_shape: Sequence[int | str]) -> None:
        """``input_shape`` has one entry per dimension: a size, or a name where the size is free."""
        self._name = name
        self._input = _value_info(input_name, input_shape)
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def constant(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Stores ``values`` in the file and returns their name. Raises ``KeyError`` for any other element type."""
        name = f"constant_{len(self._tensors)}"
        self._tensors.append(_tensor(name, values))
        return name

    def node(self, operator: str, inputs: Sequence[str], **attributes: Attribute) -> str:
        """Adds one operator with a single output and returns the name of that output."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(_node(operator, inputs, output, attributes))
        return output

    def to_bytes(self, outputs: dict[str, tuple[str, Sequence[int | str]]]) -> bytes:
        """Returns the file. ``outputs`` maps each output's name to the value it repeats and to its shape."""
        renamed = [_node("Identity", [value], name, {}) for name, (value, _) in outputs.items()]
        graph = b"".join(
            [
                *(_field(1, node) for node in [*self._nodes, *renamed]),
                _field(2, self._name.encode()),
                *(_field(5, tensor) for tensor in self._tensors),
                _field(11, self._input),
                *(_field(12, _value_info(name, shape)) for name, (_, shape) in outputs.items()),
            ]
        )
        opset = _field(1, b"") + _number(2, OPSET_VERSION)
        return _number(1, IR_VERSION) + _field(2, b"pictallion") + _field(7, graph) + _field(8, opset)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(payload)) + payload


def _node(operator: str, inputs: Sequence[str], output: str, attributes: dict[str, Attribute]) -> bytes:
    return b"".join(
        [
            *(_field(1, name.encode()) for name in inputs),
            _field(2, output.encode()),
            _field(3, output.encode()),
            _field(4, operator.encode()),
            *(_field(5, _attribute(name, value)) for name, value in attributes.items()),
        ]
    )


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        content, kind = _number(3, value), _ATTRIBUTE_INT
    else:
        content, kind = b"".join(_number(8, item) for item in value), _ATTRIBUTE_INTS
    return _field(1, name.encode()) + content + _number(20, kind)


def _tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    little_endian = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return b"".join(
        [
            *(_number(1, size) for size in values.shape),
            _number(2, _ELEMENT_TYPES[values.dtype]),
            _field(8, name.encode()),
            _field(9, little_endian.tobytes()),
        ]
    )


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    dimensions = (_number(1, size) if isinstance(size, int) else _field(2, size.encode()) for size in shape)
    tensor_type = _number(1, _ELEMENT_TYPES[np.dtype(np.float32)]) + _field(
        2, b"".join(_field(1, dimension) for dimension in dimensions)
    )
    return _field(1, name.encode()) + _field(2, _field(1, tensor_type))
