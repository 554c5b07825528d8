"""Where does one occasion end and the next begin, going by the times of photos alone?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

from core.occasions.shots import Shot
from core.places.clusters import distance

K: Final = math.log(17)
WINDOW: Final = 10
"""A gap parts when its logarithm is at least ``K`` above the mean of its own and those of the ``WINDOW`` gaps on either
side: Platt, Czerwinski and Field, "PhotoTOC: Automatic Clustering for Browsing Personal Photographs" (2003), with their
constants. So the gap that parts a party is shorter than the one that parts days at home."""

ALWAYS_SECONDS: Final = 6 * 3600.0
NEVER_SECONDS: Final = 20 * 60.0
"""Gaps that part, or do not, whatever is around them: a night does, the speeches at a wedding do not."""

JUMP_METRES: Final = 3_000.0
JUMP_SECONDS: Final = 10 * 60.0
"""Who is so much farther after so long has gone somewhere else."""


def parted(shots: Sequence[Shot]) -> Iterator[Sequence[Shot]]:
    """Shots in the order of their times, in runs that belong together. Linear in their number."""
    if not shots:
        return
    gaps = [max(1.0, after.taken - before.taken) for before, after in pairwise(shots)]
    sums = [0.0, *accumulate(math.log(gap) for gap in gaps)]
    first = 0
    for place, gap in enumerate(gaps):
        start, end = max(0, place - WINDOW), min(len(gaps), place + WINDOW + 1)
        mean = (sums[end] - sums[start]) / (end - start)
        parts = gap >= ALWAYS_SECONDS or (gap > NEVER_SECONDS and math.log(gap) >= K + mean)
        if parts or _jumps(shots[place], shots[place + 1], gap):
            yield shots[first : place + 1]
            first = place + 1
    yield shots[first:]


def _jumps(before: Shot, after: Shot, gap: float) -> bool:
    one, other = before.point, after.point
    return gap > JUMP_SECONDS and one is not None and other is not None and distance(one, other) > JUMP_METRES
