"""The name of a place is the one that a person would write under the photo."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.places import landmarks
from core.places import Place
from core.places.clusters import distance
from core.places.geonames import (
    GAZETTEER_NAME,
    MAX_DISTANCE_KM,
    Gazetteer,
    build_gazetteer,
    load_gazetteer,
    place_at,
    strip_of,
    strip_starts,
)


@pytest.fixture(scope="module")
def packed() -> bytes:
    return build_gazetteer()


@pytest.fixture(scope="module")
def gazetteer(packed: bytes, tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    path = tmp_path_factory.mktemp("gazetteer") / GAZETTEER_NAME
    path.write_bytes(packed)
    return load_gazetteer(path)


def gazetteer_of(*places: tuple[str, float, float, int]) -> Gazetteer:
    """A small world of (name, latitude, longitude, population), all in one region."""
    ordered = sorted(places, key=lambda place: (strip_of(place[1]), place[2]))
    names = [place[0].encode() for place in ordered]
    return Gazetteer(
        strip_starts=strip_starts([place[1] for place in ordered]),
        latitude=np.array([round(place[1] * 1e5) for place in ordered], np.int32),
        longitude=np.array([round(place[2] * 1e5) for place in ordered], np.int32),
        population=np.array([place[3] for place in ordered], np.int32),
        division=np.zeros(len(ordered), np.int32),
        divisions=(("XX", "Nowhere", "Region"),),
        names=b"".join(names),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int32),
    )


@pytest.mark.parametrize(
    ("what", "latitude", "longitude", "label"),
    [
        ("the Eiffel Tower", 48.8584, 2.2945, "Paris, France"),
        ("Montmartre", 48.8867, 2.3431, "Paris, France"),
        ("Boulogne, a town beside the city", 48.8397, 2.2399, "Boulogne-Billancourt, France"),
        ("Saint-Denis, another", 48.9362, 2.3574, "Saint-Denis, France"),
        ("the palace of Versailles", 48.8049, 2.1204, "Versailles, France"),
        ("Brooklyn", 40.6782, -73.9442, "New York City, United States"),
        ("Newark, in the state next door", 40.7357, -74.1724, "Newark, United States"),
        ("Tower Bridge, beside the City of London", 51.5055, -0.0754, "London, United Kingdom"),
        ("Sanssouci, across Berlin's border", 52.4042, 13.0385, "Potsdam, Germany"),
        ("Saint Peter's Square", 41.9022, 12.4539, "Vatican City"),
        ("the Colosseum", 41.8902, 12.4922, "Rome, Italy"),
        ("Shibuya crossing", 35.6595, 139.7005, "Tokyo, Japan"),
        ("the harbour of Nuuk", 64.18, -51.72, "Nuuk, Greenland"),
        ("a lake near a village of the Alps", 47.4565, 10.99, "Grainau, Germany"),
        ("Victoria Peak, in a city without a region", 22.2759, 114.1455, "Hong Kong"),
        ("Namsan, in a country with an inverted name", 37.55, 126.99, "Seoul, South Korea"),
    ],
)
def test_a_position_is_called_what_people_call_it(
    gazetteer: Gazetteer, what: str, latitude: float, longitude: float, label: str
) -> None:
    place = place_at(gazetteer, latitude, longitude)
    assert place is not None, what
    assert place.label == label


def test_a_place_says_all_that_is_known_of_it(gazetteer: Gazetteer) -> None:
    assert place_at(gazetteer, 48.8584, 2.2945) == Place(
        name="Paris",
        region="Île-de-France",
        country="France",
        country_code="FR",
        latitude=48.85341,
        longitude=2.3488,
        distance_km=4.0,
        population=2138551,
    )


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(35.0, -40.0), (38.7, -33.0), (0.0, 0.0), (90.0, 0.0), (-90.0, 0.0), (63.99, -19.06)],
)
def test_far_from_everything_there_is_no_place(gazetteer: Gazetteer, latitude: float, longitude: float) -> None:
    assert place_at(gazetteer, latitude, longitude) is None


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.1, 0.0), (0.0, 180.1), (float("nan"), 0.0), (0.0, float("nan")), (float("inf"), 0.0), (0.0, float("-inf"))],
)
def test_what_is_no_position_has_no_place(gazetteer: Gazetteer, latitude: float, longitude: float) -> None:
    assert place_at(gazetteer, latitude, longitude) is None


def test_a_village_across_the_date_line_is_near() -> None:
    place = place_at(gazetteer_of(("Village", 10.0, 179.95, 1000)), 10.0, -179.95)
    assert place is not None
    assert place.distance_km == pytest.approx(11.0, abs=0.1)


def test_at_the_pole_every_direction_is_near() -> None:
    place = place_at(gazetteer_of(("Station", 89.8, -120.0, 50)), 89.9, 60.0)
    assert place is not None
    assert place.distance_km == pytest.approx(33.4, abs=0.1)


def test_the_limit_is_a_distance() -> None:
    world = gazetteer_of(("Village", 0.0, 0.0, 1000))
    kilometre = 1 / 111.195
    assert place_at(world, 0.0, (MAX_DISTANCE_KM - 0.5) * kilometre) is not None
    assert place_at(world, 0.0, (MAX_DISTANCE_KM + 0.5) * kilometre) is None


def test_a_city_swallows_its_quarters_but_no_village_in_the_country() -> None:
    world = gazetteer_of(
        ("City", 50.0, 10.0, 1_000_000), ("Quarter", 50.02, 10.0, 20_000), ("Village", 50.2, 10.0, 900)
    )
    for latitude, name in ((50.02, "City"), (50.2, "Village"), (50.17, "Village"), (50.08, "City")):
        place = place_at(world, latitude, 10.0)
        assert place is not None
        assert place.name == name


def test_landmarks_of_the_world_are_in_the_place_and_the_country_that_people_say(gazetteer: Gazetteer) -> None:
    known = landmarks()
    found = {one.what: place_at(gazetteer, one.latitude, one.longitude) for one in known}
    misnamed = []
    for one in known:
        place = found[one.what]
        assert ("" if place is None else place.country_code) in one.countries, one.what
        if ("" if place is None else place.name) not in one.places:
            misnamed.append((one.what, place))
    # quarters that the table has as towns, and villages that it does not have
    assert len(misnamed) <= len(known) * 0.05, misnamed


AROUND = st.sampled_from([(0.0, 0.0), (48.0, 10.0), (64.9, 179.9), (-45.0, -180.0), (89.6, 20.0), (-89.9, -170.0)])


@st.composite
def neighbours(draw: st.DrawFn) -> list[tuple[float, float]]:
    """A few positions around one of these, where a strip, a meridian or the Earth ends."""
    latitude, longitude = draw(AROUND)
    apart = st.tuples(st.floats(-0.5, 0.5), st.floats(-1.2, 1.2) | st.floats(-180, 180))
    return [
        (min(90.0, max(-90.0, latitude + north)), (longitude + east + 540) % 360 - 180)
        for north, east in draw(st.lists(apart, min_size=2, max_size=4))
    ]


@settings(max_examples=300, deadline=None)
@given(neighbours())
def test_looking_into_strips_misses_no_place(positions: list[tuple[float, float]]) -> None:
    point, *places = positions
    world = gazetteer_of(*((str(number), *place, 0) for number, place in enumerate(places)))
    centres = zip((world.latitude / 1e5).tolist(), (world.longitude / 1e5).tolist(), strict=True)
    nearest = min(distance(point, centre) for centre in centres) / 1000
    place = place_at(world, *point)
    if nearest > MAX_DISTANCE_KM + 0.001:
        assert place is None
    elif nearest < MAX_DISTANCE_KM - 0.001:
        assert place is not None
        assert place.distance_km == pytest.approx(nearest, abs=0.051)


def test_packing_twice_gives_the_same_bytes(packed: bytes) -> None:
    assert build_gazetteer() == packed


def test_a_damaged_table_is_not_loaded(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "half.npz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(zipfile.BadZipFile):
        load_gazetteer(path)


@settings(max_examples=100, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_position_on_earth_gets_an_answer(gazetteer: Gazetteer, latitude: float, longitude: float) -> None:
    place = place_at(gazetteer, latitude, longitude)
    if place is not None:
        assert place.name
        assert place.country
        assert len(place.country_code) == 2
        assert place.distance_km >= 0
