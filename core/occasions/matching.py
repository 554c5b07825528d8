"""Which of the occasions that are known is each that was found now?

An occasion keeps its id while photos come and go. What a person has accepted or dismissed is found again by the photos
that it shares, so that nothing that was dismissed is proposed a second time under another id.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from core.occasions.segments import Segment

_NAMES: Final = uuid.UUID("6f0c0f6e-8f0e-5c52-9d8e-3c8c9d6f4b21")
"""Name space (RFC 9562, version 5) of ids that are made of members."""


class OccasionState(StrEnum):
    """``PROPOSED``: nobody has said anything; ``ACCEPTED``: its photos have the event; ``DISMISSED``: it is none."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Known(msgspec.Struct, frozen=True):
    """An occasion that is stored. ``members`` are ids of assets."""

    id: str
    state: OccasionState
    members: frozenset[str]


class Matched(msgspec.Struct, frozen=True):
    """``found``: what each id is now; ``gone``: proposals that nothing was found for any more."""

    found: Mapping[str, Segment]
    gone: Sequence[str]


def matched(segments: Sequence[Segment], known: Sequence[Known]) -> Matched:
    """Gives each segment the id of the occasion that it shares most photos with, at least half of the smaller of both.

    A segment that shares half of its photos with one that a person has decided on is a part of that, and not a new one,
    which would ask the same again. What is new gets an id that follows from its members.
    """
    of_asset: dict[str, list[int]] = {}
    for place, one in enumerate(known):
        for asset_id in one.members:
            of_asset.setdefault(asset_id, []).append(place)
    pairs: list[tuple[int, bool, str, int, int]] = []
    part_of: dict[int, tuple[int, str]] = {}
    for number, segment in enumerate(segments):
        shared = Counter(place for shot in segment.shots for place in of_asset.get(shot.asset_id, ()))
        for place, count in shared.items():
            one = known[place]
            is_decided = one.state is not OccasionState.PROPOSED
            if count * 2 >= min(len(segment.shots), len(one.members)):
                pairs.append((-count, not is_decided, one.id, number, place))
            if is_decided and count * 2 >= len(segment.shots):
                part_of[number] = max(part_of.get(number, (0, "")), (count, one.id))
    ids = {one.id for one in known}
    found: dict[str, Segment] = {}
    done: set[int] = set()
    for _, _, occasion_id, number, _ in sorted(pairs):
        if number not in done and occasion_id not in found:
            found[occasion_id] = segments[number]
            done.add(number)
    for number, segment in enumerate(segments):
        if number in done:
            continue
        if number in part_of:
            _, whole = part_of[number]
            found[whole] = _joined(found[whole], segment)
        elif has_something_to_say(segment):
            members = [shot.asset_id for shot in segment.shots]
            new = id_of(members)
            # an id stays with what it was given to, whose members may be others by now
            while new in found or new in ids:
                new = id_of([new, *members])
            found[new] = segment
    gone = [one.id for one in known if one.state is OccasionState.PROPOSED and one.id not in found]
    return Matched(found, gone)


def _joined(one: Segment, other: Segment) -> Segment:
    shots = sorted([*one.shots, *other.shots], key=lambda shot: (shot.taken, shot.asset_id))
    return Segment(one.kind, shots)


def has_something_to_say(segment: Segment) -> bool:
    """Whether half of its photos have no event yet: of what has one, nobody needs to be told."""
    return sum(shot.has_event for shot in segment.shots) * 2 <= len(segment.shots)


def id_of(members: Iterable[str]) -> str:
    """The id of a new occasion: the same for the same members, whoever finds it."""
    return str(uuid.uuid5(_NAMES, "\n".join(sorted(members))))
