"""dlib's basic types, written here by hand, are read back; anything else is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.models.dlib_format import Layer, read_layers
from core.media.models.shipped import ModelUnusable


def _integer(value: int) -> bytes:
    magnitude = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(magnitude) | (0x80 if value < 0 else 0)]) + magnitude


def _text(text: str) -> bytes:
    return _integer(len(text)) + text.encode()


def _tensor(values: list[float]) -> bytes:
    shape = (len(values), 1, 1, 1) if values else (0, 0, 0, 0)
    return b"".join(_integer(value) for value in (2, *shape)) + struct.pack(f"<{len(values)}f", *values)


def _alias() -> bytes:
    return b"".join(_integer(value) for value in (1, 1, 1, 1, 1))


_FLOAT = _integer(5) + _integer(-3)
_END_OF_LAYER = b"110" + _tensor([]) * 3


def _network(last: bytes, first: bytes) -> bytes:
    head = _integer(1) + _text("loss_metric_2") + _FLOAT * 2
    kinds = _integer(2) + _integer(1) + _integer(3)
    source = _text("input_rgb_image_sized") + _FLOAT * 3 + _integer(150) * 2
    return head + kinds + source + first + _END_OF_LAYER + _integer(0) + last + _END_OF_LAYER


def _convolution(values: list[float], shape: list[int]) -> bytes:
    return _text("con_4") + _tensor(values) + b"".join(_integer(size) for size in shape) + _alias() * 2 + _FLOAT * 4


_SIZES = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
_FLOATS = st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=6)


@settings(max_examples=40)
@given(values=_FLOATS, shape=st.lists(_SIZES, min_size=7, max_size=7))
def test_a_network_reads_back_from_input_to_output(values: list[float], shape: list[int]) -> None:
    layers = read_layers(_network(last=_text("relu_"), first=_convolution(values, shape)))
    assert [layer.tag for layer in layers] == ["con_4", "relu_"]
    assert layers[0].settings == tuple(shape)
    assert layers[0].parameters.tolist() == values
    assert layers[1].parameters.size == 0


@settings(max_examples=60)
@given(st.data())
def test_a_network_that_ends_early_is_refused(data: st.DataObject) -> None:
    content = _network(last=_text("add_prev_"), first=_convolution([1.0, 2.0], [1, 1, 1, 1, 1, 0, 0]))
    length = data.draw(st.integers(min_value=0, max_value=len(content) - 1))
    with pytest.raises(ModelUnusable, match="cut off"):
        read_layers(content[:length])


def test_a_layer_of_another_dlib_version_is_refused_by_its_name() -> None:
    with pytest.raises(ModelUnusable, match="con_5"):
        read_layers(_network(last=_text("relu_"), first=_text("con_5")))


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(ModelUnusable):
        read_layers(content)


def test_layers_carry_their_tag() -> None:
    layer = read_layers(_network(last=_text("relu_"), first=_text("relu_")))[0]
    assert isinstance(layer, Layer)
    assert layer.tag == "relu_"
