from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.quantities import (
    LARGEST_SIZE,
    LONGEST_DURATION,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    "written, seconds",
    [
        ("90s", 90),
        ("5m", 300),
        ("1h", 3600),
        ("1d", 86400),
        ("1.5h", 5400),
        ("2 m", 120),
        ("45", 45),
        (0.5, 0.5),
        (7, 7),
    ],
)
def test_a_duration_is_a_number_with_a_unit_or_a_number_of_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written, size",
    [("2GiB", 2**31), ("500MB", 500_000_000), ("1.5kb", 1500), ("64 KiB", 65536), ("10b", 10), ("7", 7), (4096, 4096)],
)
def test_a_size_is_a_number_with_a_unit_or_a_number_of_bytes(written: object, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written",
    ["", "h", "1,5h", "-1s", "1h30m", "1 fortnight", "5M", "٣s", "1e3", -1, True, math.inf, math.nan, None, []],
)
def test_what_is_no_duration_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match='is no duration; write "90s"'):
        parse_duration(written)


@pytest.mark.parametrize("written", ["", "GB", "1,5GiB", "1.5.3GB", "-1B", "3 bits", "1%", 1.5, -1, False, None])
def test_what_is_no_size_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match='is no size; write "2GiB"'):
        parse_size(written)


@pytest.mark.parametrize("written", ["366d", 1e300, "9" * 5000])
def test_a_duration_of_more_than_a_year_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="longer than a year"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["9000000TiB", 2**63, "9" * 5000])
def test_a_size_that_no_file_can_have_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="larger than a file can be"):
        parse_size(written)


@given(st.floats(min_value=0, max_value=LONGEST_DURATION))
def test_a_duration_that_was_written_is_read_back_as_it_was(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(min_value=0, max_value=LARGEST_SIZE))
def test_a_size_that_was_written_is_read_back_as_it_was(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(min_value=1, max_value=1000), st.sampled_from(["s", "m", "h"]))
def test_a_duration_is_written_in_the_largest_unit_without_a_fraction(number: int, unit: str) -> None:
    written = format_duration(parse_duration(f"{number}{unit}"))
    assert int(written[:-1]) <= number
    assert "smhd".index(written[-1]) >= "smhd".index(unit)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_and_a_size_or_is_refused(text: str) -> None:
    for parse, largest in ((parse_duration, LONGEST_DURATION), (parse_size, LARGEST_SIZE)):
        try:
            amount = parse(text)
        except ValueError:
            continue
        assert 0 <= amount <= largest
