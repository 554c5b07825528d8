"""Which centres a named place covers, against measuring every pair."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.places.clusters import distance
from core.places.hotspots import covered

NEAR = st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
EDGES = st.tuples(st.sampled_from([-90.0, 0.0, 89.9999, 90.0]), st.sampled_from([-180.0, 0.0, 179.9999, 180.0]))
POINTS = NEAR | ANYWHERE | EDGES
RADII = st.sampled_from([1.0, 100.0, 500.0, 5_000.0, 1_000_000.0, 30_000_000.0])


@given(st.lists(POINTS, max_size=40), st.lists(st.tuples(POINTS, RADII), max_size=10))
@settings(max_examples=300, deadline=None)
def test_every_centre_within_a_radius_is_covered_and_no_other(
    centres: list[tuple[float, float]], places: list[tuple[tuple[float, float], float]]
) -> None:
    expected = {
        index
        for index, centre in enumerate(centres)
        if any(distance(centre, position) <= radius for position, radius in places)
    }
    assert covered(centres, places) == expected
