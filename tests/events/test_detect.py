"""What a day may be: true dates, near days across years, birthdays with ages, recurrences."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.days_of_year import easter
from core.events.detect import Birthday, Calendar, StoredEvent, best, detect
from core.events.observances import CONTRACT_SETS
from core.events.store import enabled_sets

DAYS = st.dates(date(1850, 1, 5), date(2150, 12, 25))
BOTH = Calendar(holiday_sets=("US", "UK"))


def names(day: date, calendar: Calendar = BOTH) -> dict[str, int]:
    return {match.event_name: match.confidence for match in detect(day, calendar)}


@pytest.mark.parametrize(
    "day",
    ["1818-03-22", "1943-04-25", "1961-04-02", "2000-04-23", "2008-03-23", "2019-04-21", "2024-03-31", "2038-04-25"],
)
def test_easter_is_where_the_almanac_has_it(day: str) -> None:
    expected = date.fromisoformat(day)
    assert easter(expected.year) == expected


@given(st.integers(1583, 4000))
def test_easter_is_a_sunday_between_the_22nd_of_march_and_the_25th_of_april(year: int) -> None:
    day = easter(year)
    assert day.weekday() == 6
    assert date(year, 3, 22) <= day <= date(year, 4, 25)


@pytest.mark.parametrize(
    "name, day",
    [
        ("Martin Luther King Jr. Day", "2024-01-15"),
        ("Presidents' Day", "2024-02-19"),
        ("Mother's Day", "2023-05-14"),
        ("Memorial Day", "2024-05-27"),
        ("Father's Day", "2025-06-15"),
        ("Labor Day", "2025-09-01"),
        ("Columbus Day", "2024-10-14"),
        ("Thanksgiving", "2023-11-23"),
        ("Thanksgiving", "2018-11-22"),
        ("Good Friday", "2024-03-29"),
        ("Easter Monday", "2025-04-21"),
        ("May Day", "2024-05-06"),
        ("Spring Bank Holiday", "2024-05-27"),
        ("Summer Bank Holiday", "2024-08-26"),
    ],
)
def test_movable_holidays_are_on_the_day_of_their_year(name: str, day: str) -> None:
    assert names(date.fromisoformat(day))[name] == 100


def test_the_sets_have_the_counts_of_the_contract() -> None:
    assert [(each.code, len(each.observances)) for each in CONTRACT_SETS] == [("US", 18), ("UK", 8)]


def test_days_near_a_holiday_count_across_the_end_of_the_year() -> None:
    found = names(date(2023, 12, 30))
    assert (found["New Year's Eve"], found["New Year's Day"]) == (80, 80)
    assert names(date(2024, 1, 2))["New Year's Eve"] == 80
    assert "Christmas Day" not in names(date(2024, 12, 28))


def test_a_holiday_of_two_sets_is_told_once_and_none_that_is_switched_off() -> None:
    found = [match.event_name for match in detect(date(2024, 12, 25), BOTH)]
    assert found.count("Christmas Day") == 1
    assert detect(date(2024, 12, 25), Calendar()) == []


@given(DAYS, DAYS)
def test_nobody_has_a_birthday_before_birth_and_ages_are_those_turned(born: date, day: date) -> None:
    matches = detect(day, Calendar(birthdays=[Birthday("p", "Ada", born)]))
    if day < born:
        assert matches == []
    for match in matches:
        assert match.age is not None
        assert match.age >= 0
        turned = date(born.year + match.age, 3 if (born.month, born.day) == (2, 29) else born.month, 1)
        assert abs((day - turned).days) <= 40
        assert match.confidence in (100, 75)


def test_a_birthday_on_the_29th_of_february_is_kept_in_every_year() -> None:
    leapling = Calendar(birthdays=[Birthday("p", "Ada", date(2000, 2, 29))])
    assert names(date(2024, 2, 29), leapling) == {"Ada's Birthday": 100}
    assert names(date(2023, 2, 28), leapling) == {"Ada's Birthday": 100}


def test_the_birthday_of_january_is_near_at_the_end_of_december() -> None:
    found = detect(date(2019, 12, 31), Calendar(birthdays=[Birthday("p", "Ada", date(2010, 1, 1))]))
    assert [(match.confidence, match.age) for match in found] == [(75, 10)]


@given(DAYS, st.integers(-500, 500))
def test_a_weekly_event_is_on_its_weekday_and_near_beside_it(day: date, weeks: int) -> None:
    event = StoredEvent("e", "Choir", "custom", day + timedelta(weeks=weeks), "weekly")
    for apart, confidence in ((0, 100), (1, 85), (-1, 85), (2, None), (3, None)):
        assert names(day + timedelta(days=apart), Calendar(events=[event])).get("Choir") == confidence


@pytest.mark.parametrize(
    "day, confidence",
    [
        ("2024-02-29", 100),
        ("2024-03-01", 85),
        ("2023-02-28", 100),
        ("2024-04-30", 100),
        ("2024-05-31", 100),
        ("2024-05-15", None),
    ],
)
def test_a_monthly_event_of_the_31st_is_on_the_last_day_of_short_months(day: str, confidence: int | None) -> None:
    event = StoredEvent("e", "Pay", "custom", date(2020, 1, 31), "monthly")
    assert names(date.fromisoformat(day), Calendar(events=[event])).get("Pay") == confidence


def test_an_event_that_does_not_recur_is_of_its_year_only() -> None:
    event = StoredEvent("e", "Wedding", "custom", date(2010, 6, 5))
    assert names(date(2010, 6, 4), Calendar(events=[event])) == {"Wedding": 85}
    assert names(date(2011, 6, 5), Calendar(events=[event])) == {}


def test_a_photo_gets_the_surest_event_and_none_that_is_a_guess() -> None:
    birthday = Calendar(("US",), [Birthday("p", "Ada", date(2010, 12, 24))])
    chosen = best(detect(date(2020, 12, 24), birthday))
    assert chosen is not None
    assert chosen.event_name == "Christmas Eve"
    near = Calendar(birthdays=[Birthday("p", "Ada", date(2010, 8, 8))])
    assert best(detect(date(2020, 8, 9), near)) is None


@pytest.mark.parametrize(
    "value, codes",
    [
        (None, ("US",)),
        ("[]", ()),
        ('["UK"]', ("UK",)),
        ("nonsense", ("US",)),
        ('{"a": 1}', ("US",)),
        ('["US", 5]', ("US",)),
    ],
)
def test_a_setting_that_is_no_list_of_codes_counts_as_the_default(value: str | None, codes: tuple[str, ...]) -> None:
    assert enabled_sets(value) == codes


@given(DAYS)
def test_every_day_can_be_asked_about(day: date) -> None:
    assert all(80 <= match.confidence <= 100 for match in detect(day, BOTH))
    for edge in (date.min, date.max):
        detect(edge, BOTH)
