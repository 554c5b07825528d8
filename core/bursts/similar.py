"""Photos of a tier that may be of one motif by their names, tags and times (contract/behaviour.md, section 6)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

import msgspec

JOINED = 0.6
"""Pair scores above this join."""

SCORE = 0.8
"""What the contract has every group say of itself."""

_NAME, _TAGS, _TIME = 0.4, 0.3, 0.3
_SHORTEST_NAME = 3
_TAG_OVERLAP = 0.6
_CLOSE = timedelta(minutes=5)

_AHEAD = 200
"""Candidates of each kind, of one name or of one time, that a photo is compared with."""

_TRAILING_NUMBER = re.compile(r"[-_ ]?[0-9]+$")


class Tagged(msgspec.Struct, frozen=True):
    """A photo; ``tags`` are the AI's, ``confidence`` 0–1 is how sure it was of them."""

    id: str
    filename: str
    created_at: datetime
    tags: frozenset[str] = frozenset()
    confidence: float = 0.0

    @property
    def base(self) -> str:
        """The name without extension and trailing number; empty where that is too short to tell anything."""
        base = _TRAILING_NUMBER.sub("", PurePath(self.filename).stem.lower())
        return base if len(base) > _SHORTEST_NAME else ""


def similar_groups(photos: Sequence[Tagged], threshold: float = JOINED) -> list[tuple[Tagged, ...]]:
    """Groups of two or more, latest first, each with the one to suggest in front; the order given is no matter.

    Each photo that is still free takes the later free ones that it is joined with. Two of the three reasons are needed,
    so only photos of one name or of one time are compared.
    """
    ordered = sorted(photos, key=lambda photo: (photo.created_at, photo.id))
    bases = [photo.base for photo in ordered]
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    position: list[int] = []
    for place, base in enumerate(bases):
        position.append(len(by_name[base]))
        by_name[base].append(place)
    free = [True] * len(ordered)
    groups: list[tuple[Tagged, ...]] = []
    for place, opener in enumerate(ordered):
        if not free[place]:
            continue
        named = by_name[bases[place]][position[place] + 1 :][:_AHEAD] if bases[place] else []
        members = [place] + [
            other
            for other in sorted({*named, *_soon_after(ordered, place)})
            if free[other] and _score(opener, ordered[other], bases[place], bases[other]) > threshold
        ]
        if len(members) > 1:
            for member in members:
                free[member] = False
            groups.append(_best_first([ordered[member] for member in members]))
    return groups[::-1]


def _soon_after(ordered: Sequence[Tagged], place: int) -> Iterable[int]:
    for other in range(place + 1, min(place + 1 + _AHEAD, len(ordered))):
        if ordered[other].created_at - ordered[place].created_at >= _CLOSE:
            return
        yield other


def _score(one: Tagged, other: Tagged, base: str, other_base: str) -> float:
    score = _NAME * (bool(base) and base == other_base)
    longest = max(len(one.tags), len(other.tags))
    score += _TAGS * (longest > 0 and len(one.tags & other.tags) / longest > _TAG_OVERLAP)
    score += _TIME * (abs(one.created_at - other.created_at) < _CLOSE)
    # 0.3 + 0.3 is no more than 0.6
    return round(score, 9)


def _best_first(photos: Sequence[Tagged]) -> tuple[Tagged, ...]:
    best = max(photos, key=lambda photo: (photo.confidence, photo.created_at, photo.id))
    return (best, *(photo for photo in photos if photo is not best))
