"""The order in which dates are trusted, and what becomes of zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.media.capture_time import capture_time
from core.media.facts import CaptureSource, CaptureTime, Exif, Identity

INGESTED = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
TOKYO = Exif(gps_latitude=35.6, gps_longitude=139.7)


def in_tokyo(latitude: float, longitude: float) -> str | None:
    assert (latitude, longitude) == (35.6, 139.7)
    return "Asia/Tokyo"


def nowhere(latitude: float, longitude: float) -> str | None:
    return None


def taken(
    exif: Exif = Exif(),  # noqa: B008 - frozen
    name: str = "photo.jpg",
    container: datetime | None = None,
    home_zone: str | None = None,
) -> CaptureTime:
    identity = Identity(size=1, md5="", sha256="", format=None, exif=exif, container_time_utc=container)
    return capture_time(identity, name, INGESTED, in_tokyo, home_zone)


CHANGED = Exif(date_time="2023-03-03T03:03:03")
CREATED = replace(CHANGED, create_date="2022-02-02T02:02:02")
ORIGINAL = replace(CREATED, date_time_original="2021-01-01T01:01:01")
AT_TOKYO = replace(ORIGINAL, gps_latitude=35.6, gps_longitude=139.7)
NAMED = "20200505_050505.jpg"
CONTAINER = datetime(2024, 4, 4, 4, 4, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "exif, name, container, expected, source",
    [
        (ORIGINAL, NAMED, CONTAINER, datetime(2021, 1, 1, 1, 1, 1), CaptureSource.EXIF_ORIGINAL),
        (CREATED, NAMED, CONTAINER, datetime(2022, 2, 2, 2, 2, 2), CaptureSource.EXIF_CREATED),
        (CHANGED, NAMED, CONTAINER, datetime(2023, 3, 3, 3, 3, 3), CaptureSource.EXIF_CHANGED),
        (Exif(), NAMED, CONTAINER, datetime(2024, 4, 4, 4, 4, 4), CaptureSource.CONTAINER),
        (Exif(), NAMED, None, datetime(2020, 5, 5, 5, 5, 5), CaptureSource.FILENAME),
        (Exif(), "photo.jpg", None, datetime(2026, 11, 22, 13, 0), CaptureSource.INGESTED),
    ],
)
def test_dates_are_trusted_in_the_order_of_the_contract_and_the_source_is_told(
    exif: Exif, name: str, container: datetime | None, expected: datetime, source: CaptureSource
) -> None:
    found = taken(exif, name, container)
    assert (found.local, found.source) == (expected, source)


@pytest.mark.parametrize("written", ["1900-12-31T23:59:59", "2100-01-01T00:00:00", "2024:07:26 14:30:25x", "soon", ""])
def test_a_date_that_cannot_be_makes_way_for_the_next(written: str) -> None:
    found = taken(Exif(date_time_original=written, create_date="1999-09-09T09:09:09"))
    assert (found.local, found.source) == (datetime(1999, 9, 9, 9, 9, 9), CaptureSource.EXIF_CREATED)


@pytest.mark.parametrize("written, year", [("1901-01-01T00:00:00", 1901), ("2099-12-31T23:59:59", 2099)])
def test_the_first_and_the_last_plausible_year(written: str, year: int) -> None:
    assert taken(Exif(date_time_original=written)).local.year == year


@pytest.mark.parametrize(
    "name",
    [
        "20230506_070809.jpg",
        "20230506_070809_001.jpg",
        "20230506_070809(0).jpg",
        "20230506-070809.jpg",
        "IMG_20230506_070809.jpg",
        "img_20230506_070809.jpg",
        "VID_20230506_070809.mp4",
        "MVIMG_20230506_070809.jpg",
        "DSC_20230506_070809.jpg",
        "Screenshot_20230506-070809.png",
        "Screenshot_20230506_070809_Chrome.jpg",
        "phone/DCIM/IMG_20230506_070809.jpg",
    ],
)
def test_a_name_that_begins_with_date_and_time_tells_both(name: str) -> None:
    assert taken(name=name) == CaptureTime(datetime(2023, 5, 6, 7, 8, 9), CaptureSource.FILENAME)


@pytest.mark.parametrize("name", ["IMG-20230506-WA0001.jpg", "VID-20230506-WA0012.mp4"])
def test_whatsapp_tells_only_the_day(name: str) -> None:
    assert taken(name=name) == CaptureTime(datetime(2023, 5, 6), CaptureSource.FILENAME)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "IMG_1234.jpg",
        "holiday_20230506_070809.jpg",
        "20231306_070809.jpg",
        "20230230_070809.jpg",
        "20230506_250809.jpg",
        "19000506_070809.jpg",
        "21000506_070809.jpg",
        "20230506.jpg",
        "IMG-20231306-WA0001.jpg",
        "٢٠٢٣٠٥٠٦_٠٧٠٨٠٩.jpg",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert taken(name=name).source is CaptureSource.INGESTED


def test_pixel_phones_name_their_files_after_utc() -> None:
    name = "PXL_20230506_070809123.MP.jpg"
    assert taken(name=name, home_zone="Europe/Berlin").local == datetime(2023, 5, 6, 9, 8, 9)
    assert taken(TOKYO, name=name).local == datetime(2023, 5, 6, 16, 8, 9)
    assert taken(name=name) == CaptureTime(datetime(2023, 5, 6, 7, 8, 9), CaptureSource.FILENAME, 0)


def test_a_containers_utc_is_told_in_the_zone_of_the_place_before_that_of_the_home() -> None:
    assert taken(TOKYO, container=CONTAINER, home_zone="Europe/Berlin") == CaptureTime(
        datetime(2024, 4, 4, 13, 4, 4), CaptureSource.CONTAINER, 9 * 60, "Asia/Tokyo"
    )
    assert taken(container=CONTAINER, home_zone="Europe/Berlin") == CaptureTime(
        datetime(2024, 4, 4, 6, 4, 4), CaptureSource.CONTAINER, 2 * 60
    )
    assert taken(container=CONTAINER) == CaptureTime(datetime(2024, 4, 4, 4, 4, 4), CaptureSource.CONTAINER, 0)


def test_the_moment_of_ingestion_is_told_at_home() -> None:
    assert taken(home_zone="America/New_York") == CaptureTime(
        datetime(2026, 11, 22, 8, 0), CaptureSource.INGESTED, -5 * 60
    )


def test_offsets_are_trusted_in_their_order() -> None:
    exif = replace(
        TOKYO,
        date_time_original="2024-07-26T14:30:25",
        offset_time_original="+01:00",
        offset_time="-02:30",
        gps_date_time_utc="2024-07-26T11:30:20",
    )
    assert taken(exif).offset_minutes == 60
    exif = replace(exif, offset_time_original=None)
    assert taken(exif).offset_minutes == -150
    exif = replace(exif, offset_time=None)
    assert taken(exif).offset_minutes == 180
    exif = replace(exif, gps_date_time_utc=None)
    assert taken(exif).offset_minutes == 540
    exif = replace(exif, gps_latitude=None)
    assert taken(exif).offset_minutes is None


def test_an_unreadable_offset_makes_way_for_the_next() -> None:
    exif = Exif(date_time_original="2024-07-26T14:30:25", offset_time_original="home", offset_time="+02:00")
    assert taken(exif).offset_minutes == 120


@pytest.mark.parametrize(
    "utc, offset",
    [
        ("2024-07-26T12:31:40", 120),
        ("2024-07-26T12:29:10", 120),
        ("2024-07-26T08:45:25", 345),
        ("2024-07-27T02:30:25", -720),
        ("2024-07-26T00:30:25", 840),
        ("2024-07-26T12:34:00", None),
        ("2024-07-26T00:15:25", None),
        ("2024-07-25T12:30:25", None),
    ],
)
def test_the_difference_to_gps_time_is_an_offset_if_it_is_close_to_quarters_of_an_hour(
    utc: str, offset: int | None
) -> None:
    assert taken(Exif(date_time_original="2024-07-26T14:30:25", gps_date_time_utc=utc)).offset_minutes == offset


def test_the_zone_of_the_place_knows_summer_time() -> None:
    def in_berlin(latitude: float, longitude: float) -> str | None:
        return "Europe/Berlin"

    def offset(date: str) -> int | None:
        exif = Exif(date_time_original=date, gps_latitude=52.5, gps_longitude=13.4)
        identity = Identity(size=1, md5="", sha256="", format=None, exif=exif)
        return capture_time(identity, "", INGESTED, in_berlin).offset_minutes

    assert offset("2024-07-26T14:30:25") == 120
    assert offset("2024-12-26T14:30:25") == 60


def test_the_zone_comes_from_the_coordinates_whatever_the_source() -> None:
    for found in (taken(AT_TOKYO), taken(TOKYO, NAMED), taken(TOKYO)):
        assert found.zone == "Asia/Tokyo"
        assert found.offset_minutes == 540
    assert taken(ORIGINAL, home_zone="Europe/Berlin").zone is None


def test_coordinates_in_no_zone_and_zones_unknown_here_leave_the_offset_open() -> None:
    identity = Identity(size=1, md5="", sha256="", format=None, exif=AT_TOKYO)
    assert capture_time(identity, "", INGESTED, nowhere).offset_minutes is None
    found = capture_time(identity, "", INGESTED, lambda _latitude, _longitude: "Mars/Olympus_Mons")
    assert (found.offset_minutes, found.zone) == (None, "Mars/Olympus_Mons")


@settings(max_examples=100)
@given(
    st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(["", "IMG_", "VID_", "MVIMG_", "Screenshot_"]),
    st.from_regex(r"[^/\0]{0,10}", fullmatch=True),
)
def test_every_plausible_time_in_a_name_is_read(moment: datetime, prefix: str, rest: str) -> None:
    found = taken(name=f"{prefix}{moment:%Y%m%d_%H%M%S}{rest}")
    assert found.local == moment.replace(microsecond=0)


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_whatever_is_written_there_is_a_capture_time(name: str, date: str, container: datetime | None) -> None:
    exif = replace(TOKYO, date_time_original=date, offset_time_original=date, gps_date_time_utc=date)
    found = taken(exif, name, container, "Europe/Berlin")
    assert found.local.tzinfo is None
    assert 1900 < found.local.year < 2100


def test_an_ingestion_in_another_zone_is_the_same_moment() -> None:
    elsewhere = INGESTED.astimezone(timezone(timedelta(hours=-8)))
    identity = Identity(size=1, md5="", sha256="", format=None, exif=Exif())
    assert capture_time(identity, "", elsewhere, nowhere) == capture_time(identity, "", INGESTED, nowhere)
