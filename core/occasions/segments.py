"""Which photos are of one occasion? Pure functions of what is known of the photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from core.occasions.gaps import parted
from core.occasions.home import Homes
from core.occasions.shots import Shot
from core.places.clusters import Point, distance

HOUR: Final = 3600.0

TRIP_HOURS: Final = 18.0
"""A journey that is longer has a night in it, and is a trip; a shorter one is an outing."""

LONGEST_SILENCE: Final = 72 * HOUR
"""Who takes no photo for so long may have been at home in between."""

TOGETHER_METRES: Final = 200_000.0
"""Cameras that are away at one time within this are on one journey."""

FEWEST_OF_TRIP, FEWEST_OF_OUTING, FEWEST_OF_PARTY = 10, 8, 15
"""Photos; fewer are no occasion that anybody would look for."""

PARTY_HOURS: Final = 16.0
PARTY_PER_HOUR: Final = 4.0
PARTY_FACES: Final = 2.0
PARTY_GROUPS: Final = 3
"""A party takes no longer; it has so many photos in each hour, so many faces on each on average, and at least so many
photos with three faces."""


class OccasionKind(StrEnum):
    """``TRIP``: days away from home; ``OUTING``: a day away; ``PARTY``: many photos of many people in a few hours."""

    TRIP = "trip"
    OUTING = "outing"
    PARTY = "party"


class Segment(msgspec.Struct, frozen=True, gc=False):
    """Photos of one occasion, in the order of their times."""

    kind: OccasionKind
    shots: Sequence[Shot]


def segments(shots: Sequence[Shot]) -> list[Segment]:
    """The occasions among all photos, in the order of their times; a photo is in one at most.

    ``shots`` are in the order of their times. The cost grows with their number.
    """
    journeys = list(_journeys(shots, Homes(shots)))
    taken = {shot.asset_id for segment in journeys for shot in segment.shots}
    rest = [shot for shot in shots if shot.asset_id not in taken and (shot.camera or shot.faces)]
    parties = [Segment(OccasionKind.PARTY, run) for run in parted(rest) if _is_party(run)]
    return sorted([*journeys, *parties], key=lambda segment: (segment.shots[0].taken, segment.shots[0].asset_id))


def _journeys(shots: Sequence[Shot], homes: Homes) -> Iterator[Segment]:
    """Trips and outings. Photos without a place are of the journey in whose time they were taken, if cameras took them.

    Cameras are followed one by one: while one is away, another may be at home.
    """
    runs = _merged(_runs_away(shots, homes))
    placeless = [shot for shot in shots if shot.point is None and shot.camera]
    place = 0
    for run in runs:
        begin, end = run[0].taken, run[-1].taken
        while place < len(placeless) and placeless[place].taken < begin:
            place += 1
        also = []
        while place < len(placeless) and placeless[place].taken <= end:
            also.append(placeless[place])
            place += 1
        members = sorted([*run, *also], key=_in_time) if also else run
        is_trip = end - begin > TRIP_HOURS * HOUR
        if len(members) >= (FEWEST_OF_TRIP if is_trip else FEWEST_OF_OUTING):
            yield Segment(OccasionKind.TRIP if is_trip else OccasionKind.OUTING, members)


def _runs_away(shots: Sequence[Shot], homes: Homes) -> list[list[Shot]]:
    """What each camera took between leaving home and coming back, by when it begins."""
    done: list[list[Shot]] = []
    running: dict[str, list[Shot]] = {}
    for shot in shots:
        is_away = homes.is_away(shot)
        run = running.get(shot.camera)
        if run is not None and (is_away is False or shot.taken - run[-1].taken > LONGEST_SILENCE):
            done.append(running.pop(shot.camera))
            run = None
        if is_away and run is not None:
            run.append(shot)
        elif is_away:
            running[shot.camera] = [shot]
    return sorted([*done, *running.values()], key=lambda run: _in_time(run[0]))


def _merged(runs: Sequence[list[Shot]]) -> list[list[Shot]]:
    """Runs of cameras that were on one journey become one; no two of what is returned share a time."""
    merged: list[list[Shot]] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is None or run[0].taken > last[-1].taken:
            merged.append(run)
        elif _are_near(last, run):
            merged[-1] = sorted([*last, *run], key=_in_time)
        elif len(run) > len(last):
            # two journeys at one time: the one with more photos is told
            merged[-1] = run
    return merged


def _are_near(one: Sequence[Shot], other: Sequence[Shot]) -> bool:
    """Whether two runs were near each other while both went on."""
    begin, end = other[0].taken, min(one[-1].taken, other[-1].taken)
    first = next((shot.point for shot in reversed(one) if shot.taken <= begin), None)
    last = next((shot.point for shot in one if shot.taken >= end), None)
    near = [point for point in (first, last) if point is not None]
    ends: list[Point] = [point for shot in (other[0], other[-1]) if (point := shot.point) is not None]
    return any(distance(here, there) <= TOGETHER_METRES for here in near for there in ends)


def _is_party(run: Sequence[Shot]) -> bool:
    count = len(run)
    hours = (run[-1].taken - run[0].taken) / HOUR
    if count < FEWEST_OF_PARTY or hours > PARTY_HOURS or count < PARTY_PER_HOUR * hours:
        return False
    faces = sum(shot.faces for shot in run)
    return faces >= PARTY_FACES * count and sum(shot.faces >= 3 for shot in run) >= PARTY_GROUPS


def _in_time(shot: Shot) -> tuple[float, str]:
    return shot.taken, shot.asset_id
