"""What lies around a place, against measuring every point."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.places.around import Sphere
from core.places.clusters import EARTH_RADIUS, HOTSPOT_RADIUS, Point, distance

#: Where latitudes and longitudes end, and the middle of Europe.
CENTRES = [(0.0, 0.0), (48.8584, 2.2945), (89.9999, 10.0), (-90.0, 0.0), (12.0, 180.0), (-45.0, -180.0)]
NEAR = st.builds(
    lambda centre, north, east: (min(90.0, max(-90.0, centre[0] + north)), (centre[1] + east + 540) % 360 - 180),
    st.sampled_from(CENTRES),
    st.floats(-0.004, 0.004),
    st.floats(-0.004, 0.004),
)
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
RADII = st.sampled_from([1.0, 100.0, 5_000.0, 1_000_000.0, 10_100_000.0, 30_000_000.0])


@given(st.lists(NEAR | ANYWHERE, max_size=40), st.sampled_from(CENTRES) | ANYWHERE, RADII)
@settings(max_examples=300, deadline=None)
def test_looking_around_a_place_misses_nothing(found: list[Point], centre: Point, radius: float) -> None:
    expected = [index for index, point in enumerate(found) if distance(centre, point) <= radius]
    assert sorted(Sphere(found).within(centre, radius)) == expected


@pytest.mark.parametrize("centre", [(0.0, 0.0), (48.8584, 2.2945), (-71.0, 179.9999)])
def test_a_point_on_the_edge_is_where_its_distance_says(centre: Point) -> None:
    """Along a meridian, a point for each of the last digits around 100 metres."""
    edge = math.degrees(HOTSPOT_RADIUS / EARTH_RADIUS)
    found = [(centre[0] + edge * (1 + step * 1e-11), centre[1]) for step in range(-300, 300)]
    expected = [index for index, point in enumerate(found) if distance(centre, point) <= HOTSPOT_RADIUS]
    assert 0 < len(expected) < len(found)
    assert sorted(Sphere(found).within(centre, HOTSPOT_RADIUS)) == expected
