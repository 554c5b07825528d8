"""On which day of a year is something that moves?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Final

MONDAY, TUESDAY, THURSDAY, SUNDAY = 0, 1, 3, 6

DayOf = Callable[[int], date]
"""Year → day."""

FIRST_YEAR, LAST_YEAR = 1583, 4099
"""Years whose Easter is known: before, the Gregorian calendar was not there, and later it will have drifted."""


def fixed(month: int, day: int) -> DayOf:
    """The same day every year; no 29th of February."""
    return lambda year: date(year, month, day)


def nth(month: int, weekday: int, n: int) -> DayOf:
    """The n-th (1–4) such weekday of a month."""

    def day_of(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    return day_of


def last(month: int, weekday: int) -> DayOf:
    """The last such weekday of a month."""

    def day_of(year: int) -> date:
        end = date(year, month, _LENGTHS[month - 1])
        return end - timedelta(days=(end.weekday() - weekday) % 7)

    return day_of


@cache
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar: the anonymous algorithm (Meeus, Astronomical Algorithms, chapter 8)."""
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - leap_centuries - moon + 15) % 30
    leap_years, year_rest = divmod(of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    late = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def from_easter(days: int) -> DayOf:
    """So many days after Easter Sunday, or before."""
    return lambda year: easter(year) + timedelta(days=days)


_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of the months; no last weekday of February is asked for."""
