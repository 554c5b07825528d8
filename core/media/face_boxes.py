"""Which boxes are of one face? Boxes are ``[x, y, width, height]`` in pixels of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

Boxes: TypeAlias = Sequence[Sequence[int]]

FOUND_AGAIN: Final = 0.3
"""Two boxes that share more than this of the area which they cover together are of one face, where both were found in
one picture (contract)."""

SAME_FACE: Final = 0.5
"""The same for boxes of two pictures, or drawn by two programs: what is alike by chance must not take over a name."""


def shared_area(one: Sequence[int], other: Sequence[int]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    together = one[2] * one[3] + other[2] * other[3] - width * height
    return width * height / together


def match_boxes(found: Boxes, known: Boxes, more_than: float) -> list[int | None]:
    """For each box that was found the place of the known one that it is, each at most once, best matches first.

    ``more_than`` is the share of :func:`shared_area` from which on they can be one.
    """
    pairs = sorted(
        (-shared, place, other)
        for place, box in enumerate(found)
        for other, before in enumerate(known)
        if (shared := shared_area(box, before)) > more_than
    )
    matches: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for _, place, other in pairs:
        if matches[place] is None and other not in taken:
            matches[place] = other
            taken.add(other)
    return matches
