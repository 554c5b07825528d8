"""Which of several copies of a picture should stay? A proposal with its reason; a person decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

ROUNDING = 0.02
"""Share of its pixels that a picture may lack and still be as large: editors cut a row, sensors mask some."""


class Candidate(msgspec.Struct, frozen=True):
    """An asset by its best version.

    ``is_kept``: a person has decided that it stays beside its copies. ``is_gold``: a person has approved it. ``said``
    counts what people have said of it (rating, favourite, names of faces, collections). ``known`` counts what the
    camera tells: itself, the time, the place. ``format_rank``: 3 RAW, 2 what is stored with care, 1 JPEG and its like,
    0 GIF. ``signs_of_editing`` counts them. ``file_size`` in bytes.
    """

    asset_id: str
    name: str
    created_at: datetime
    width: int = 0
    height: int = 0
    file_size: int = 0
    is_kept: bool = False
    is_gold: bool = False
    said: int = 0
    known: int = 0
    signs_of_editing: int = 0
    format_rank: int = 1
    faces: int = 0

    @property
    def pixels(self) -> int:
        return self.width * self.height


class _Criterion(NamedTuple):
    """What the better one has more of, and what is said of it."""

    worth: Callable[[Candidate], float]
    reason: Callable[[Candidate], str]
    #: the share that one may have less and still be as good
    tolerance: float = 0.0


_CRITERIA = (
    _Criterion(lambda one: one.is_gold, lambda one: "it is Gold, somebody has approved it"),
    _Criterion(lambda one: one.said, lambda one: "people have said more about it"),
    _Criterion(lambda one: one.pixels, lambda one: f"it has the most pixels ({one.width} × {one.height})", ROUNDING),
    _Criterion(lambda one: one.known, lambda one: "it tells more about how it was taken"),
    _Criterion(lambda one: -one.signs_of_editing, lambda one: "the others were made with an editor"),
    _Criterion(lambda one: one.format_rank, lambda one: "its format keeps more of the picture"),
    _Criterion(lambda one: one.faces, lambda one: "more faces were found in it"),
    _Criterion(lambda one: one.file_size, lambda one: "it is the largest file, the least compressed"),
    _Criterion(lambda one: -one.created_at.timestamp(), lambda one: "it has been in the library for longest"),
)
"""The first that tells the copies apart decides; so what people did comes before what was measured."""


def keeper_of(candidates: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The one to keep, and why, as a sentence. The order of ``candidates`` is no matter."""
    if kept := [one for one in candidates if one.is_kept]:
        keeper, reason = _best(kept)[0], "somebody has decided that it stays"
    else:
        keeper, reason = _best(candidates)
    return keeper, f"{keeper.name} should stay: {reason}."


def _best(candidates: Sequence[Candidate]) -> tuple[Candidate, str]:
    left = list(candidates)
    reason = "nothing tells them apart"
    for criterion in _CRITERIA:
        best = max(criterion.worth(one) for one in left)
        least = best - abs(best) * criterion.tolerance
        better = [one for one in left if criterion.worth(one) >= least]
        if len(better) < len(left):
            left, reason = better, criterion.reason(better[0])
        if len(left) == 1:
            break
    return min(left, key=lambda one: one.asset_id), reason
