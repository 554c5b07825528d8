"""The files we write are what OpenCV reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.media.models.onnx import Graph
from core.media.models.opencv import open_network


def _run(path: Path, content: bytes, value: np.ndarray) -> np.ndarray:
    path.write_bytes(content)
    net = open_network(path)
    net.setInput(value)
    return np.asarray(net.forward())


def test_a_written_convolution_computes_what_its_numbers_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    filters = rng.normal(size=(2, 3, 3, 3)).astype(np.float32)
    biases = rng.normal(size=2).astype(np.float32)
    picture = rng.normal(size=(1, 3, 5, 7)).astype(np.float32)
    graph = Graph("test", "in", (1, 3, 5, 7))
    value = graph.node(
        "Conv",
        ["in", graph.constant(filters), graph.constant(biases)],
        kernel_shape=(3, 3),
        strides=(2, 2),
        pads=(0, 1, 1, 0),
    )
    content = graph.to_bytes({"out": (value, (1, 2, 2, 3))})

    padded = np.pad(picture, ((0, 0), (0, 0), (0, 1), (1, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded[0], (3, 3), axis=(1, 2))[:, ::2, ::2]
    expected = np.einsum("cyxij,ocij->oyx", windows, filters) + biases[:, None, None]
    assert np.allclose(_run(tmp_path / "net.onnx", content, picture)[0], expected, atol=1e-5)


def test_an_attribute_and_a_second_input_arrive_unchanged(tmp_path: Path) -> None:
    graph = Graph("test", "in", (1, 4))
    value = graph.node("Relu", ["in"])
    value = graph.node("Concat", ["in", value], axis=1)
    content = graph.to_bytes({"out": (value, (1, 8))})
    found = _run(tmp_path / "net.onnx", content, np.array([[-4, -1, 0, 3]], dtype=np.float32))
    assert found.tolist() == [[-4, -1, 0, 3, 0, 0, 0, 3]]


def test_only_the_element_types_that_the_writer_knows_are_stored() -> None:
    with pytest.raises(KeyError):
        Graph("test", "in", (1, 4)).constant(np.zeros(3, dtype=np.float64))  # type: ignore[arg-type]
