"""The holidays of every country, and the days that families photograph beside them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.countries import countries, holidays_of
from core.events.customs import CUSTOMS
from core.events.detect import Calendar, detect
from core.events.holiday_sets import is_known, known_sets
from core.events.store import holidays_by_code

CODES = sorted(countries())


@pytest.mark.parametrize(
    ("code", "name", "day"),
    [
        ("DE", "German Unity Day", "2024-10-03"),
        ("DE", "Easter Monday", "2024-04-01"),
        ("DE", "Carnival Monday", "2024-02-12"),
        ("DE", "Mother's Day", "2024-05-12"),
        ("DE", "Father's Day", "2024-05-09"),
        ("DE", "St. Nicholas' Day", "2023-12-06"),
        ("DE", "Christmas Eve", "2023-12-24"),
        ("DE-BY", "Corpus Christi", "2024-05-30"),
        ("AT", "Father's Day", "2024-06-09"),
        ("FR", "National Day", "2024-07-14"),
        ("FR", "Mother's Day", "2024-05-26"),
        # on the last Sunday of May 2023 was Pentecost
        ("FR", "Mother's Day", "2023-06-04"),
        ("GB", "Mother's Day", "2024-03-10"),
        ("GB", "Bonfire Night", "2024-11-05"),
        ("GB-SCT", "Saint Andrew's Day", "2024-11-30"),
        ("ES", "Mother's Day", "2024-05-05"),
        ("ES", "Father's Day", "2024-03-19"),
        ("SE", "Midsummer Eve", "2024-06-21"),
        ("SE", "St. Lucia's Day", "2024-12-13"),
        ("FI", "Father's Day", "2024-11-10"),
        ("NO", "Mother's Day", "2024-02-11"),
        ("PL", "Mother's Day", "2024-05-26"),
        ("NL", "King's Day", "2024-04-27"),
        ("CA", "Thanksgiving", "2024-10-14"),
        ("AU", "Father's Day", "2024-09-01"),
        ("BR", "Carnival", "2024-02-13"),
        ("BR", "Father's Day", "2024-08-11"),
        ("MX", "Mother's Day", "2024-05-10"),
        ("IN", "Diwali", "2024-10-31"),
        ("IN", "Holi", "2024-03-25"),
        ("CN", "Chinese New Year (Spring Festival)", "2024-02-10"),
        ("TR", "Eid al-Fitr", "2024-04-10"),
        ("TR", "Eid al-Adha", "2024-06-16"),
        ("IL", "Pesach", "2024-04-23"),
        ("JP", "Children's Day", "2024-05-05"),
        ("RU", "Christmas Eve", "2024-01-06"),
        ("TH", "Songkran Festival", "2024-04-13"),
        ("IT", "New Year's Eve", "2023-12-31"),
    ],
)
def test_a_holiday_is_on_the_day_of_its_year(code: str, name: str, day: str) -> None:
    assert name in {match.event_name for match in detect(date.fromisoformat(day), Calendar([code])) if _sure(match)}


def _sure(match: object) -> bool:
    return getattr(match, "confidence", 0) == 100


def test_the_sets_of_the_contract_come_first_and_every_country_has_one() -> None:
    sets = known_sets(2024)
    assert [(one.code, one.name, one.count) for one in sets[:2]] == [
        ("US", "United States", 18),
        ("UK", "United Kingdom", 8),
    ]
    codes = [one.code for one in sets]
    assert len(codes) == len(set(codes)) > 240
    assert {"DE", "FR", "JP", "GB", "BR"} <= set(codes)
    names = [one.name for one in sets]
    assert len(names) == len(set(names))
    assert all(is_known(one.code) for one in sets)
    assert {one.code: one.count for one in sets}["DE"] > 20


def test_every_country_has_days_of_its_own_in_english() -> None:
    assert CUSTOMS.keys() <= set(CODES)
    for code in CODES:
        days = holidays_of(code, 2024)
        assert days, code
        assert list(days) == sorted(days, key=lambda holiday: holiday[0])
        for day, name in days:
            assert day.year == 2024
            assert "substituted" not in name
            assert "estimated" not in name
            assert not any("\u0370" <= letter <= "\uffff" and letter not in "’–" for letter in name), (code, name)


@given(st.sampled_from(CODES), st.dates())
@settings(deadline=None, max_examples=50)
def test_every_day_can_be_asked_about_in_every_country(code: str, day: date) -> None:
    matches = detect(day, Calendar([code]))
    assert all(match.confidence in (80, 100) for match in matches)
    assert [match.confidence for match in matches] == sorted((match.confidence for match in matches), reverse=True)


@pytest.mark.parametrize("day", ["2024-01-01", "2024-12-31", "2023-12-30", "2024-01-02"])
def test_the_end_of_the_year_is_near_from_both_sides(day: str) -> None:
    found = {match.event_name for match in detect(date.fromisoformat(day), Calendar(["FR"]))}
    assert {"New Year's Day", "New Year's Eve"} <= found


def test_a_feast_of_several_days_is_told_once_and_the_nearest_counts() -> None:
    (feast,) = [one for one in detect(date(2024, 4, 11), Calendar(["TR"])) if one.event_name == "Eid al-Fitr"]
    assert feast.confidence == 100
    assert holidays_by_code(["TR"], 2024)["TR"]["Eid al-Fitr"] == date(2024, 4, 10)


@pytest.mark.parametrize("code", ["", "XX", "de", "DE-XX", "DE-", "..", "holidays"])
def test_what_is_no_country_has_no_holidays(code: str) -> None:
    assert not is_known(code)
    assert detect(date(2024, 12, 25), Calendar([code])) == []
