"""Which points lie together? Greedy circles on the sphere, found through a grid.

Each point that is not taken yet gathers all that are not and lie within the radius (contract, behaviour §11). Cells are
as wide as the radius, so that only nine of them are looked into: the cost grows with the points, not with their square.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

EARTH_RADIUS: Final = 6_371_000.0
"""Metres (contract)."""

HOTSPOT_RADIUS: Final = 100.0
"""Metres around the first point of a cluster."""

Point = tuple[float, float]
"""Latitude and longitude in decimal degrees."""


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """``members`` are indices into the points; the centre is their mean, in decimal degrees."""

    latitude: float
    longitude: float
    members: tuple[int, ...]


def distance(one: Point, other: Point) -> float:
    """Metres between two points along the sphere (haversine)."""
    from_latitude, to_latitude = math.radians(one[0]), math.radians(other[0])
    by_longitude = math.radians(other[1] - one[1])
    half = math.sin((to_latitude - from_latitude) / 2) ** 2
    half += math.cos(from_latitude) * math.cos(to_latitude) * math.sin(by_longitude / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(half)))


class Grid:
    """Points by cells that are at least ``radius`` metres wide."""

    def __init__(self, points: Sequence[Point], radius: float) -> None:
        self._latitudes = [math.radians(latitude) for latitude, _ in points]
        self._longitudes = [math.radians(longitude) for _, longitude in points]
        # as far apart as the radius, by the haversine: what is compared need not be made metres
        self._furthest = math.sin(radius / (2 * EARTH_RADIUS)) ** 2 if radius < math.pi * EARTH_RADIUS else 1.0
        self._rows = math.degrees(radius / EARTH_RADIUS) * 1.001
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._measures: dict[int, tuple[float, int]] = {}
        for index, (latitude, longitude) in enumerate(points):
            row = math.floor(latitude / self._rows)
            width, columns = self._measures.get(row) or self._measures_of(row)
            self._cells.setdefault((row, math.floor(longitude / width) % columns), []).append(index)

    def take(self, centre: Point) -> list[int]:
        """Removes the points within the radius of ``centre`` from the grid, and returns them in their order."""
        taken = []
        latitude, longitude = map(math.radians, centre)
        at_centre, sin, cos = math.cos(latitude), math.sin, math.cos
        latitudes, longitudes, furthest = self._latitudes, self._longitudes, self._furthest
        for cell in self._around(centre):
            inside: list[int] = []
            outside: list[int] = []
            for index in self._cells.get(cell, ()):
                other = latitudes[index]
                half = sin((other - latitude) / 2) ** 2
                half += at_centre * cos(other) * sin((longitudes[index] - longitude) / 2) ** 2
                (inside if half <= furthest else outside).append(index)
            if inside:
                taken += inside
                self._cells[cell] = outside
        return sorted(taken)

    def _measures_of(self, row: int) -> tuple[float, int]:
        """The width of a row's cells in degrees of longitude, and how many they are.

        It is at least the radius everywhere in the row, and all around at the poles.
        """
        known = self._measures.get(row)
        if known is None:
            furthest = max(abs(row * self._rows), abs((row + 1) * self._rows))
            width = 360.0 if furthest >= 90 else min(360.0, self._rows / math.cos(math.radians(furthest)))
            known = self._measures[row] = width, max(1, math.ceil(360.0 / width))
        return known

    def _around(self, centre: Point) -> Iterator[tuple[int, int]]:
        middle = math.floor(centre[0] / self._rows)
        for row in (middle - 1, middle, middle + 1):
            width, columns = self._measures_of(row)
            column = math.floor(centre[1] / width)
            # the last column of a row is narrower than the others: one more is looked into
            yield from {(row, beside % columns) for beside in range(column - 2, column + 3)}


def clusters_of(points: Sequence[Point], radius: float = HOTSPOT_RADIUS) -> list[Cluster]:
    """Every point in exactly one cluster, the largest first; of equals, the one whose first point comes first."""
    grid, taken, found = Grid(points, radius), [False] * len(points), []
    for index, point in enumerate(points):
        if taken[index]:
            continue
        members = grid.take(point)
        for member in members:
            taken[member] = True
        found.append(_cluster(points, members))
    return sorted(found, key=lambda cluster: -len(cluster.members))


def _cluster(points: Sequence[Point], members: list[int]) -> Cluster:
    # longitudes as they lie beside the first, so that a cluster on the date line has its centre there
    first = points[members[0]][1]
    longitudes = [first + (points[index][1] - first + 540) % 360 - 180 for index in members]
    longitude = (sum(longitudes) / len(members) + 540) % 360 - 180
    return Cluster(sum(points[index][0] for index in members) / len(members), longitude, tuple(members))
