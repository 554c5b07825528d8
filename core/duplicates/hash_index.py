"""Which of many 64-bit hashes differ in a few bits only? Exact, and without comparing all with all.

Multi-index hashing (Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", IEEE TPAMI
36(6), 2014): the hash is cut into three blocks. Where two hashes differ in at most ``d`` bits, they differ in at most
``d // 3`` bits of one of the blocks, so looking up each block with up to that many bits turned over finds them all;
what is found is compared as a whole. Every pair of hashes is met at most once per block, so hashes that crowd together
cost three times the comparing of all with all at worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.intp]

_BLOCKS = ((0, 22), (22, 21), (43, 21))
"""First bit and width of each block. A million hashes fill about a quarter of the 2**22 places of a block."""

_QUERIES_AT_ONCE = 1 << 15
"""Hashes that are looked up together: what is made of them stays in the processor's cache."""

_COMPARED_AT_ONCE = 1 << 20
"""Pairs that are compared together: about 40 MB."""


class Near(NamedTuple):
    """Some pairs: places in what was asked with, places in the index, and bits in which they differ (0–64)."""

    query: Places
    found: Places
    distance: NDArray[np.uint8]


class _Block(NamedTuple):
    """The hashes in the order of their bits in a block; ``starts[k]`` to ``starts[k + 1]`` are those of key ``k``."""

    first_bit: int
    width: int
    places: Places
    hashes: Hashes
    starts: NDArray[np.int32]


@dataclass(frozen=True)
class HashIndex:
    """Hashes that can be searched. Built by :meth:`of`: 28 bytes for each hash, and 33 MB."""

    _blocks: tuple[_Block, ...]

    @classmethod
    def of(cls, hashes: Hashes) -> HashIndex:
        """The index of up to 2**31 hashes. Equal ones are best given once: each is found by itself."""
        return cls(tuple(_block_of(hashes, first_bit, width) for first_bit, width in _BLOCKS))

    def near(self, queries: Hashes, distance: int) -> Iterator[Near]:
        """All pairs of ``queries`` and hashes of the index that differ in at most ``distance`` bits, each once.

        In no particular order. ``distance`` 0–11; beyond, comparing all with all is quicker. Raises ``ValueError`` for
        another one.
        """
        if not 0 <= distance <= 11:
            raise ValueError(f"a distance of {distance} bits: 0 to 11 can be searched for")
        for number, block in enumerate(self._blocks):
            keys = _keys(queries, block.first_bit, block.width)
            order = np.argsort(keys, kind="stable")
            for start in range(0, len(order), _QUERIES_AT_ONCE):
                some = order[start : start + _QUERIES_AT_ONCE]
                for near in _in_block(block, keys[some], queries[some], distance):
                    near = _first_met(near, queries[some], block, number, distance)
                    if len(near.query):
                        yield Near(some[near.query], block.places[near.found], near.distance)


def _block_of(hashes: Hashes, first_bit: int, width: int) -> _Block:
    keys = _keys(hashes, first_bit, width)
    places = np.argsort(keys, kind="stable")
    starts = np.zeros((1 << width) + 1, np.int32)
    np.cumsum(np.bincount(keys, minlength=1 << width), out=starts[1:])
    return _Block(first_bit, width, places, hashes[places], starts)


def _keys(hashes: Hashes, first_bit: int, width: int) -> NDArray[np.int32]:
    return ((hashes >> np.uint64(first_bit)) & np.uint64((1 << width) - 1)).astype(np.int32)


def _in_block(block: _Block, keys: NDArray[np.int32], queries: Hashes, distance: int) -> Iterator[Near]:
    """The pairs that differ in at most ``distance // 3`` bits of the block, and in ``distance`` bits altogether."""
    turned = _turned(block.width, distance // len(_BLOCKS))
    together = max(1, _QUERIES_AT_ONCE // max(1, len(keys)))
    for start in range(0, len(turned), together):
        some = turned[start : start + together]
        wanted = (keys[:, None] ^ some).ravel()
        starts = block.starts[wanted]
        counts = block.starts[wanted + 1] - starts
        met = np.flatnonzero(counts)
        yield from _compared(block, queries, met // len(some), starts[met], counts[met], distance)


@cache
def _turned(width: int, most: int) -> NDArray[np.int32]:
    """Every number of ``width`` bits of which ``most`` are set at most, those with fewer first."""
    chosen = (bits for count in range(most + 1) for bits in combinations(range(width), count))
    return np.array([sum(1 << bit for bit in bits) for bits in chosen], np.int32)


def _compared(
    block: _Block,
    queries: Hashes,
    asking: Places,
    starts: NDArray[np.int32],
    counts: NDArray[np.int32],
    distance: int,
) -> Iterator[Near]:
    """Compares each of ``asking`` with the ``counts`` hashes from ``starts`` on, as many at once as memory is meant to
    hold; a single crowd may be larger."""
    ends = np.cumsum(counts, dtype=np.int64)
    begin = 0
    while begin < len(asking):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _COMPARED_AT_ONCE, side="right")))
        some = slice(begin, end)
        before = ends[some] - counts[some] - done
        query = np.repeat(asking[some], counts[some])
        found = np.arange(len(query)) + np.repeat(starts[some] - before, counts[some])
        differing = np.bitwise_count(queries[query] ^ block.hashes[found])
        near = np.flatnonzero(differing <= distance)
        if len(near):
            yield Near(query[near], found[near], differing[near])
        begin = end


def _first_met(near: Near, queries: Hashes, block: _Block, number: int, distance: int) -> Near:
    """Without the pairs that an earlier block has found already."""
    is_new = np.ones(len(near.query), bool)
    differing = queries[near.query] ^ block.hashes[near.found]
    for first_bit, width in _BLOCKS[:number]:
        bits = np.uint64(((1 << width) - 1) << first_bit)
        is_new &= np.bitwise_count(differing & bits) > distance // len(_BLOCKS)
    return Near(near.query[is_new], near.found[is_new], near.distance[is_new])
