"""Points that lie together, against looking at every pair."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.places.clusters import HOTSPOT_RADIUS, Point, clusters_of, distance

#: Places where the grid has its edges: the equator, the poles, the date line, and the middle of Europe.
CENTRES = [
    (0.0, 0.0),
    (48.8584, 2.2945),
    (89.9999, 10.0),
    (-89.9999, -170.0),
    (12.0, 180.0),
    (-45.0, -180.0),
    (67.0, 179.9999),
]
NEAR = st.floats(-0.004, 0.004)


@st.composite
def points(draw: st.DrawFn) -> list[Point]:
    found = []
    for _ in range(draw(st.integers(0, 40))):
        latitude, longitude = draw(st.sampled_from(CENTRES))
        latitude = min(90.0, max(-90.0, latitude + draw(NEAR)))
        found.append((latitude, (longitude + draw(NEAR) + 540) % 360 - 180))
    return found


def by_looking_at_all(found: list[Point]) -> list[tuple[int, ...]]:
    left = list(range(len(found)))
    clusters = []
    while left:
        first = left[0]
        members = [index for index in left if distance(found[first], found[index]) <= HOTSPOT_RADIUS]
        left = [index for index in left if index not in members]
        clusters.append(tuple(members))
    return sorted(clusters, key=lambda members: -len(members))


@given(points())
@settings(max_examples=300, deadline=None)
def test_the_grid_finds_what_looking_at_all_pairs_finds(found: list[Point]) -> None:
    assert [cluster.members for cluster in clusters_of(found)] == by_looking_at_all(found)


@pytest.mark.parametrize(
    "one, other, metres",
    [
        ((48.8584, 2.2945), (48.8606, 2.3376), 3_163),
        ((0.0, 179.9995), (0.0, -179.9995), 111),
        ((90.0, 0.0), (90.0, 120.0), 0),
        ((0.0, 0.0), (0.0, 180.0), 20_015_087),
    ],
)
def test_distances_are_those_on_the_sphere(one: Point, other: Point, metres: float) -> None:
    assert distance(one, other) == pytest.approx(metres, rel=0.002, abs=0.5)


def test_a_cluster_on_the_date_line_has_its_centre_there() -> None:
    (cluster,) = clusters_of([(10.0, 179.9997), (10.0, -179.9997)])
    assert abs(cluster.longitude) == pytest.approx(180.0, abs=1e-6)


def test_the_largest_comes_first_and_every_point_is_in_one() -> None:
    found = [(float(number), 0.0) for number in range(5) for _ in range(number + 1)]
    clusters = clusters_of(found)
    assert all(len(one.members) >= len(other.members) for one, other in pairwise(clusters))
    assert sorted(index for cluster in clusters for index in cluster.members) == list(range(len(found)))
