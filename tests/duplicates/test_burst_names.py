from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.duplicates.burst_names import follow_each_other, name_one_second, share_a_brand_form, time_in_name


@pytest.mark.parametrize(
    "name, time",
    [
        ("20230506_070809.jpg", datetime(2023, 5, 6, 7, 8, 9)),
        ("IMG_20230506_070809_1.jpg", datetime(2023, 5, 6, 7, 8, 9)),
        ("PXL_20230506_070809123.jpg", datetime(2023, 5, 6, 7, 8, 9)),
        ("IMG_0042.jpg", None),
        ("20231506_070809.jpg", None),  # there is no 15th month
        ("20230506_250809.jpg", None),
        ("120230506_070809.jpg", None),  # nine digits are no date
    ],
)
def test_a_time_is_read_from_anywhere_in_a_name(name: str, time: datetime | None) -> None:
    assert time_in_name(name) == time


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2099, 12, 31)))
def test_every_time_that_a_phone_writes_is_read_back(moment: datetime) -> None:
    assert time_in_name(f"{moment:%Y%m%d_%H%M%S}.jpg") == moment.replace(microsecond=0)


def test_frames_of_one_second_differ_in_their_hex_digits() -> None:
    assert name_one_second("20230506_070809_1a2b3c4d.jpg", "20230506_070809_1A2B3C4E.JPG")


@pytest.mark.parametrize(
    "other",
    [
        "20230506_070809_1A2B3C4D.png",  # the same digits: one frame in two formats
        "20230506_070810_1a2b3c4e.jpg",  # another second
        "20230506_070809_1a2b3c4.jpg",  # seven digits
        "20230506_070809_1a2b3c4g.jpg",  # g is no hex digit
        "20230506_070809_1a2b3c4e_x.jpg",
    ],
)
def test_other_names_do_not_name_one_second(other: str) -> None:
    assert not name_one_second("20230506_070809_1a2b3c4d.jpg", other)


@pytest.mark.parametrize(
    "a, b",
    [
        ("IMG_1234_BURST001.jpg", "img_1234_burst002.JPG"),
        ("DSC_1234-5.jpg", "DSC_1234-7.jpg"),
        ("IMG_1234_001.jpg", "IMG_1234_011.jpg"),  # ten apart
        ("IMG1234.jpg", "IMG1235.heic"),
        ("IMG_0999.jpg", "IMG_1000.jpg"),
        ("0001.jpg", "0002.jpg"),
    ],
)
def test_running_numbers_follow_each_other(a: str, b: str) -> None:
    assert follow_each_other(a, b)


@pytest.mark.parametrize(
    "a, b",
    [
        ("IMG_1234.jpg", "IMG_1234.png"),  # not apart
        ("IMG_1234.jpg", "IMG_1245.jpg"),  # eleven apart
        ("IMG_1234.jpg", "DSC_1235.jpg"),  # another base
        ("IMG_1234.jpg", "IMG_1234_1.jpg"),  # a copy's suffix is no running number of the same base
        ("beach.jpg", "beach1.jpg"),
    ],
)
def test_other_numbers_do_not_follow_each_other(a: str, b: str) -> None:
    assert not follow_each_other(a, b)


@given(st.text(max_size=20), st.integers(0, 9999), st.integers(0, 9999))
def test_the_gap_alone_decides_between_names_of_one_base(base: str, one: int, other: int) -> None:
    names = [f"x{base.replace('/', '')}_{number:04d}.jpg" for number in (one, other)]
    assert follow_each_other(*names) == (1 <= abs(one - other) <= 10)


@pytest.mark.parametrize(
    "a, b",
    [
        ("IMG_0001_BURST123.jpg", "IMG_9999_BURST456.jpg"),
        ("DSC01234_BURST.jpg", "DSC09999_BURST20230506.jpg"),
        ("P1234567_BURST.jpg", "P7654321_BURST.jpg"),
        ("a_HDR.jpg", "b_hdr2.jpg"),
        ("a_BRACKET1.jpg", "b_BRACKET.jpg"),
        ("PANO_1_20.jpg", "PANO_30_4.jpg"),
    ],
)
def test_names_of_one_brand_form_belong_together(a: str, b: str) -> None:
    assert share_a_brand_form(a, b)


@pytest.mark.parametrize(
    "a, b",
    [
        ("a_HDR.jpg", "a.jpg"),
        ("a_HDR.jpg", "b_BRACKET.jpg"),  # each has a form, but not the same one
        ("IMG_001_BURST123.jpg", "IMG_9999_BURST456.jpg"),  # three digits
        ("P123456_BURST.jpg", "P7654321_BURST.jpg"),
        ("PANO_1.jpg", "PANO_30_4.jpg"),
    ],
)
def test_names_of_different_forms_do_not(a: str, b: str) -> None:
    assert not share_a_brand_form(a, b)
