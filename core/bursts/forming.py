"""Which pictures are a burst, and which of them is the best?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

import msgspec

from core.bursts.best import best_of
from core.bursts.likeness import ALIKE, WITHIN, Frame, likeness

FRAMES_AHEAD = 300
"""Later pictures that are compared with the one that opens a burst: ten seconds of 30 frames a second.

Keeps a library whose times are all one from comparing everything with everything."""

PAIRS_AHEAD = 50
"""Later frames that each is compared with for the mean likeness of a large burst."""

_WITHIN = timedelta(seconds=WITHIN)


class Picture(Protocol):
    """What pictures are put in order by; ``taken`` is the wall clock, zone-less."""

    @property
    def id(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def taken(self) -> datetime: ...


class Burst(msgspec.Struct, frozen=True):
    """Frames in the order of their capture. ``id`` depends on its members alone; ``likeness`` 0–1 is the mean of pairs.

    ``span_ms`` is from the first to the last. ``best`` is the id of the frame to keep, ``best_reason`` a sentence.
    """

    id: str
    frames: tuple[Frame, ...]
    best: str
    best_reason: str
    likeness: float
    span_ms: int

    @property
    def reason(self) -> str:
        """For a person."""
        if self.span_ms < 5_000:
            return "Taken in rapid succession"
        return "Taken in quick succession" if self.span_ms < 10_000 else "Alike and taken shortly after one another"


def form_bursts(frames: Sequence[Frame]) -> tuple[list[Burst], list[Frame]]:
    """The bursts, latest first, and the pictures of none, likewise; the order of ``frames`` is no matter.

    In time order, each picture that is still free opens a burst and takes every later free one within :data:`WITHIN`
    seconds that is like it.
    """
    ordered = sorted(frames, key=in_order)
    taken: set[int] = set()
    bursts: list[Burst] = []
    alone: list[Frame] = []
    for place, opener in enumerate(ordered):
        if place in taken:
            continue
        members = [place]
        scores: list[float] = []
        for other in range(place + 1, min(place + 1 + FRAMES_AHEAD, len(ordered))):
            if ordered[other].taken - opener.taken > _WITHIN:
                break
            if other not in taken and (score := likeness(opener, ordered[other])) >= ALIKE:
                members.append(other)
                scores.append(score)
        if len(members) == 1:
            alone.append(opener)
        else:
            taken.update(members)
            bursts.append(_burst([ordered[member] for member in members], scores))
    return bursts[::-1], alone[::-1]


def in_order(picture: Picture) -> tuple[datetime, str, str]:
    """By what pictures are sorted before bursts are formed."""
    return picture.taken, picture.filename, picture.id


def has_company(taken: Sequence[datetime]) -> list[bool]:
    """Whether another picture is within :data:`WITHIN` seconds of each; only these can be in a burst.

    ``taken`` is when pictures were taken, ascending.
    """
    is_near = [False, *(later - earlier <= _WITHIN for earlier, later in pairwise(taken)), False]
    return [is_near[place] or is_near[place + 1] for place in range(len(taken))]


def burst_id(photo_ids: Sequence[str]) -> str:
    """The id of a burst of these photos, in whatever order."""
    return f"burst-{hashlib.sha256(' '.join(sorted(photo_ids)).encode()).hexdigest()[:32]}"


def _burst(frames: Sequence[Frame], of_first: Sequence[float]) -> Burst:
    """``of_first`` is how alike the first frame is to each other one."""
    ahead = len(frames) if len(frames) <= 2 * PAIRS_AHEAD else PAIRS_AHEAD
    scores = [
        *of_first[:ahead],
        *(
            likeness(one, other)
            for place, one in enumerate(frames[1:], start=1)
            for other in frames[place + 1 : place + 1 + ahead]
        ),
    ]
    span = frames[-1].taken - frames[0].taken
    best = best_of(frames)
    return Burst(
        id=burst_id([frame.id for frame in frames]),
        frames=tuple(frames),
        best=best.frame.id,
        best_reason=best.reason,
        likeness=round(sum(scores) / len(scores), 4),
        span_ms=round(span.total_seconds() * 1000),
    )
