"""The zone of a position is found on this machine."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from core.places import zone_at


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (48.8584, 2.2945, "Europe/Paris"),
        (40.6892, -74.0445, "America/New_York"),
        (-33.8568, 151.2153, "Australia/Sydney"),
        (64.18, -51.72, "America/Nuuk"),
        (28.6129, 77.2295, "Asia/Kolkata"),
    ],
)
def test_latitude_comes_first_and_the_zone_is_one_that_python_knows(
    latitude: float, longitude: float, zone: str
) -> None:
    assert zone_at(latitude, longitude) == zone
    assert ZoneInfo(zone).key == zone


def test_the_high_seas_have_no_clock() -> None:
    assert zone_at(35.0, -40.0) is None


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(91.0, 0.0), (-90.5, 0.0), (0.0, 200.0), (float("nan"), 0.0), (0.0, float("nan")), (float("inf"), 0.0)],
)
def test_what_is_no_position_has_no_zone(latitude: float, longitude: float) -> None:
    assert zone_at(latitude, longitude) is None
