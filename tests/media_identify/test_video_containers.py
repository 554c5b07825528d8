"""Dates, places and cameras of movie containers."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.media.avi import read_avi
from core.media.contract_exif import contract_exif
from core.media.facts import Exif
from core.media.isobmff import boxes
from core.media.metadata import Metadata, value_of
from core.media.quicktime import read_movie
from core.media.riff import chunks

SECONDS_TO_1970 = 2_082_844_800


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def mvhd(created: int = 0, timescale: int = 600, duration: int = 0, version: int = 0) -> bytes:
    layout = ">QQIQ" if version else ">IIII"
    return box(
        b"mvhd", bytes([version, 0, 0, 0]), struct.pack(layout, created, created, timescale, duration), bytes(80)
    )


def apple_metadata(version_and_flags: bytes = b"", **values: str) -> bytes:
    """The ``meta`` box of an iPhone; underscores in names stand for dots below com.apple.quicktime."""
    names = [f"com.apple.quicktime.{name.replace('_', '.')}".encode() for name in values]
    keys = b"".join(box(b"mdta", name) for name in names)
    items = b"".join(
        box(struct.pack(">I", index), box(b"data", struct.pack(">II", 1, 0), value.encode()))
        for index, value in enumerate(values.values(), start=1)
    )
    return box(
        b"meta",
        version_and_flags,
        box(b"hdlr", bytes(24)),
        box(b"keys", bytes(4), struct.pack(">I", len(names)), keys),
        box(b"ilst", items),
    )


def user_text(kind: str, text: str) -> bytes:
    return box(kind.encode("latin-1"), struct.pack(">HH", len(text.encode()), 0x15C7), text.encode())


def movie(*contents: bytes) -> Metadata:
    content = box(b"ftyp", b"qt  ", bytes(4)) + box(b"mdat", bytes(1000)) + box(b"moov", *contents)
    return read_movie(io.BytesIO(content), len(content))


@pytest.mark.parametrize("version", [0, 1])
def test_the_creation_time_is_utc_and_counted_from_1904(version: int) -> None:
    created = SECONDS_TO_1970 + int(datetime(2019, 7, 24, 8, 25, 57, tzinfo=UTC).timestamp())
    found = movie(mvhd(created, 600, 2401, version))
    assert value_of(found.container_time) == datetime(2019, 7, 24, 8, 25, 57, tzinfo=UTC)
    assert value_of(found.duration) == pytest.approx(4.00167, abs=1e-5)


def test_a_creation_time_of_zero_is_unknown() -> None:
    assert movie(mvhd(0)).container_time is None


def test_a_recorder_that_counts_from_1970_is_understood() -> None:
    created = int(datetime(2015, 3, 1, tzinfo=UTC).timestamp())
    assert value_of(movie(mvhd(created)).container_time) == datetime(2015, 3, 1, tzinfo=UTC)


def test_a_creation_time_beyond_the_calendar_is_unknown() -> None:
    assert movie(mvhd(2**63, version=1)).container_time is None


@pytest.mark.parametrize(
    "timescale, duration, version", [(600, 0, 0), (0, 600, 0), (600, 2**32 - 1, 0), (600, 2**64 - 1, 1)]
)
def test_a_duration_nobody_wrote_is_unknown(timescale: int, duration: int, version: int) -> None:
    assert movie(mvhd(1, timescale, duration, version)).duration is None


@pytest.mark.parametrize("version_and_flags", [b"", bytes(4)])
def test_an_iphone_tells_local_time_place_and_camera(version_and_flags: bytes) -> None:
    metadata = apple_metadata(
        version_and_flags,
        make="Apple",
        model="iPhone 15",
        software="17.5.1",
        creationdate="2019-07-24T11:25:57+0300",
        location_ISO6709="+32.0929+034.8620+028.516/",
    )
    assert contract_exif(movie(mvhd(), metadata)) == Exif(
        camera="Apple iPhone 15",
        software="17.5.1",
        date_time_original="2019-07-24T11:25:57",
        date_time="2019-07-24T11:25:57",
        offset_time_original="+03:00",
        gps_latitude=32.0929,
        gps_longitude=34.862,
        gps_altitude=28.516,
    )


def test_an_android_tells_its_place_in_user_data() -> None:
    exif = contract_exif(
        movie(mvhd(), box(b"udta", user_text("©xyz", "+51.4169-000.0806/"), user_text("©mak", "Fairphone")))
    )
    assert (exif.gps_latitude, exif.gps_longitude, exif.camera) == (51.4169, -0.0806, "Fairphone")


def test_a_3gp_tells_its_place_in_fixed_point_numbers() -> None:
    location = bytes(4) + b"\x55\xc4" + b"home\0" + b"\0" + struct.pack(">iii", 437524, 3432074, 690421) + b"earth\0\0"
    exif = contract_exif(movie(mvhd(), box(b"udta", box(b"loci", location))))
    assert exif.gps_latitude == pytest.approx(52.369293, abs=1e-6)
    assert exif.gps_longitude == pytest.approx(6.676086, abs=1e-6)
    assert exif.gps_altitude == pytest.approx(10.535, abs=1e-3)


def test_a_date_in_utc_is_the_containers_time_and_no_wall_clock() -> None:
    found = movie(mvhd(SECONDS_TO_1970 + 1), box(b"udta", box(b"date", b"2021-05-16T19:27:55Z")))
    assert value_of(found.container_time) == datetime(2021, 5, 16, 19, 27, 55, tzinfo=UTC)
    assert contract_exif(found) == Exif()


def test_a_release_year_is_no_date() -> None:
    assert movie(mvhd(), box(b"udta", user_text("©day", "2005"))).taken is None


def test_media_before_the_movie_box_may_have_any_size() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 100) + bytes(100)
    content = large + box(b"moov", mvhd(SECONDS_TO_1970 + 60))
    assert read_movie(io.BytesIO(content), len(content)).container_time is not None


@pytest.mark.parametrize("size", [0, 4, 7])
def test_a_box_that_is_smaller_than_its_header_ends_the_walk(size: int) -> None:
    content = struct.pack(">I4s", size, b"free") + box(b"moov", mvhd(1))
    found = list(boxes(io.BytesIO(content), 0, len(content)))
    assert len(found) == (1 if size == 0 else 0)


def test_a_box_that_claims_more_than_there_is_ends_where_its_holder_ends() -> None:
    content = struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1) + b"payload"
    (found,) = boxes(io.BytesIO(content), 0, len(content))
    assert (found.start, found.end) == (16, len(content))


def test_boxes_without_end_are_not_followed() -> None:
    content = box(b"free") * 50_000
    assert sum(1 for _ in boxes(io.BytesIO(content), 0, len(content))) < 20_000


header = st.tuples(
    st.sampled_from([0, 1, 7, 8, 12, 30, 100, 2**31, 2**32 - 1]),
    st.sampled_from(
        [b"moov", b"mvhd", b"udta", b"meta", b"keys", b"ilst", b"data", b"hdlr", b"\xa9xyz", b"loci", b"date"]
    ),
).map(lambda parts: struct.pack(">I4s", *parts))


@settings(max_examples=150)
@given(st.lists(header | st.binary(max_size=40), max_size=12).map(b"".join))
def test_random_boxes_upset_nothing(content: bytes) -> None:
    for candidate in (
        content,
        box(b"moov", content),
        box(b"moov", box(b"udta", content)),
        box(b"moov", mvhd(1), content),
    ):
        assert isinstance(read_movie(io.BytesIO(candidate), len(candidate)), Metadata)


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(*contents: bytes) -> tuple[Exif, float | None]:
    content = chunk(b"RIFF", b"AVI " + b"".join(contents))
    found = read_avi(io.BytesIO(content), len(content))
    return contract_exif(found), value_of(found.duration)


@pytest.mark.parametrize(
    "written, expected",
    [
        (b"Mon Sep 10 20:52:00 2012\n\0", "2012-09-10T20:52:00"),
        (b"SUN MAR  4 09:08:07 2001", "2001-03-04T09:08:07"),
        (b"2012/09/10 20:52", "2012-09-10T20:52:00"),
        (b"Mon Foo 10 20:52:00 2012", None),
        (b"Tue Feb 30 20:52:00 2012", None),
        (b"", None),
    ],
)
def test_an_avi_tells_when_it_was_recorded(written: bytes, expected: str | None) -> None:
    exif, _ = avi(chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)) + chunk(b"IDIT", written)))
    assert exif.date_time_original == expected
    assert exif.date_time == expected


def test_an_avi_may_know_only_the_day() -> None:
    exif, _ = avi(chunk(b"LIST", b"movi" + bytes(100)), chunk(b"LIST", b"INFO" + chunk(b"ICRD", b"2020-08-28\0")))
    assert (exif.date_time_original, exif.create_date) == (None, "2020-08-28T00:00:00")


def test_a_chunk_of_odd_length_is_padded() -> None:
    exif, _ = avi(chunk(b"ISFT", b"odd"), chunk(b"IDIT", b"2012/09/10 20:52"))
    assert (exif.software, exif.date_time_original) == ("odd", "2012-09-10T20:52:00")


def test_the_duration_of_an_avi_is_its_frames() -> None:
    _, duration = avi(chunk(b"LIST", b"hdrl" + chunk(b"avih", struct.pack("<I12xI36x", 40_000, 250))))
    assert duration == 10.0


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([b"hdrl", b"INFO", b"movi"]))
def test_random_chunks_upset_nothing(content: bytes, kind: bytes) -> None:
    exif, duration = avi(chunk(b"LIST", kind + content), content)
    assert isinstance(exif, Exif)
    assert duration is None or duration > 0


def test_chunks_without_end_are_not_followed() -> None:
    content = bytes(8 * 50_000)
    assert sum(1 for _ in chunks(io.BytesIO(content), 0, len(content))) < 20_000
