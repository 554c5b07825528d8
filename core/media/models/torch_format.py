"""Which tensors are in a file that an old torch saved?

Before version 1.6, ``torch.save`` wrote five pickles (magic number, protocol version, system, the object, the keys of
the storages) followed by the storages, each as an 8-byte count and its raw elements. Pickles can run any code, so only
the four names that such a file of weights needs are allowed.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.media.models.shipped import ModelUnusable

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_FLOAT_STORAGE, _LONG_STORAGE = np.dtype("<f4"), np.dtype("<i8")


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage: ``offset`` and ``strides`` count elements, and filters are not stored in order."""

    storage: str
    element: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Returns the float tensors of a saved ``state_dict`` by name, as contiguous arrays.

    Raises :class:`ModelUnusable` where ``content`` is no such file or names anything but tensors.
    """
    stream = io.BytesIO(content)
    try:
        if _Unpickler(stream).load() != _MAGIC or _Unpickler(stream).load() != _PROTOCOL:
            raise ModelUnusable("The network's file was not saved by torch before its version 1.6.")
        _Unpickler(stream).load()
        tensors: dict[str, _Tensor] = _Unpickler(stream).load()
        elements = {tensor.storage: tensor.element for tensor in tensors.values()}
        keys: list[str] = _Unpickler(stream).load()
        storages = {key: _read_storage(stream, elements[key]) for key in keys}
        return {
            name: _view(storages[tensor.storage], tensor)
            for name, tensor in tensors.items()
            if tensor.element == _FLOAT_STORAGE
        }
    except (pickle.UnpicklingError, EOFError, struct.error, KeyError, ValueError) as error:
        raise ModelUnusable(f"The network's file is damaged: {error}.") from error


class _Unpickler(pickle.Unpickler):
    """Knows ordered dictionaries, tensors and two types of storages, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch", "FloatStorage":
                return _FLOAT_STORAGE
            case "torch", "LongStorage":
                return _LONG_STORAGE
            case "torch._utils", "_rebuild_tensor_v2":
                return _rebuild_tensor
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, element, key, _, _, _ = pid
        return key, element


def _rebuild_tensor(
    storage: tuple[str, np.dtype[Any]], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    key, element = storage
    return _Tensor(key, element, offset, shape, strides)


def _read_storage(stream: io.BytesIO, element: np.dtype[Any]) -> NDArray[Any]:
    (count,) = struct.unpack("<q", stream.read(8))
    raw = stream.read(count * element.itemsize)
    if len(raw) != count * element.itemsize:
        raise EOFError("it ends too early")
    return np.frombuffer(raw, dtype=element)


def _view(storage: NDArray[Any], tensor: _Tensor) -> NDArray[np.float32]:
    size = storage.itemsize
    strides = tuple(step * size for step in tensor.strides)
    # Unlike as_strided, the constructor refuses a view that leaves its storage.
    view: NDArray[np.float32] = np.ndarray(tensor.shape, storage.dtype, storage.data, tensor.offset * size, strides)
    return np.ascontiguousarray(view)
