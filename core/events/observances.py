"""On which day of a year is each holiday of the contract's two sets?

The contract's names and counts (18 and 8) are kept; the days are those of the year, not fixed ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

MONDAY, THURSDAY, SUNDAY = 0, 3, 6

DayOf = Callable[[int], date]
"""Year → day."""


class Observance(NamedTuple):
    """A holiday by its name, and its day in a year."""

    name: str
    day_of: DayOf


class HolidaySet(NamedTuple):
    """The holidays that are switched on together, in the order of the year."""

    code: str
    name: str
    observances: tuple[Observance, ...]


def _fixed(month: int, day: int) -> DayOf:
    return lambda year: date(year, month, day)


def _nth(month: int, weekday: int, n: int) -> DayOf:
    """The n-th (1–4) such weekday of a month."""

    def day_of(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    return day_of


def _last(month: int, weekday: int) -> DayOf:
    """The last such weekday of a month that has 31 days."""

    def day_of(year: int) -> date:
        last = date(year, month, 31)
        return last - timedelta(days=(last.weekday() - weekday) % 7)

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


def _easter(days: int) -> DayOf:
    return lambda year: easter(year) + timedelta(days=days)


HOLIDAY_SETS: Final = (
    HolidaySet(
        "US",
        "United States",
        (
            Observance("New Year's Day", _fixed(1, 1)),
            Observance("Martin Luther King Jr. Day", _nth(1, MONDAY, 3)),
            Observance("Valentine's Day", _fixed(2, 14)),
            Observance("Presidents' Day", _nth(2, MONDAY, 3)),
            Observance("St. Patrick's Day", _fixed(3, 17)),
            Observance("Easter", _easter(0)),
            Observance("Mother's Day", _nth(5, SUNDAY, 2)),
            Observance("Memorial Day", _last(5, MONDAY)),
            Observance("Father's Day", _nth(6, SUNDAY, 3)),
            Observance("Independence Day", _fixed(7, 4)),
            Observance("Labor Day", _nth(9, MONDAY, 1)),
            Observance("Columbus Day", _nth(10, MONDAY, 2)),
            Observance("Halloween", _fixed(10, 31)),
            Observance("Veterans Day", _fixed(11, 11)),
            Observance("Thanksgiving", _nth(11, THURSDAY, 4)),
            Observance("Christmas Eve", _fixed(12, 24)),
            Observance("Christmas Day", _fixed(12, 25)),
            Observance("New Year's Eve", _fixed(12, 31)),
        ),
    ),
    HolidaySet(
        "UK",
        "United Kingdom",
        (
            Observance("New Year's Day", _fixed(1, 1)),
            Observance("Good Friday", _easter(-2)),
            Observance("Easter Monday", _easter(1)),
            Observance("May Day", _nth(5, MONDAY, 1)),
            Observance("Spring Bank Holiday", _last(5, MONDAY)),
            Observance("Summer Bank Holiday", _last(8, MONDAY)),
            Observance("Christmas Day", _fixed(12, 25)),
            Observance("Boxing Day", _fixed(12, 26)),
        ),
    ),
)
