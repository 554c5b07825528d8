"""Nothing is asked in quiet hours, whatever midnight and the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ai.quiet_hours import parse_quiet_hours, quiet_until
from core.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Window(time(22), time(7))


def berlin(day: int, hour: int, minute: int = 0, *, month: int = 6, fold: int = 0) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize("text", ["22:00-07:00", " 22:00 - 7:00 ", "22:00–07:00"])
def test_hours_are_read_as_people_write_them(text: str) -> None:
    assert parse_quiet_hours(text) == NIGHT
    assert str(NIGHT) == "22:00-07:00"


def test_no_hours_are_none() -> None:
    assert parse_quiet_hours("") is None
    assert quiet_until(None, berlin(1, 3), BERLIN) is None


@pytest.mark.parametrize("text", ["night", "22-07", "24:00-07:00", "22:60-07:00", "22:00-22:00", "22:00"])
def test_what_makes_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time of day|whole day"):
        parse_quiet_hours(text)


def test_hours_go_over_midnight() -> None:
    assert quiet_until(NIGHT, berlin(1, 21, 59), BERLIN) is None
    assert quiet_until(NIGHT, berlin(1, 22), BERLIN) == berlin(2, 7)
    assert quiet_until(NIGHT, berlin(2, 0), BERLIN) == berlin(2, 7)
    assert quiet_until(NIGHT, berlin(2, 6, 59), BERLIN) == berlin(2, 7)
    assert quiet_until(NIGHT, berlin(2, 7), BERLIN) is None


def test_hours_within_a_day() -> None:
    noon = Window(time(12), time(14))
    assert quiet_until(noon, berlin(1, 13), BERLIN) == berlin(1, 14)
    assert quiet_until(noon, berlin(1, 14), BERLIN) is None


def test_the_night_on_which_clocks_change_has_another_length() -> None:
    for month, day, hours in ((3, 29, 8), (10, 25, 10)):
        begins = berlin(day, 22, month=month)
        assert quiet_until(NIGHT, begins, BERLIN) == begins + timedelta(hours=hours)


def test_hours_that_end_where_the_clock_skips_end_when_it_has() -> None:
    until_half_past = Window(time(22), time(2, 30))
    end = quiet_until(until_half_past, berlin(29, 23, month=3), BERLIN)
    assert end == datetime(2025, 3, 30, 1, tzinfo=UTC)  # 03:00 in summer time, which follows 01:59


@settings(max_examples=30, deadline=None)
@given(
    hours=st.builds(Window, st.times(), st.times()).filter(lambda each: each.begins != each.ends),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_they_are_over_when_the_clock_on_the_wall_says_so(hours: Window, moment: datetime, zone: str) -> None:
    hours = Window(hours.begins.replace(second=0, microsecond=0), hours.ends.replace(second=0, microsecond=0))
    now, place = moment.replace(tzinfo=UTC), ZoneInfo(zone)
    until = quiet_until(hours, now, place)
    clock = now.astimezone(place).time()
    if hours.begins < hours.ends:
        is_quiet = hours.begins <= clock < hours.ends
    else:
        is_quiet = hours.begins <= clock or clock < hours.ends
    assert (until is not None) == (is_quiet and hours.begins != hours.ends) or hours.begins == hours.ends
    if until is not None and hours.begins != hours.ends:
        assert now < until <= now + timedelta(hours=26)
        assert quiet_until(hours, until, place) is None
        assert quiet_until(hours, until - timedelta(minutes=1), place) in (until, None)
