"""Dates as cameras and programs write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media.metadata import Precision, WrittenTime
from core.media.written_time import is_blank_date, offset_minutes, written_time

HALF_PAST_TWO = datetime(2024, 7, 26, 14, 30, 25)


@pytest.mark.parametrize(
    ("text", "fraction", "offset", "expected"),
    [
        ("2024:07:26 14:30:25", None, None, WrittenTime(HALF_PAST_TWO)),
        (
            "2024:07:26 14:30:25",
            "12",
            "+02:00",
            WrittenTime(HALF_PAST_TWO.replace(microsecond=120_000), 120, Precision.FRACTION),
        ),
        (
            "2024:07:26 14:30:25.7",
            "12",
            None,
            WrittenTime(HALF_PAST_TWO.replace(microsecond=700_000), None, Precision.FRACTION),
        ),
        ("2024:07:26 14:30:25+01:00", None, "+02:00", WrittenTime(HALF_PAST_TWO, 60)),
        ("2024/7/26 14:30", "12", None, WrittenTime(HALF_PAST_TWO.replace(second=0), None, Precision.MINUTE)),
        ("2024-07-26", None, "+02:00", WrittenTime(datetime(2024, 7, 26), None, Precision.DAY)),
        ("2024:07:26 14:30:25", "  ", "   :  ", WrittenTime(HALF_PAST_TWO)),
        ("2024:07:26 14:30:25 PM", None, None, WrittenTime(HALF_PAST_TWO)),
        ("2024:02:30 14:30:25", None, None, None),
        ("0000:00:00 00:00:00", None, None, None),
        ("2024 was fine", None, None, None),
        (None, None, None, None),
    ],
)
def test_dates(text: str | None, fraction: str | None, offset: str | None, expected: WrittenTime | None) -> None:
    assert written_time(text, fraction, offset) == expected


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-0330", -210),
        ("+5", 300),
        ("Z", 0),
        ("utc", 0),
        ("+14:01", None),
        ("+02:60", None),
        ("", None),
    ],
)
def test_offsets(text: str, minutes: int | None) -> None:
    assert offset_minutes(text) == minutes


@pytest.mark.parametrize("text", ["", "    :  :     :  :  ", "0000:00:00 00:00:00", "0000-00-00T00:00:00", None])
def test_blank_dates(text: str | None) -> None:
    assert is_blank_date(text)


@given(
    st.datetimes(min_value=datetime(1000, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_iso_8601_says_is_what_is_read(local: datetime, minutes: int) -> None:
    text = local.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat(timespec="microseconds")
    assert written_time(text) == WrittenTime(local, minutes, Precision.FRACTION)


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    written_time(text, text, text)
