"""Weights are read from torch's old file format, and nothing else is done."""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from core.media.models.shipped import ModelUnusable
from core.media.models.torch_format import read_tensors


class _Named:
    """Pickles as a reference to ``module.name``, whether that exists or not."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Storage:
    def __init__(self, key: str, kind: str) -> None:
        self.key, self.kind = key, kind


class _Tensor:
    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        hooks: OrderedDict[str, int] = OrderedDict()
        self.parts = (storage, offset, shape, strides, False, hooks)


class _Pickler(pickle._Pickler):
    """The pure Python pickler, because the compiled one looks globals up before it writes them."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> Any:
        if isinstance(obj, _Named):
            return self.write(f"c{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
        if isinstance(obj, _Tensor):
            self.save(_Named("torch._utils", "_rebuild_tensor_v2"))
            self.save(obj.parts)
            return self.write(pickle.REDUCE)  # type: ignore[attr-defined]
        return super().save(obj, save_persistent_id)  # type: ignore[misc]

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", _Named("torch", obj.kind), obj.key, "cpu", 0, None)
        return None


def _file(state: object, storages: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, state, list(storages)):
        _Pickler(out, protocol=2).dump(part)
    return out.getvalue() + b"".join(storages.values())


def _floats(*values: float) -> bytes:
    return struct.pack(f"<q{len(values)}f", len(values), *values)


_STORAGE = _Storage("7", "FloatStorage")


def test_a_tensor_that_is_not_stored_in_order_is_read_by_its_strides() -> None:
    state = OrderedDict(weight=_Tensor(_STORAGE, 1, (2, 3), (1, 2)))
    tensors = read_tensors(_file(state, {"7": _floats(9, 0, 1, 2, 3, 4, 5)}))
    assert tensors["weight"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert tensors["weight"].flags.c_contiguous


def test_counters_are_left_out() -> None:
    steps = _Tensor(_Storage("8", "LongStorage"), 0, (), ())
    state = OrderedDict(weight=_Tensor(_STORAGE, 0, (2,), (1,)), steps=steps)
    content = _file(state, {"7": _floats(1, 2), "8": struct.pack("<qq", 1, 5)})
    assert list(read_tensors(content)) == ["weight"]


def test_a_file_that_names_anything_else_runs_nothing() -> None:
    content = _file(OrderedDict(weight=_Named("os", "system")), {})
    with pytest.raises(ModelUnusable, match=r"os\.system"):
        read_tensors(content)


def test_a_tensor_that_leaves_its_storage_is_refused() -> None:
    state = OrderedDict(weight=_Tensor(_STORAGE, 0, (1000,), (1,)))
    with pytest.raises(ModelUnusable, match="damaged"):
        read_tensors(_file(state, {"7": _floats(1, 2, 3)}))


def test_a_file_cut_in_its_weights_is_refused() -> None:
    content = _file(OrderedDict(weight=_Tensor(_STORAGE, 0, (3,), (1,))), {"7": _floats(1, 2, 3)})
    assert np.array_equal(read_tensors(content)["weight"], [1, 2, 3])
    for length in (len(content) - 1, len(content) - 14, 40, 0):
        with pytest.raises(ModelUnusable):
            read_tensors(content[:length])


def test_a_file_of_a_newer_torch_is_refused() -> None:
    with pytest.raises(ModelUnusable):
        read_tensors(b"PK\x03\x04" + bytes(100))
