"""How does dlib's face network (ResNet, 29 convolutions, 128-D embeddings) run in OpenCV?

It is rewritten as ONNX from its own file. OpenCV runs it about nine times faster than dlib does, without holding
Python's lock, and the numbers agree to 3e-6, so dlib's published distance thresholds hold. The network is the type
``anet_type`` in dlib's example ``dnn_face_recognition_ex.cpp``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.media.models.dlib_format import read_layers
from core.media.models.onnx import Graph
from core.media.models.shipped import ModelUnusable, read_pinned

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""Of ``dlib_face_recognition_resnet_model_v1.dat``, 22,466,066 bytes, as face_recognition_models 0.3.0 ships it."""

CHIP_SIZE = 150
"""Width and height in pixels of the aligned face that the network takes."""

EMBEDDING_SIZE = 128

_MEAN_RGB = (122.782, 117.001, 104.298)
_SCALE = 1 / 256
_BLOCKS = (
    *("same", "same", "same"),
    *("down", "same", "same", "same"),
    *("down", "same", "same"),
    *("down", "same", "same"),
    "down",
)
"""The residual blocks from input to output; ``down`` halves the picture."""


@dataclass(frozen=True)
class Convolution:
    """Filters [out, in, height, width] and biases [out]."""

    filters: NDArray[np.float64]
    biases: NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """What the file holds: 29 convolutions with their affine layers folded in, and the last matrix [256, 128]."""

    convolutions: tuple[Convolution, ...]
    projection: NDArray[np.float32]


def convert(path: Path) -> bytes:
    """Returns the network in dlib's file ``path`` as the bytes of an ONNX file.

    Input ``chips``: float32 [n, 3, 150, 150], RGB, 0–255. Output ``embeddings``: float32 [n, 128], not normalised.
    Raises :class:`ModelUnusable` when the file cannot be read or is not the one with :data:`SHA256`.
    """
    weights = _read_weights(read_pinned(path, SHA256))
    graph = Graph("dlib_face_recognition_resnet_v1", "chips", ("n", 3, CHIP_SIZE, CHIP_SIZE))
    stem, *rest = weights.convolutions
    value = _convolve(graph, "chips", _with_normalised_input(stem), stride=2, padding=0)
    value = graph.node("Relu", [value])
    value = graph.node("MaxPool", [value], kernel_shape=(3, 3), strides=(2, 2))
    side = (_strided(CHIP_SIZE, kernel=7) - 3) // 2 + 1
    for block, first, second in zip(_BLOCKS, rest[::2], rest[1::2], strict=True):
        if block == "same":
            branch = _branch(graph, value, first, second, stride=1, padding=1)
            skip = value
        else:
            branch = _branch(graph, value, first, second, stride=2, padding=0)
            skip = graph.node("AveragePool", [value], kernel_shape=(2, 2), strides=(2, 2))
            # dlib adds pictures of different sizes as if the smaller one went on with zeros at its end.
            branch = _pad_end(graph, branch, channels=0, pixels=side // 2 - _strided(side, kernel=3))
            skip = _pad_end(graph, skip, channels=len(first.filters) - first.filters.shape[1], pixels=0)
            side = side // 2
        value = graph.node("Relu", [graph.node("Add", [branch, skip])])
    value = graph.node("GlobalAveragePool", [value])
    value = graph.node("Flatten", [value], axis=1)
    value = graph.node("MatMul", [value, graph.constant(weights.projection)])
    return graph.to_bytes({"embeddings": (value, ("n", EMBEDDING_SIZE))})


def _strided(side: int, kernel: int) -> int:
    return (side - kernel) // 2 + 1


def _branch(graph: Graph, value: str, first: Convolution, second: Convolution, stride: int, padding: int) -> str:
    value = graph.node("Relu", [_convolve(graph, value, first, stride, padding)])
    return _convolve(graph, value, second, stride=1, padding=1)


def _convolve(graph: Graph, value: str, convolution: Convolution, stride: int, padding: int) -> str:
    filters = graph.constant(convolution.filters.astype(np.float32))
    biases = graph.constant(convolution.biases.astype(np.float32))
    return graph.node(
        "Conv",
        [value, filters, biases],
        kernel_shape=convolution.filters.shape[2:],
        strides=(stride, stride),
        pads=(padding,) * 4,
    )


def _pad_end(graph: Graph, value: str, channels: int, pixels: int) -> str:
    if not channels and not pixels:
        return value
    widths = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], dtype=np.int64)
    return graph.node("Pad", [value, graph.constant(widths)])


def _with_normalised_input(convolution: Convolution) -> Convolution:
    """Lets the first convolution take raw pixels: it has no padding, so (pixel − mean) / 256 is linear all over."""
    scaled = convolution.filters * _SCALE
    return Convolution(scaled, convolution.biases - np.einsum("oihw,i->o", scaled, np.array(_MEAN_RGB)))


def _read_weights(content: bytes) -> Weights:
    convolutions: list[Convolution] = []
    projection = None
    for layer in read_layers(content):
        if layer.tag == "con_4":
            count, height, width = layer.settings[:3]
            parameters = layer.parameters.astype(np.float64)
            filters = parameters[:-count].reshape(count, -1, height, width)
            convolutions.append(Convolution(filters, parameters[-count:]))
        elif layer.tag == "affine_":
            factors, offsets = np.split(layer.parameters.astype(np.float64), 2)
            before = convolutions.pop()
            filters = before.filters * factors[:, None, None, None]
            convolutions.append(Convolution(filters, before.biases * factors + offsets))
        elif layer.tag == "fc_2":
            outputs, inputs = layer.settings
            projection = layer.parameters.reshape(inputs, outputs)
    if projection is None:
        raise ModelUnusable("dlib's face network has no last layer.")
    return Weights(tuple(convolutions), projection)
