"""Where does the photographer live? Where photos are taken on most days, month after month."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from core.occasions.shots import Shot, moment
from core.places.clusters import Point, distance

CELL_DEGREES: Final = 0.1
"""Height of a cell, 11 km; they are as wide."""

WINDOW_MONTHS: Final = 6
"""Months before and after one that tell where home was then: people move."""

FEWEST_MONTHS: Final = 3
"""In so many months of those must a cell have photos to be home: nobody's holiday is."""

FAMILIAR_MONTHS: Final = 7
"""With photos in so many of the thirteen, a cell is home as well: where one works, where the grandparents live."""

AWAY_METRES: Final = 30_000.0
"""From every home: the next town is no journey."""

_Cell = tuple[int, int]


class Homes:
    """Where home was in each month, as far as photos tell."""

    def __init__(self, shots: Iterable[Shot]) -> None:
        days: set[tuple[int, _Cell]] = set()
        months: dict[int, Counter[_Cell]] = defaultdict(Counter)
        places: dict[_Cell, list[float]] = {}
        for shot in shots:
            if shot.point is None:
                continue
            cell, day = _cell(shot.point), int(shot.taken // 86400)
            if (day, cell) not in days:
                days.add((day, cell))
                months[_month(shot)][cell] += 1
                # the mean of the first photos of the days; a cell does not reach across the date line
                sums = places.setdefault(cell, [0.0, 0.0, 0.0])
                sums[0] += shot.latitude
                sums[1] += shot.longitude
                sums[2] += 1
        centres = {cell: (sums[0] / sums[2], sums[1] / sums[2]) for cell, sums in places.items()}
        always = _homes(list(months.values()))
        self._by_month: dict[int, list[Point]] = {}
        for month in months:
            near = [
                months[other] for other in range(month - WINDOW_MONTHS, month + WINDOW_MONTHS + 1) if other in months
            ]
            self._by_month[month] = [centres[cell] for cell in _homes(near) or always]
        self._always = [centres[cell] for cell in always]

    def is_away(self, shot: Shot) -> bool | None:
        """Whether a photo was taken away from home; ``None`` where its place or the home is not known."""
        homes = self._by_month.get(_month(shot), self._always)
        point = shot.point
        if point is None or not homes:
            return None
        return all(distance(point, home) > AWAY_METRES for home in homes)


def _homes(months: Sequence[Mapping[_Cell, int]]) -> list[_Cell]:
    """The cells that are home in these months, given on how many days of each a cell has photos."""
    days, seen = Counter[_Cell](), Counter[_Cell]()
    for month in months:
        days.update(month)
        seen.update(month.keys())
    lived_in = [cell for cell in days if seen[cell] >= FEWEST_MONTHS]
    if not lived_in:
        return []
    most = max(lived_in, key=lambda cell: (days[cell], seen[cell], cell))
    return [most, *(cell for cell in lived_in if cell != most and seen[cell] >= FAMILIAR_MONTHS)]


def _cell(point: Point) -> _Cell:
    row = math.floor(point[0] / CELL_DEGREES)
    width = CELL_DEGREES / max(0.01, math.cos(math.radians((row + 0.5) * CELL_DEGREES)))
    return row, math.floor(point[1] / width)


def _month(shot: Shot) -> int:
    when = moment(shot.taken)
    return when.year * 12 + when.month - 1
