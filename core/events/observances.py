"""On which day of a year is each holiday of the contract's two sets?

The contract's names and counts (18 and 8) are kept; the days are those of the year, not fixed ones.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from core.events.days_of_year import MONDAY, SUNDAY, THURSDAY, DayOf, fixed, from_easter, last, nth


class Observance(NamedTuple):
    """A holiday by its name, and its day in a year."""

    name: str
    day_of: DayOf


class HolidaySet(NamedTuple):
    """The holidays that are switched on together, in the order of the year."""

    code: str
    name: str
    observances: tuple[Observance, ...]


CONTRACT_SETS: Final = (
    HolidaySet(
        "US",
        "United States",
        (
            Observance("New Year's Day", fixed(1, 1)),
            Observance("Martin Luther King Jr. Day", nth(1, MONDAY, 3)),
            Observance("Valentine's Day", fixed(2, 14)),
            Observance("Presidents' Day", nth(2, MONDAY, 3)),
            Observance("St. Patrick's Day", fixed(3, 17)),
            Observance("Easter", from_easter(0)),
            Observance("Mother's Day", nth(5, SUNDAY, 2)),
            Observance("Memorial Day", last(5, MONDAY)),
            Observance("Father's Day", nth(6, SUNDAY, 3)),
            Observance("Independence Day", fixed(7, 4)),
            Observance("Labor Day", nth(9, MONDAY, 1)),
            Observance("Columbus Day", nth(10, MONDAY, 2)),
            Observance("Halloween", fixed(10, 31)),
            Observance("Veterans Day", fixed(11, 11)),
            Observance("Thanksgiving", nth(11, THURSDAY, 4)),
            Observance("Christmas Eve", fixed(12, 24)),
            Observance("Christmas Day", fixed(12, 25)),
            Observance("New Year's Eve", fixed(12, 31)),
        ),
    ),
    HolidaySet(
        "UK",
        "United Kingdom",
        (
            Observance("New Year's Day", fixed(1, 1)),
            Observance("Good Friday", from_easter(-2)),
            Observance("Easter Monday", from_easter(1)),
            Observance("May Day", nth(5, MONDAY, 1)),
            Observance("Spring Bank Holiday", last(5, MONDAY)),
            Observance("Summer Bank Holiday", last(8, MONDAY)),
            Observance("Christmas Day", fixed(12, 25)),
            Observance("Boxing Day", fixed(12, 26)),
        ),
    ),
)
