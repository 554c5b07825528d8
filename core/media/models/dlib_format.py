"""What is written in one of dlib's network files?

The layout is what dlib's ``serialize()`` functions leave (``dlib/serialize.h``, ``dlib/dnn/core.h``, ``layers.h``,
``dlib/cuda/tensor.h``), in the layer versions of ``dlib_face_recognition_resnet_model_v1.dat``. An integer is a control
byte (sign in bit 7, number of bytes in bits 0–3) and its magnitude, little-endian; a float is a mantissa and a binary
exponent, both integers; a boolean is the character 0 or 1; text is its length and its bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.media.models.shipped import ModelUnusable

_LAYER_WITHOUT_BODY, _INNERMOST_LAYER = 1, 3
_TENSOR_VERSION = 2


@dataclass(frozen=True)
class Layer:
    """One layer: dlib's tag for its type, its integer settings and its parameters (empty where it has none).

    ``con_4`` has filters × rows × columns as the first three settings, and as parameters the filters and their biases;
    ``affine_`` all factors and then all offsets; ``fc_2`` a matrix of inputs × outputs, its settings being (outputs,
    inputs).
    """

    tag: str
    settings: tuple[int, ...]
    parameters: NDArray[np.float32]


def read_layers(content: bytes) -> list[Layer]:
    """Returns the layers of a network with a loss layer and an RGB input layer, from input to output.

    Raises :class:`ModelUnusable` where ``content`` does not follow the layout.
    """
    reader = _Reader(content)
    reader.integers(1)
    reader.text()
    reader.floats(2)
    kinds = [reader.integer()]
    while kinds[-1] != _INNERMOST_LAYER:
        kinds.append(reader.integer())
    reader.text()
    reader.floats(3)
    reader.integers(2)
    return [_read_layer(reader, kind) for kind in reversed(kinds) if kind != _LAYER_WITHOUT_BODY]


def _read_layer(reader: _Reader, kind: int) -> Layer:
    tag = reader.text()
    settings: tuple[int, ...] = ()
    parameters = np.empty(0, dtype=np.float32)
    match tag:
        case "con_4":
            parameters = reader.tensor()
            settings = reader.integers(7)
            reader.aliases(2)
            reader.floats(4)
        case "affine_":
            parameters = reader.tensor()
            reader.aliases(2)
            reader.integers(1)
        case "fc_2":
            settings = reader.integers(2)
            parameters = reader.tensor()
            reader.aliases(2)
            reader.integers(1)
            reader.floats(4)
        case "max_pool_2" | "avg_pool_2":
            settings = reader.integers(6)
        case "relu_" | "add_prev_":
            pass
        case _:
            raise ModelUnusable(f"A network file of dlib has a layer {tag!r} that Pictallion does not know.")
    reader.booleans(3)
    for _ in range(3):
        reader.tensor()
    if kind == _INNERMOST_LAYER:
        reader.integers(1)
    return Layer(tag, settings, parameters)


class _Reader:
    """Reads dlib's basic types one after another."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def integer(self) -> int:
        control = self._take(1)[0]
        size = control & 0x0F
        if control & 0x70 or not 1 <= size <= 8:
            raise ModelUnusable(f"A network file of dlib is damaged before byte {self._position}.")
        magnitude = int.from_bytes(self._take(size), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def floats(self, count: int) -> tuple[float, ...]:
        return tuple(self.integer() * 2.0 ** self.integer() for _ in range(count))

    def booleans(self, count: int) -> tuple[bool, ...]:
        return tuple(character == ord("1") for character in self._take(count))

    def text(self) -> str:
        return self._take(self.integer()).decode("latin-1")

    def tensor(self) -> NDArray[np.float32]:
        version, *shape = self.integers(5)
        if version != _TENSOR_VERSION:
            raise ModelUnusable(f"A network file of dlib has a tensor of version {version}.")
        return np.frombuffer(self._take(4 * math.prod(shape)), dtype="<f4")

    def aliases(self, count: int) -> None:
        """Views into a tensor: nothing but their shapes, which the settings tell as well."""
        self.integers(5 * count)

    def _take(self, size: int) -> bytes:
        taken = self._content[self._position : self._position + size]
        if len(taken) != size or size < 0:
            raise ModelUnusable("A network file of dlib is cut off.")
        self._position += size
        return taken
