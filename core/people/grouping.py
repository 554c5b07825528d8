"""Which faces without a name are one person's? For a person to name them all at once.

Faces are taken surest first; each that is still free opens a group and takes all that are free and as close to it as
:data:`SAME`. The order in which faces are given is no matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from core.people.likeness import PAIR, SAME, confidence_of, distances_between

if TYPE_CHECKING:
    from core.people.likeness import Vectors

MIN_GROUP = 3
"""Faces of a group; two are a pair, for which :data:`PAIR` holds."""

_BLOCK = 512
"""Faces that are compared with all others at a time: 20 MB at 10,000 faces."""


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
) -> list[FaceGroup]:
    """Every face in one group, alone if it must be: the largest groups first.

    ``vectors`` are n × 128, ``confidences`` how sure the detector was. Pairs that are further apart than :data:`PAIR`
    become two singles, and so do the members of groups below ``smallest``.
    """
    import numpy as np

    order = sorted(range(len(ids)), key=lambda place: (-confidences[place], ids[place]))
    sorted_vectors = vectors[order]
    free = np.ones(len(order), bool)
    groups: list[FaceGroup] = []
    for start in range(0, len(order), _BLOCK):
        openers = np.flatnonzero(free[start : start + _BLOCK]) + start
        if not len(openers):
            continue
        near = distances_between(sorted_vectors[openers], sorted_vectors[start:]) <= distance
        for row, opener in enumerate(openers):
            if not free[opener]:
                continue
            near[row, opener - start] = True  # rounding may set a face apart from itself
            members = np.flatnonzero(near[row] & free[start:]) + start
            groups += _settled([order[member] for member in members], vectors, distance, smallest)
            free[members] = False
    return sorted(groups, key=lambda group: (-len(group.members), -group.confidence, ids[group.members[0]]))


def _settled(members: list[int], vectors: Vectors, distance: float, smallest: int) -> list[FaceGroup]:
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
