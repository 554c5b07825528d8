"""Which of many points lie around a place?

Straight lines through the Earth are compared in place of distances along its surface, for all points of a band of
latitudes at once; where rounding could tell them apart, the distance decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from core.places.clusters import EARTH_RADIUS, Point, distance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DOUBT: Final = 1e-6
"""Share of a squared line within which the distance decides. Rounding is less: 1e-9 for circles of a metre."""


class Sphere:
    """Points, in the order of their latitudes: those around a place are looked for in a band."""

    def __init__(self, points: Sequence[Point] | NDArray[np.float64]) -> None:
        import numpy as np

        self._points = points
        places = _on_unit_sphere(points)
        self._order = np.argsort(places[:, 2], kind="stable")
        self._places = places[self._order]

    def within(self, centre: Point, radius: float) -> list[int]:
        """The indices of the points that lie within ``radius`` metres, in no order."""
        import numpy as np

        (middle,) = _on_unit_sphere([centre])
        line = _line(radius)
        heights = self._places[:, 2]
        first = np.searchsorted(heights, middle[2] - line * (1 + _DOUBT), "left")
        last = np.searchsorted(heights, middle[2] + line * (1 + _DOUBT), "right")
        squares = ((self._places[first:last] - middle) ** 2).sum(axis=1)
        order = self._order[first:last]
        inside: list[int] = order[squares <= line**2 * (1 - _DOUBT)].tolist()
        doubtful = order[np.abs(squares - line**2) < line**2 * _DOUBT].tolist()
        return inside + [index for index in doubtful if distance(centre, self._points[index]) <= radius]


def _on_unit_sphere(points: Sequence[Point] | NDArray[np.float64]) -> NDArray[np.float64]:
    """One row of x, y, z for each point."""
    import numpy as np

    radians = np.radians(np.array(points, dtype=np.float64).reshape(-1, 2))
    latitude, longitude = radians[:, 0], radians[:, 1]
    flat = np.cos(latitude)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)), axis=1)


def _line(radius: float) -> float:
    """The straight line between two points on the unit sphere that lie ``radius`` metres apart."""
    return 2 * math.sin(min(radius / (2 * EARTH_RADIUS), math.pi / 2))
