"""Which pictures of a library may be copies of one another? Hashes and embeddings suspect; pixels confirm.

Runs in a worker: the fingerprints of the library are one file, a record for each picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.duplicates.hash_index import HashIndex
from core.duplicates.suspect import Suspect
from core.media.fingerprint import ORIENTATIONS, RECORD

DISTANCE = 8
"""Bits of 64 in which the hashes of a copy may differ."""

MIN_CONTRAST = 0.02
"""Pictures with less contrast (0–1) are suspected by nobody: a black frame looks like every other."""

LIKELY = 0.5
"""Cosine of two embeddings from which one may be a part of the other, or turned. Of copies that keep a third of the
picture 85 in 100 reach it, of those turned by 25° 90, and of all pairs of different pictures one in 300."""

MOST_BY_HASH = 12
MOST_BY_EMBEDDING = 4
"""Suspects of one picture at most, the likeliest first. Thousands of pictures with one hash must not cost their square;
each of them is still tied to the first few, which is enough for a group."""

_ROWS_AT_ONCE = 1 << 14

Records = NDArray[Any]


def find_suspects(records: Records, first: int, end: int) -> list[Suspect]:
    """The suspects of the rows from ``first`` to ``end`` among all rows before each of them.

    ``records`` are of :data:`core.media.fingerprint.RECORD`; a row that is all 0 is of a picture without a fingerprint.
    """
    known = records[:end]
    has_content = known["contrast"] >= MIN_CONTRAST
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for name in ("dct", "difference"):
        for new, other, orientation, bits in _by_hash(known[name], has_content, first):
            found[new, other] = min(found.get((new, other), (65, 0)), (bits, orientation))
    by_new: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for (new, other), (bits, orientation) in found.items():
        by_new[new].append((bits, other, orientation))
    suspects = [
        Suspect(new, other, orientation)
        for new, theirs in by_new.items()
        for _, other, orientation in sorted(theirs)[:MOST_BY_HASH]
    ]
    by_hash = {(suspect.new, suspect.other) for suspect in suspects}
    for new, other in _by_embedding(known["embedding"], has_content, first):
        if (new, other) not in by_hash:
            suspects.append(Suspect(new, other, None))
    return sorted(suspects, key=lambda suspect: (suspect.new, suspect.other))


def _by_hash(hashes: NDArray[np.uint64], has_content: NDArray[np.bool_], first: int) -> Iterator[tuple[int, ...]]:
    """New row, other row, orientation and bits of difference. Of a crowd of equal hashes the first few are compared."""
    rows = np.flatnonzero(has_content)
    own = np.ascontiguousarray(hashes[rows, 0])
    order = np.argsort(own, kind="stable")
    crowded, starts, counts = np.unique(own[order], return_index=True, return_counts=True)
    index = HashIndex.of(crowded)
    new = rows[rows >= first]
    queries = np.ascontiguousarray(hashes[new]).ravel()
    for near in index.near(queries, DISTANCE):
        for query, found, bits in zip(near.query.tolist(), near.found.tolist(), near.distance.tolist(), strict=True):
            row, orientation = int(new[query // ORIENTATIONS]), query % ORIENTATIONS
            crowd = order[starts[found] : starts[found] + min(counts[found], MOST_BY_HASH)]
            for other in rows[crowd].tolist():
                if other < row:
                    yield row, other, orientation, bits


def _by_embedding(
    embeddings: NDArray[np.int8], has_content: NDArray[np.bool_], first: int
) -> Iterator[tuple[int, int]]:
    """The nearest rows before each new one, if they are near enough."""
    new = np.flatnonzero(has_content[first:]) + first
    if not len(new):
        return
    mine = _directions(embeddings[new])
    best = np.full((len(new), MOST_BY_EMBEDDING), -1.0, np.float32)
    rows = np.zeros((len(new), MOST_BY_EMBEDDING), np.int64)
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        some = embeddings[start : start + _ROWS_AT_ONCE]
        cosines = mine @ _directions(some).T
        places = np.arange(start, start + len(some))
        cosines[(places[None, :] >= new[:, None]) | ~has_content[places][None, :]] = -1
        taken = np.argpartition(-cosines, min(MOST_BY_EMBEDDING, len(some)) - 1, axis=1)[:, :MOST_BY_EMBEDDING]
        best = np.concatenate([best, np.take_along_axis(cosines, taken, axis=1)], axis=1)
        rows = np.concatenate([rows, places[taken]], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :MOST_BY_EMBEDDING]
        best, rows = np.take_along_axis(best, order, axis=1), np.take_along_axis(rows, order, axis=1)
    for place, column in zip(*np.nonzero(best >= LIKELY), strict=True):
        yield int(new[place]), int(rows[place, column])


def _directions(embeddings: NDArray[np.int8]) -> NDArray[np.float32]:
    vectors = embeddings.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def read_records(path: str) -> Records:
    """The fingerprints in a file, not read before they are used."""
    return np.memmap(path, dtype=RECORD, mode="r")
