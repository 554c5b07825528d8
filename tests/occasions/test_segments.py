"""Trips, outings and parties, found in lives that are made up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.occasions.gaps import parted
from core.occasions.matching import Known, OccasionState, id_of, matched
from core.occasions.segments import OccasionKind, Segment, segments
from core.occasions.shots import Shot

HAMBURG, BERLIN, ROME, LUEBECK = (53.55, 9.99), (52.52, 13.40), (41.90, 12.49), (53.87, 10.69)
NOWHERE = (float("nan"), float("nan"))
BEGIN = datetime(2023, 1, 1)


class Life:
    """Photos as they come."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []

    def take(
        self,
        when: datetime,
        place: tuple[float, float],
        count: int = 1,
        *,
        minutes: float = 5,
        faces: int = 0,
        camera: str = "phone",
        has_event: bool = False,
    ) -> list[str]:
        """So many photos, some minutes apart; answers their ids."""
        taken = []
        for number in range(count):
            second = (when - datetime(1970, 1, 1)).total_seconds() + number * minutes * 60
            taken.append(f"{camera}-{len(self.shots):06}")
            self.shots.append(Shot(taken[-1], second, *place, camera, faces, has_event))
        return taken

    def live(self, place: tuple[float, float], months: int = 12, begin: datetime = BEGIN) -> Life:
        """A photo now and then at home."""
        for week in range(months * 4):
            self.take(begin + timedelta(weeks=week, hours=18), place)
        return self

    def found(self) -> list[tuple[OccasionKind, list[str]]]:
        ordered = sorted(self.shots, key=lambda shot: (shot.taken, shot.asset_id))
        return [(one.kind, [shot.asset_id for shot in one.shots]) for one in segments(ordered)]


def test_days_away_from_home_are_a_trip_with_the_photos_that_know_no_place() -> None:
    life = Life().live(HAMBURG)
    members = []
    for day in range(4):
        members += life.take(datetime(2023, 5, 8 + day, 10), ROME, 5)
        members += life.take(datetime(2023, 5, 8 + day, 11), NOWHERE, 2, camera="old camera")
    life.take(datetime(2023, 5, 20, 11), NOWHERE, 2, camera="old camera")
    last = members[-2:]
    ((kind, found),) = life.found()
    assert kind is OccasionKind.TRIP
    # what was taken after the last photo with a place may be of the way home, or of home
    assert sorted(found) == sorted(set(members) - set(last)) or sorted(found) == sorted(members)


def test_a_day_away_is_an_outing_and_a_few_photos_are_none() -> None:
    life = Life().live(HAMBURG)
    day = life.take(datetime(2023, 6, 3, 10), LUEBECK, 12, minutes=20)
    life.take(datetime(2023, 6, 10, 10), LUEBECK, 3)
    assert life.found() == [(OccasionKind.OUTING, day)]


def test_two_days_away_with_home_in_between_are_two_outings() -> None:
    life = Life().live(HAMBURG)
    one = life.take(datetime(2023, 6, 3, 10), LUEBECK, 10)
    life.take(datetime(2023, 6, 3, 20), HAMBURG)
    other = life.take(datetime(2023, 6, 4, 10), LUEBECK, 10)
    assert life.found() == [(OccasionKind.OUTING, one), (OccasionKind.OUTING, other)]


def test_who_stays_at_home_does_not_end_the_journey_of_another_camera() -> None:
    life = Life().live(HAMBURG)
    members = []
    for day in range(3):
        members += life.take(datetime(2023, 7, 3 + day, 10), ROME, 5, camera="hers")
        members += life.take(datetime(2023, 7, 3 + day, 9), ROME, 5, camera="theirs")
        life.take(datetime(2023, 7, 3 + day, 12), HAMBURG, 3, camera="his")
    ((kind, found),) = life.found()
    assert (kind, sorted(found)) == (OccasionKind.TRIP, sorted(members))


def test_after_a_move_the_new_town_is_home() -> None:
    life = Life().live(HAMBURG, 24).live(BERLIN, 24, datetime(2025, 1, 1))
    life.take(datetime(2026, 3, 1, 10), BERLIN, 30)
    visit = life.take(datetime(2026, 4, 4, 10), HAMBURG, 10)
    assert life.found() == [(OccasionKind.OUTING, visit)]


def test_where_one_is_month_after_month_is_no_journey() -> None:
    life = Life().live(HAMBURG)
    for month in range(1, 13):
        life.take(datetime(2023, month, 10, 9), BERLIN, 10)
    assert life.found() == []


def test_a_camera_that_only_travels_has_no_home() -> None:
    life = Life()
    life.take(datetime(2023, 7, 3, 10), ROME, 30)
    assert life.found() == []


def test_many_people_on_many_photos_of_an_evening_are_a_party() -> None:
    life = Life().live(HAMBURG)
    life.take(datetime(2023, 3, 3, 8), HAMBURG, 3, faces=1)
    party = life.take(datetime(2023, 3, 3, 18), HAMBURG, 30, minutes=6, faces=3)
    life.take(datetime(2023, 3, 4, 8), HAMBURG, 3, faces=1)
    assert life.found() == [(OccasionKind.PARTY, party)]


@pytest.mark.parametrize(
    ("count", "minutes", "faces"), [(30, 6, 1), (10, 6, 4), (30, 30, 4)], ids=["few people", "few photos", "all day"]
)
def test_what_is_no_party(count: int, minutes: float, faces: int) -> None:
    life = Life().live(HAMBURG)
    life.take(datetime(2023, 3, 3, 10), HAMBURG, count, minutes=minutes, faces=faces)
    assert life.found() == []


def test_the_gap_that_parts_follows_from_the_gaps_around() -> None:
    life = Life()
    dense = [life.take(datetime(2023, 3, 3, 10 + hour), NOWHERE, 30, minutes=0.1) for hour in range(3)]
    assert [[shot.asset_id for shot in run] for run in parted(life.shots)] == dense
    # the same hour between photos that are an hour apart anyway parts nothing
    sparse = Life()
    sparse.take(datetime(2023, 3, 3, 10), NOWHERE, 8, minutes=60)
    assert len(list(parted(sparse.shots))) == 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 120))
@settings(max_examples=60, deadline=None)
def test_no_photo_is_in_two_occasions_and_order_of_cameras_does_not_matter(seed: int, count: int) -> None:
    chance = random.Random(seed)
    life = Life().live(HAMBURG, 6)
    for _ in range(count):
        when = BEGIN + timedelta(minutes=chance.randrange(200_000))
        place = chance.choice([HAMBURG, BERLIN, ROME, LUEBECK, NOWHERE])
        life.take(when, place, chance.randrange(1, 12), faces=chance.randrange(5), camera=chance.choice(["a", "b", ""]))
    found = life.found()
    members = [asset_id for _, some in found for asset_id in some]
    assert len(members) == len(set(members))
    chance.shuffle(life.shots)
    assert life.found() == found


def segment(*ids: str, has_event: bool = False) -> Segment:
    shots = [Shot(one, float(place), 0.0, 0.0, "", 0, has_event) for place, one in enumerate(ids)]
    return Segment(OccasionKind.TRIP, shots)


def known(occasion_id: str, state: OccasionState, *members: str) -> Known:
    return Known(occasion_id, state, frozenset(members))


def test_an_occasion_keeps_its_id_when_photos_come_and_go() -> None:
    new = segment("a", "b", "c", "d")
    (first,) = matched([new], []).found
    assert first == id_of(["d", "c", "b", "a"])
    stored = [known(first, OccasionState.PROPOSED, "a", "b", "c", "d")]
    for changed in (segment("a", "b", "c", "d", "e"), segment("b", "c", "d"), segment("x", "a", "b", "c", "y")):
        assert matched([changed], stored).found == {first: changed}


def test_what_was_dismissed_is_not_proposed_again_in_pieces() -> None:
    stored = [known("no", OccasionState.DISMISSED, *"abcdefgh")]
    one, other = segment(*"abcd"), segment(*"efghi")
    result = matched([one, other], stored)
    assert [(which, {shot.asset_id for shot in whole.shots}) for which, whole in result.found.items()] == [
        ("no", set("abcdefghi"))
    ]
    assert result.gone == []


def test_a_proposal_whose_photos_are_gone_goes_and_what_was_decided_stays() -> None:
    stored = [known("maybe", OccasionState.PROPOSED, "a", "b"), known("yes", OccasionState.ACCEPTED, "c", "d")]
    assert matched([], stored).gone == ["maybe"]


def test_what_has_an_event_already_is_not_proposed() -> None:
    assert matched([segment("a", "b", has_event=True)], []).found == {}


def test_a_part_that_goes_its_own_way_does_not_take_the_id_of_the_whole() -> None:
    first = id_of(["a", "b"])
    stored = [known(first, OccasionState.PROPOSED, "a", "b", "c", "d", "e", "f")]
    result = matched([segment(*"cdefgh"), segment("a", "b")], stored).found
    assert len(result) == 2
    assert [shot.asset_id for shot in result[first].shots] == list("cdefgh")
