"""Which days a range of dates covers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRequest
from core.search.dates import first_moment, last_moment


def test_a_day_is_meant_from_its_first_to_its_last_second() -> None:
    assert first_moment("2024-07-26") == "2024-07-26T00:00:00"
    assert last_moment("2024-07-26") == "2024-07-26T23:59:59.999999"


def test_an_end_at_midnight_is_the_day_and_any_other_time_is_itself() -> None:
    assert last_moment("2024-07-26T00:00:00.000Z") == "2024-07-26T23:59:59.999999"
    assert last_moment("2024-07-26T14:30:25.123") == "2024-07-26T14:30:25.999999"
    assert first_moment("2024-07-26T14:30:25+02:00") == "2024-07-26T14:30:25"


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "2024:07:26 14:30:25", "26.07.2024"])
def test_what_is_no_date_is_refused(text: str) -> None:
    for parse in (first_moment, last_moment):
        with pytest.raises(BadRequest, match="is no date"):
            parse(text)


@given(st.text())
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    try:
        moment = first_moment(text)
    except BadRequest:
        return
    assert moment[:10] == last_moment(text)[:10]


@given(st.datetimes())
def test_every_moment_lies_within_its_own_range(moment: object) -> None:
    text = str(moment).replace(" ", "T")
    assert first_moment(text) <= last_moment(text)
