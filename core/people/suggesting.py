"""Whose face may this be? Faces without a name beside those that have one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from core.people.likeness import CHILD, SUGGEST, SURE, confidence_of, distances_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.people.likeness import Vectors

MOST_PER_FACE = 3
"""People that are suggested for one face (contract)."""

HIGHEST = 95
"""No suggestion is surer than that, 0–100 (contract, of looking again)."""

_BLOCK = 512
_CELLS = 5_000_000
"""Faces that are compared with those that have a name at a time, and distances: 20 MB."""


class Known(msgspec.Struct, frozen=True):
    """A person whose faces are known: the id, and the day of birth where that is known."""

    person_id: str
    born: date | None


class Suggestion(msgspec.Struct, frozen=True):
    """Somebody whose face it may be; ``confidence`` 0–100 is the mean over their faces that are close to it.

    ``weight`` is the sum of those, by which the surest of several is chosen when looking again.
    """

    person_id: str
    confidence: int
    weight: float


def suggest(
    unnamed: Vectors,
    taken: Sequence[date | None],
    named: Vectors,
    whose: Sequence[int],
    people: Sequence[Known],
    distance: float = SUGGEST,
) -> list[list[Suggestion]]:
    """For each row of ``unnamed`` the people it may be, best first; those who are as sure by their id.

    ``named`` are faces of ``people``, and ``whose`` says by place in ``people`` of whom. ``taken`` is the day of each
    unnamed face's picture, where known: somebody who was below :data:`CHILD` then is suggested at :data:`SURE` only,
    and nobody before birth.
    """
    import numpy as np

    found: list[list[Suggestion]] = []
    owners = np.asarray(whose, np.int64)
    at_once = max(1, min(_BLOCK, _CELLS // max(len(named), 1)))
    for start in range(0, len(unnamed), at_once):
        block = unnamed[start : start + at_once]
        distances = distances_between(block, named)
        rows, columns = np.nonzero(distances <= distance)
        near, of = distances[rows, columns], owners[columns]
        limits = _limits(taken[start : start + at_once], people, distance)
        fits = near <= limits[rows, of]
        keys, near = rows[fits] * len(people) + of[fits], near[fits]
        sums = np.bincount(keys, confidence_of(near))
        counts = np.bincount(keys)
        by_row: list[list[Suggestion]] = [[] for _ in block]
        for key in np.flatnonzero(counts):
            row, person = divmod(int(key), len(people))
            mean = round(float(sums[key] / counts[key]), 6)  # the order of summing is not to decide at a half
            by_row[row].append(Suggestion(people[person].person_id, round(mean), float(sums[key])))
        found += [sorted(each, key=lambda one: (-one.confidence, one.person_id)) for each in by_row]
    return found


def _limits(taken: Sequence[date | None], people: Sequence[Known], distance: float) -> NDArray[np.float32]:
    """How far from a person's faces each face may be: faces × people. Negative before birth: never."""
    import numpy as np

    always, never = date.max.toordinal(), date.min.toordinal()
    day = np.array([always if each is None else each.toordinal() for each in taken])[:, None]
    born = np.array([never if each.born is None else each.born.toordinal() for each in people])[None, :]
    grown = np.array([never if each.born is None else _grown_on(each.born).toordinal() for each in people])[None, :]
    limits = np.where(day < grown, min(distance, SURE), distance)
    return np.where(day < born, -1.0, limits).astype(np.float32)


def _grown_on(born: date) -> date:
    year = min(born.year + CHILD, date.max.year)
    return date(year, 3, 1) if (born.month, born.day) == (2, 29) else born.replace(year=year)
