"""Which faces without a name are one person's? For a person to name them all at once.

Faces are taken surest first; each that is still free opens a group and takes all that are free and as close to it as
:data:`SAME`. The order in which faces are given is no matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from core.people.likeness import PAIR, SAME, confidence_of, distances_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.people.likeness import Vectors

MIN_GROUP = 3
"""Faces of a group; two are a pair, for which :data:`PAIR` holds."""

_BLOCK = 512
"""Faces that are compared with all others at a time, at most."""

_CELLS = 5_000_000
"""Distances at a time: 20 MB."""

_NOTHING: Final[frozenset[str]] = frozenset()


class FaceGroup(msgspec.Struct, frozen=True):
    """Faces by their place in what was given, the first opened it; ``confidence`` 0–100 is the mean over its pairs."""

    members: tuple[int, ...]
    confidence: int


def group_faces(
    ids: Sequence[str],
    confidences: Sequence[int],
    vectors: Vectors,
    distance: float = SAME,
    smallest: int = 2,
    dismissed: Mapping[str, frozenset[str]] | None = None,
) -> list[FaceGroup]:
    """Every face in one group, alone if it must be: the largest groups first.

    ``vectors`` are n × 128, ``confidences`` how sure the detector was. Pairs that are further apart than :data:`PAIR`
    become two singles, and so do the members of groups below ``smallest``. Two faces that ``dismissed`` names one thing
    for are never put together.
    """
    import numpy as np

    order = sorted(range(len(ids)), key=lambda place: (-confidences[place], ids[place]))
    said = [dismissed.get(ids[place], _NOTHING) for place in order] if dismissed else None
    groups: list[FaceGroup] = []
    for opened in open_groups(vectors[order], np.ones(len(order), bool), 0, len(order), said, distance):
        groups += settled([order[row] for row in opened], vectors, distance, smallest)
    return sorted(groups, key=lambda group: (-len(group.members), -group.confidence, ids[group.members[0]]))


def open_groups(
    vectors: Vectors,
    free: NDArray[np.bool_],
    start: int,
    end: int,
    dismissed: Sequence[frozenset[str]] | None = None,
    distance: float = SAME,
) -> Iterator[list[int]]:
    """The groups that the rows from ``start`` to ``end`` open, each with the row that opens it first.

    Rows are in the order in which faces have their turn. Members are taken out of ``free`` (n booleans); nobody before
    ``start`` may be free any more. Of two that ``dismissed`` has one thing for, the later stays free.
    """
    import numpy as np

    while start < end:
        rest = np.flatnonzero(free[start:]) + start
        upto = min(end, start + max(1, min(_BLOCK, _CELLS // max(len(rest), 1))))
        openers = rest[rest < upto]
        start = upto
        if not len(openers):
            continue
        near = distances_between(vectors[openers], vectors[rest]) <= distance
        for place, opener in enumerate(openers):
            if not free[opener]:
                continue
            near[place, place] = True  # rounding may set a face apart from itself
            members = rest[np.flatnonzero(near[place])]
            members = members[free[members]]
            allowed = members.tolist() if dismissed is None else _allowed(int(opener), members.tolist(), dismissed)
            free[allowed] = False
            yield allowed


def _allowed(opener: int, members: Sequence[int], dismissed: Sequence[frozenset[str]]) -> list[int]:
    """Those of ``members`` of whom nobody has said that they are not one person's, the surest first."""
    taken = set(dismissed[opener])
    allowed = [opener]
    for member in members:
        if member != opener and taken.isdisjoint(dismissed[member]):
            allowed.append(member)
            taken |= dismissed[member]
    return allowed


def settled(members: Sequence[int], vectors: Vectors, distance: float = SAME, smallest: int = 2) -> list[FaceGroup]:
    """What becomes of rows that :func:`open_groups` has put together: one group, or several of one face each."""
    if len(members) == 1:
        return [FaceGroup((members[0],), 0)]
    mean_distance, confidence = _mean_over_pairs(vectors[members])
    too_far = len(members) < MIN_GROUP and mean_distance > min(PAIR, distance)
    if too_far or len(members) < smallest:
        return [FaceGroup((member,), 0) for member in members]
    return [FaceGroup(tuple(members), round(confidence))]


def _mean_over_pairs(vectors: Vectors) -> tuple[float, float]:
    """Mean distance and confidence over all distinct pairs of at least two rows."""
    total_distance = total_confidence = 0.0
    for start in range(0, len(vectors), _BLOCK):
        distances = distances_between(vectors[start : start + _BLOCK], vectors[start:])
        for row in range(len(distances)):
            others = distances[row, row + 1 :]
            total_distance += float(others.sum())
            total_confidence += float(confidence_of(others).sum())
    pairs = len(vectors) * (len(vectors) - 1) / 2
    return total_distance / pairs, round(total_confidence / pairs, 6)
