"""What is found among many hashes is what comparing all with all finds, however they crowd."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.duplicates.hash_index import Hashes, HashIndex

Triple = tuple[int, int, int]


def found(queries: Hashes, hashes: Hashes, distance: int) -> list[Triple]:
    """What the index finds, sorted; a pair that is found twice stands there twice."""
    return sorted(
        (int(query), int(place), int(bits))
        for near in HashIndex.of(hashes).near(queries, distance)
        for query, place, bits in zip(*near, strict=True)
    )


def compared(queries: Hashes, hashes: Hashes, distance: int) -> list[Triple]:
    """What comparing all with all finds."""
    differing = np.bitwise_count(queries[:, None] ^ hashes[None, :])
    return sorted(
        (int(q), int(f), int(differing[q, f])) for q, f in zip(*np.nonzero(differing <= distance), strict=True)
    )


def crowd(seed: int, count: int, share: float) -> Hashes:
    """Hashes in which each bit is set with a probability of ``share``: the fewer, the closer together."""
    bits = np.random.default_rng(seed).random((count, 64)) < share
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.tuples(st.integers(0, 80), st.integers(0, 200)),
    share=st.sampled_from([0.0, 0.02, 0.1, 0.5]),
    distance=st.integers(0, 11),
)
def test_pairs_are_those_of_comparing_all_with_all(
    seed: int, counts: tuple[int, int], share: float, distance: int
) -> None:
    queries, hashes = crowd(seed, counts[0], share), crowd(seed + 1, counts[1], share)
    assert found(queries, hashes, distance) == compared(queries, hashes, distance)


@settings(max_examples=20, deadline=None)
@given(origin=st.integers(0, 2**64 - 1), bits=st.lists(st.integers(0, 63), max_size=11, unique=True))
def test_a_hash_is_found_wherever_its_bits_are_turned_over(origin: int, bits: list[int]) -> None:
    turned = origin ^ sum(1 << bit for bit in bits)
    pair = np.array([origin], np.uint64), np.array([turned], np.uint64)
    assert found(*pair, 11) == [(0, 0, len(bits))]


def test_thousands_of_equal_hashes_are_all_found() -> None:
    """More of them than are compared at once: a camera's black frames have one hash."""
    equal = np.full(1_500, 7, np.uint64)
    near = list(HashIndex.of(equal).near(equal, 8))
    assert sum(len(part.query) for part in near) == 1_500**2
    assert max(len(part.query) for part in near) <= 1_100_000


def test_among_many_every_pair_is_found() -> None:
    """Enough for every block to be crowded somewhere and empty elsewhere."""
    hashes = np.concatenate([crowd(1, 3_000, 0.5), crowd(2, 1_000, 0.06), crowd(3, 1_000, 0.94)])
    hashes[:200] = hashes[200:400] ^ np.uint64(0b1001_0001 << 20)
    assert found(hashes, hashes, 8) == compared(hashes, hashes, 8)


@pytest.mark.parametrize("distance", [-1, 12])
def test_other_distances_are_refused(distance: int) -> None:
    with pytest.raises(ValueError, match="bits"):
        next(HashIndex.of(np.zeros(1, np.uint64)).near(np.zeros(1, np.uint64), distance))
