"""Rows of different lengths, one after the other in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 16
"""Values that are looked up together: their places fit a processor's cache."""


@dataclass(frozen=True)
class Ragged:
    """``n`` rows: row ``i`` is ``values[starts[i] : starts[i + 1]]``, and no row is empty."""

    values: NDArray[Any]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @staticmethod
    def of(rows: Sequence[Sequence[int]], dtype: type[np.generic]) -> Ragged:
        """These rows."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        values = np.fromiter((value for row in rows for value in row), dtype, int(lengths.sum()))
        return Ragged(values, _starts(lengths))

    @staticmethod
    def of_texts(texts: Sequence[str]) -> Ragged:
        """Texts as UTF-8, with a line feed after each."""
        encoded = [text.encode("utf-8", "surrogatepass") + b"\n" for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return Ragged(np.frombuffer(b"".join(encoded), np.uint8), _starts(lengths))

    def followed_by(self, *others: Ragged) -> Ragged:
        """The rows of all of them."""
        every = (self, *others)
        lengths = np.concatenate([np.diff(each.starts) for each in every])
        return Ragged(np.concatenate([each.values for each in every]), _starts(lengths))

    def chosen(self, places: NDArray[np.int64]) -> Ragged:
        """The rows at these places, in this order."""
        lengths = np.diff(self.starts)[places]
        starts = _starts(lengths)
        shifts = np.repeat(self.starts[:-1][places] - starts[:-1], lengths)
        return Ragged(self.values[np.arange(starts[-1]) + shifts], starts)

    def rows_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows that these ascending places of ``values`` are in, each once, ascending."""
        if len(places) > len(self):
            marked = np.zeros(len(self.values), np.bool_)
            marked[places] = True
            return np.flatnonzero(np.logical_or.reduceat(marked, self.starts[:-1]))
        rows = np.searchsorted(self.starts, places, "right") - 1
        return rows[np.flatnonzero(np.diff(rows, prepend=-1))]

    def looked_up(self, table: NDArray[Any]) -> NDArray[Any]:
        """What ``table`` has for each of ``values``, which are places in it."""
        found = np.empty(len(self.values), table.dtype)
        for start in range(0, len(found), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            np.take(table, self.values[part].astype(np.intp), out=found[part], mode="clip")
        return found

    def any_of(self, bits: NDArray[Any]) -> NDArray[Any]:
        """For each row, the bits of all its values together, where ``bits`` has those of each value."""
        if not len(self) or not bits.any():
            return np.zeros(len(self), bits.dtype)
        together: NDArray[Any] = np.bitwise_or.reduceat(self.looked_up(bits), self.starts[:-1])
        return together


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts
