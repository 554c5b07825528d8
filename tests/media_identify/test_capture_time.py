"""The order in which dates are trusted, and what becomes of zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.media.capture_time import Zones, capture_time
from core.media.facts import CaptureSource, CaptureTime, Confidence, OffsetSource
from core.media.metadata import Metadata, Precision, Refused, Said, WrittenTime

INGESTED = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
TOKYO = Zones(place="Asia/Tokyo")
BERLIN = Zones(home="Europe/Berlin")


def date(text: str | None, tag: str, offset: int | None = None) -> Said[WrittenTime] | None:
    return None if text is None else Said(WrittenTime(datetime.fromisoformat(text), offset), f"exif:{tag}")


def said(
    original: str | None = None,
    created: str | None = None,
    changed: str | None = None,
    gps: str | None = None,
    container: datetime | None = None,
    offsets: tuple[int | None, int | None, int | None] = (None, None, None),
    make: str | None = None,
    duration: float | None = None,
) -> Metadata:
    return Metadata(
        taken=date(original, "DateTimeOriginal", offsets[0]),
        digitized=date(created, "DateTimeDigitized", offsets[1]),
        changed=date(changed, "DateTime", offsets[2]),
        gps_time=Said(datetime.fromisoformat(gps).replace(tzinfo=UTC), "exif:GPSTimeStamp") if gps else None,
        container_time=Said(container, "quicktime:mvhd") if container else None,
        make=Said(make, "quicktime:make") if make else None,
        duration=Said(duration, "quicktime:mvhd") if duration else None,
    )


def taken(
    metadata: Metadata = Metadata(),  # noqa: B008 - frozen
    name: str = "photo.jpg",
    zones: Zones = Zones(),  # noqa: B008 - frozen
    modified_at: datetime | None = None,
) -> CaptureTime:
    return capture_time(metadata, name, INGESTED, zones, modified_at)


def local_and_offset(found: CaptureTime) -> tuple[datetime, int | None, OffsetSource | None]:
    return found.local, found.offset_minutes, found.offset_source


HALF_PAST_TWO = "2024-07-26T14:30:25"
NAMED = "20200505_050505.jpg"
CONTAINER = datetime(2024, 4, 4, 4, 4, 4, tzinfo=UTC)
STAMP = datetime(2019, 9, 9, 9, 9, 9, tzinfo=UTC)
CHANGED = said(changed="2023-03-03T03:03:03")
CREATED = replace(CHANGED, digitized=date("2022-02-02T02:02:02", "DateTimeDigitized"))
ORIGINAL = replace(CREATED, taken=date("2021-01-01T01:01:01", "DateTimeOriginal"))


@pytest.mark.parametrize(
    "metadata, name, stamp, expected, source, confidence",
    [
        (ORIGINAL, NAMED, STAMP, datetime(2021, 1, 1, 1, 1, 1), CaptureSource.EXIF_ORIGINAL, Confidence.LIKELY),
        (CREATED, NAMED, STAMP, datetime(2022, 2, 2, 2, 2, 2), CaptureSource.EXIF_CREATED, Confidence.LIKELY),
        (CHANGED, NAMED, STAMP, datetime(2023, 3, 3, 3, 3, 3), CaptureSource.EXIF_CHANGED, Confidence.ESTIMATED),
        (
            said(container=CONTAINER),
            NAMED,
            STAMP,
            datetime(2024, 4, 4, 4, 4, 4),
            CaptureSource.CONTAINER,
            Confidence.ESTIMATED,
        ),
        (said(), NAMED, STAMP, datetime(2020, 5, 5, 5, 5, 5), CaptureSource.FILENAME, Confidence.ESTIMATED),
        (said(), "a.jpg", STAMP, datetime(2019, 9, 9, 9, 9, 9), CaptureSource.FILE_MODIFIED, Confidence.UNKNOWN),
        (said(), "a.jpg", None, datetime(2026, 11, 22, 13, 0), CaptureSource.INGESTED, Confidence.UNKNOWN),
    ],
)
def test_dates_are_trusted_in_the_order_of_the_contract_and_the_source_is_told(
    metadata: Metadata,
    name: str,
    stamp: datetime | None,
    expected: datetime,
    source: CaptureSource,
    confidence: Confidence,
) -> None:
    found = taken(metadata, name, modified_at=stamp)
    assert (found.local, found.source, found.confidence) == (expected, source, confidence)


@pytest.mark.parametrize(
    "written, reason",
    [
        ("1900-12-31T23:59:59", "no photograph is of the year 1900"),
        ("2100-01-01T00:00:00", "no photograph is of the year 2100"),
        ("1970-01-01T00:00:00", "a clock that nobody has set begins in 1970"),
        ("1970-01-01T09:00:12", "a clock that nobody has set begins in 1970"),
        ("1969-12-31T19:00:00", "a clock that nobody has set begins in 1970"),
        ("1904-01-01T00:00:00", "a clock that nobody has set begins in 1904"),
        ("1980-01-01T00:00:00", "a clock that nobody has set begins in 1980"),
        ("2026-11-23T13:00:01", "it lies in the future"),
    ],
)
def test_a_date_that_cannot_be_makes_way_for_the_next_with_the_reason(written: str, reason: str) -> None:
    found = taken(said(original=written, created="1999-09-09T09:09:09"))
    assert (found.local, found.source) == (datetime(1999, 9, 9, 9, 9, 9), CaptureSource.EXIF_CREATED)
    assert found.refused == (f"exif:DateTimeOriginal says '{written.replace('T', ' ')}': {reason}",)


@pytest.mark.parametrize("written", ["1970-01-02T00:00:00", "1969-12-31T09:59:00", "1980-01-01T12:00:00"])
def test_dates_beside_the_beginning_of_clocks_are_believed(written: str) -> None:
    assert taken(said(original=written)).local == datetime.fromisoformat(written)


def test_what_the_reader_refused_is_told_too() -> None:
    blank = Refused("exif:DateTimeOriginal", "0000:00:00 00:00:00", "it was left blank")
    found = taken(Metadata(refused=(blank,)))
    assert found.refused == ("exif:DateTimeOriginal says '0000:00:00 00:00:00': it was left blank",)


def test_a_time_stamp_from_the_future_is_not_taken_for_the_time_of_capture() -> None:
    found = taken(modified_at=INGESTED + timedelta(days=2))
    assert found.source is CaptureSource.INGESTED
    assert found.refused == ("the file's time stamp says '2026-11-24 13:00:00': it lies in the future",)


def test_a_scan_of_a_year_keeps_its_year_and_is_estimated() -> None:
    found = taken(
        Metadata(taken=Said(WrittenTime(datetime(1970, 1, 1), None, Precision.YEAR), "xmp:photoshop:DateCreated"))
    )
    assert (found.local.year, found.confidence) == (1970, Confidence.ESTIMATED)
    assert found.origin == "xmp:photoshop:DateCreated"


def test_fractions_of_a_second_are_kept() -> None:
    moment = datetime(2024, 7, 26, 14, 30, 25, 123_000)
    metadata = Metadata(taken=Said(WrittenTime(moment, 120, Precision.FRACTION), "exif:DateTimeOriginal"))
    assert taken(metadata).local == moment


@pytest.mark.parametrize("written, year", [("1901-01-01T00:00:00", 1901), ("2026-11-23T00:00:00", 2026)])
def test_the_first_and_the_last_plausible_year(written: str, year: int) -> None:
    assert taken(said(original=written)).local.year == year


MORNING = datetime(2023, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("20230506_070809.jpg", MORNING),
        ("20230506_070809_001.jpg", MORNING),
        ("20230506_070809(0).jpg", MORNING),
        ("20230506-070809.jpg", MORNING),
        ("IMG_20230506_070809.jpg", MORNING),
        ("img_20230506_070809.jpg", MORNING),
        ("VID_20230506_070809.mp4", MORNING),
        ("VID20230506070809.mp4", MORNING),
        ("MVIMG_20230506_070809.jpg", MORNING),
        ("DSC_20230506_070809.jpg", MORNING),
        ("PANO_20230506_070809.jpg", MORNING),
        ("DJI_20230506070809_0001_D.JPG", MORNING),
        ("WIN_20230506_07_08_09_Pro.jpg", MORNING),
        ("Screenshot_20230506-070809.png", MORNING),
        ("Screenshot_20230506_070809_Chrome.jpg", MORNING),
        ("Screenshot_2023-05-06-07-08-09.png", MORNING),
        ("Screenshot_2023-05-06-07-08-09-123_com.app.png", MORNING),
        ("Screenshot 2023-05-06 at 07.08.09.png", MORNING),
        ("Screen Shot 2023-05-06 at 7.08.09 AM.png", MORNING),
        ("Screen Shot 2023-05-06 at 7.08.09 PM.png", MORNING.replace(hour=19)),
        ("Screen Shot 2023-05-06 at 12.08.09\u202fAM.png", MORNING.replace(hour=0)),
        ("2023-05-06 07.08.09.jpg", MORNING),
        ("2023-05-06 07.08.09-1.jpg", MORNING),
        ("2023-05-06_07-08-09.jpg", MORNING),
        ("signal-2023-05-06-070809.jpg", MORNING),
        ("signal-2023-05-06-07-08-09-123.jpg", MORNING),
        ("signal-2023-05-06-07-08-09-123-1.jpg", MORNING),
        ("photo_2023-05-06_07-08-09.jpg", MORNING),
        ("WhatsApp Image 2023-05-06 at 07.08.09.jpeg", MORNING),
        ("IMG_20230506_070809123.jpg", MORNING.replace(microsecond=123_000)),
        ("00000IMG_00000_BURST20230506070809123_COVER.jpg", MORNING.replace(microsecond=123_000)),
        ("phone/DCIM/IMG_20230506_070809.jpg", MORNING),
    ],
)
def test_a_name_that_begins_with_date_and_time_tells_both(name: str, expected: datetime) -> None:
    assert taken(name=name) == CaptureTime(expected, CaptureSource.FILENAME, confidence=Confidence.ESTIMATED)


@pytest.mark.parametrize("name", ["IMG-20230506-WA0001.jpg", "VID-20230506-WA0012.mp4"])
def test_whatsapp_tells_only_the_day(name: str) -> None:
    assert taken(name=name) == CaptureTime(
        datetime(2023, 5, 6), CaptureSource.FILENAME, confidence=Confidence.ESTIMATED
    )


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
        "IMG_20230506_0708091234.jpg",
        "IMG-20231306-WA0001.jpg",
        "IMG_19700101_000000.jpg",
        "IMG_20991231_235959.jpg",
        "٢٠٢٣٠٥٠٦_٠٧٠٨٠٩.jpg",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert taken(name=name).source is CaptureSource.INGESTED


def test_pixel_phones_name_their_files_after_utc() -> None:
    name = "PXL_20230506_070809123.MP.jpg"
    moment = datetime(2023, 5, 6, 7, 8, 9, 123_000)
    assert local_and_offset(taken(name=name, zones=BERLIN)) == (moment.replace(hour=9), 120, OffsetSource.HOME)
    assert local_and_offset(taken(name=name, zones=TOKYO)) == (moment.replace(hour=16), 540, OffsetSource.COORDINATES)
    assert local_and_offset(taken(name=name)) == (moment, 0, OffsetSource.UTC)


def test_a_containers_utc_is_told_in_the_zone_of_the_place_then_of_the_folder_then_of_the_home() -> None:
    film = said(container=CONTAINER)
    zones = Zones("Asia/Tokyo", "America/New_York", "Europe/Berlin")
    found = taken(film, zones=zones)
    assert (found.zone, found.confidence) == ("Asia/Tokyo", Confidence.CERTAIN)
    assert local_and_offset(found) == (datetime(2024, 4, 4, 13, 4, 4), 540, OffsetSource.COORDINATES)
    found = taken(film, zones=replace(zones, place=None))
    assert (found.zone, found.confidence) == (None, Confidence.ESTIMATED)
    assert local_and_offset(found) == (datetime(2024, 4, 4, 0, 4, 4), -240, OffsetSource.FOLDER)
    assert local_and_offset(taken(film, zones=BERLIN)) == (datetime(2024, 4, 4, 6, 4, 4), 120, OffsetSource.HOME)
    assert local_and_offset(taken(film)) == (datetime(2024, 4, 4, 4, 4, 4), 0, OffsetSource.UTC)


@pytest.mark.parametrize("duration", [None, 1800.0])
def test_a_films_name_and_its_clock_together_tell_the_offset(duration: float | None) -> None:
    stopped = datetime(2024, 7, 26, 12, 30, 27, tzinfo=UTC) + timedelta(seconds=duration or 0)
    found = taken(said(container=stopped, duration=duration), "VID_20240726_143025.mp4", BERLIN)
    assert local_and_offset(found) == (datetime(2024, 7, 26, 14, 30, 27), 120, OffsetSource.FILENAME)
    assert (found.source, found.confidence) == (CaptureSource.CONTAINER, Confidence.CERTAIN)


def test_a_film_whose_clock_agrees_with_its_name_may_keep_local_time() -> None:
    film = said(container=datetime(2024, 7, 26, 14, 30, 26, tzinfo=UTC))
    found = taken(film, "VID_20240726_143025.mp4", BERLIN)
    assert local_and_offset(found) == (datetime(2024, 7, 26, 14, 30, 26), None, None)


def test_makers_that_keep_local_time_in_films_are_known() -> None:
    found = taken(said(container=CONTAINER, make="Canon"), "MVI_1.MP4", BERLIN)
    assert local_and_offset(found) == (datetime(2024, 4, 4, 4, 4, 4), None, None)
    assert found.confidence is Confidence.LIKELY


def test_the_moment_of_ingestion_is_told_at_home() -> None:
    found = taken(zones=Zones(home="America/New_York"))
    assert local_and_offset(found) == (datetime(2026, 11, 22, 8, 0), -300, OffsetSource.HOME)


def test_offsets_are_trusted_in_their_order() -> None:
    zones = Zones("Asia/Tokyo", "America/New_York")
    dates = {"original": HALF_PAST_TWO, "created": HALF_PAST_TWO, "changed": HALF_PAST_TWO}
    gps = "2024-07-26T11:30:20"

    def told(*offsets: int | None, gps: str | None = None, zones: Zones = Zones()) -> object:  # noqa: B008 - frozen
        first, second, third = offsets
        found = taken(said(**dates, gps=gps, offsets=(first, second, third)), zones=zones)
        return found.offset_minutes, found.offset_source, found.confidence

    assert told(60, 0, -150, gps=gps, zones=zones) == (60, OffsetSource.OFFSET_TIME_ORIGINAL, Confidence.CERTAIN)
    assert told(None, 0, -150, gps=gps, zones=zones) == (0, OffsetSource.OFFSET_TIME_DIGITIZED, Confidence.CERTAIN)
    assert told(None, None, -150, gps=gps, zones=zones) == (-150, OffsetSource.OFFSET_TIME, Confidence.CERTAIN)
    assert told(None, None, None, gps=gps, zones=zones) == (180, OffsetSource.GPS, Confidence.CERTAIN)
    assert told(None, None, None, zones=zones) == (540, OffsetSource.COORDINATES, Confidence.LIKELY)
    assert told(None, None, None, zones=Zones(folder="America/New_York")) == (
        -240,
        OffsetSource.FOLDER,
        Confidence.LIKELY,
    )
    assert told(None, None, None, zones=BERLIN) == (None, None, Confidence.LIKELY)


def test_the_offset_of_a_scan_is_not_that_of_the_picture() -> None:
    scanned = said(original="1986-02-02T02:02:02", created="2024-02-02T02:02:02", offsets=(None, 570, None))
    assert taken(scanned).offset_minutes is None


def test_an_offset_inside_a_date_is_told_as_written() -> None:
    metadata = Metadata(taken=Said(WrittenTime(datetime(2024, 7, 26), 180), "xmp:exif:DateTimeOriginal"))
    assert local_and_offset(taken(metadata)) == (datetime(2024, 7, 26), 180, OffsetSource.WRITTEN)


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
    assert taken(said(original=HALF_PAST_TWO, gps=utc)).offset_minutes == offset


def test_the_zone_of_the_place_knows_summer_time() -> None:
    berlin = Zones(place="Europe/Berlin")
    assert taken(said(original=HALF_PAST_TWO), zones=berlin).offset_minutes == 120
    assert taken(said(original="2024-12-26T14:30:25"), zones=berlin).offset_minutes == 60


def test_the_zone_comes_from_the_coordinates_whatever_the_source() -> None:
    for found in (taken(ORIGINAL, zones=TOKYO), taken(name=NAMED, zones=TOKYO), taken(zones=TOKYO)):
        assert found.zone == "Asia/Tokyo"
        assert found.offset_minutes == 540
    assert taken(ORIGINAL, zones=BERLIN).zone is None


def test_zones_that_are_unknown_here_leave_the_offset_open() -> None:
    found = taken(ORIGINAL, zones=Zones("Mars/Olympus_Mons"))
    assert (found.offset_minutes, found.zone) == (None, "Mars/Olympus_Mons")


@settings(max_examples=100)
@given(
    st.datetimes(datetime(1981, 1, 1), datetime(2026, 11, 21)),
    st.sampled_from(["", "IMG_", "VID_", "MVIMG_", "Screenshot_"]),
    st.from_regex(r"([^/\0\d][^/\0]{0,10})?", fullmatch=True),
)
def test_every_plausible_time_in_a_name_is_read(moment: datetime, prefix: str, rest: str) -> None:
    found = taken(name=f"{prefix}{moment:%Y%m%d_%H%M%S}{rest}")
    assert found.local == moment.replace(microsecond=0)


moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))
written = st.none() | st.builds(
    lambda moment, offset: Said(WrittenTime(moment, offset), "exif:DateTimeOriginal"),
    moments,
    st.none() | st.integers(-840, 840),
)


@settings(max_examples=200)
@given(
    st.text(max_size=40),
    written,
    written,
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_is_written_there_is_a_capture_time(
    name: str,
    first: Said[WrittenTime] | None,
    second: Said[WrittenTime] | None,
    container: datetime | None,
    stamp: datetime | None,
) -> None:
    metadata = replace(said(container=container), taken=first, changed=second)
    found = taken(metadata, name, Zones(home="Europe/Berlin"), stamp)
    assert found.local.tzinfo is None
    assert 1900 < found.local.year < 2100


def test_an_ingestion_in_another_zone_is_the_same_moment() -> None:
    elsewhere = INGESTED.astimezone(timezone(timedelta(hours=-8)))
    assert capture_time(Metadata(), "", elsewhere, Zones()) == capture_time(Metadata(), "", INGESTED, Zones())
