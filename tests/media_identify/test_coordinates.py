"""Coordinates are believed only when they are whole."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.coordinates import from_exif, from_iso_6709


def test_degrees_minutes_and_seconds_become_signed_decimal_degrees() -> None:
    place = from_exif([33, 51, 21.91], "S", [151, 12, 55.73], "E")
    assert place is not None
    assert (place.latitude, place.longitude) == (-33.856086, 151.215481)


def test_west_and_south_are_negative() -> None:
    place = from_exif([1, 30, 0], "s", [2, 30, 0], " W ")
    assert place is not None
    assert (place.latitude, place.longitude) == (-1.5, -2.5)


@pytest.mark.parametrize(
    "latitude, latitude_ref, longitude, longitude_ref",
    [
        ([48, 51], "N", [2, 17, 40], "E"),
        ([48, 51, 30, 1], "N", [2, 17, 40], "E"),
        ([], "N", [], "E"),
        ([48, 51, 30], "", [2, 17, 40], "E"),
        ([48, 51, 30], "N", [2, 17, 40], ""),
        ([48, 51, 30], "E", [2, 17, 40], "N"),
        ([48, 60, 30], "N", [2, 17, 40], "E"),
        ([48, 51, 60], "N", [2, 17, 40], "E"),
        ([48, -51, 30], "N", [2, 17, 40], "E"),
        ([90, 0, 1], "N", [2, 17, 40], "E"),
        ([48, 51, 30], "N", [180, 0, 1], "E"),
        ([math.nan, 51, 30], "N", [2, 17, 40], "E"),
        ([48, 51, 30], "N", [math.inf, 17, 40], "E"),
        ([0, 0, 0], "N", [0, 0, 0], "E"),
    ],
)
def test_half_broken_and_zero_coordinates_are_refused(
    latitude: list[float], latitude_ref: str, longitude: list[float], longitude_ref: str
) -> None:
    assert from_exif(latitude, latitude_ref, longitude, longitude_ref) is None


def test_a_place_on_the_equator_or_on_the_prime_meridian_is_a_place() -> None:
    assert from_exif([0, 0, 0], "N", [9, 0, 0], "E") is not None
    assert from_exif([51, 0, 0], "N", [0, 0, 0], "E") is not None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("+52.3693+006.6761+010.530/", (52.3693, 6.6761, 10.53)),
        ("-34.0754-118.2543/", (-34.0754, -118.2543, None)),
        ("+51.4169-000.0806", (51.4169, -0.0806, None)),
        ("+48+002/", (48.0, 2.0, None)),
        ("+4851.5+00217.25-002/", (48.858333, 2.2875, -2.0)),
        ("-485130.0+0021740/", (-48.858333, 2.294444, None)),
    ],
)
def test_every_notation_of_iso_6709_is_read(text: str, expected: tuple[float, float, float | None]) -> None:
    place = from_iso_6709(text)
    assert place is not None
    assert (place.latitude, place.longitude, place.altitude) == expected


@pytest.mark.parametrize("text", ["", "Paris", "+91.0+002.0/", "+48.0", "+485+002/", "+00.0000+000.0000/", "48.0 2.0"])
def test_what_is_no_coordinate_in_iso_6709_is_none(text: str) -> None:
    assert from_iso_6709(text) is None


@settings(max_examples=100)
@given(st.floats(-90, 90).filter(lambda degrees: abs(degrees) > 1e-4), st.floats(-180, 180), st.floats(-400, 9000))
def test_coordinates_written_in_iso_6709_come_back(latitude: float, longitude: float, altitude: float) -> None:
    place = from_iso_6709(f"{latitude:+011.7f}{longitude:+012.7f}{altitude:+.2f}/")
    assert place is not None
    assert place.latitude == pytest.approx(latitude, abs=1e-6)
    assert place.longitude == pytest.approx(longitude, abs=1e-6)
    assert place.altitude == pytest.approx(altitude, abs=0.01)
