"""EXIF in the shapes of the contract, from every format that carries it."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from datetime import datetime

import msgspec
import piexif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.media import formats
from core.media.contract_exif import contract_exif
from core.media.facts import Exif, Format
from core.media.identify import read_metadata
from core.media.metadata import Metadata, WrittenTime, value_of
from core.media.precedence import impossible

Directory = Mapping[int, object]
IMAGE, EXIF, GPS = piexif.ImageIFD, piexif.ExifIFD, piexif.GPSIFD
CAMERA: Directory = {IMAGE.Make: b"Pentacon", IMAGE.Model: b"Praktica B200"}


def tiff_block(image: Directory = {}, exif: Directory = {}, gps: Directory = {}) -> bytes:  # noqa: B006 - never changed
    block: bytes = piexif.dump({"0th": dict(image), "Exif": dict(exif), "GPS": dict(gps), "1st": {}, "thumbnail": None})
    return block[6:]


def encoded(pillow_format: str, block: bytes | None) -> bytes:
    out = io.BytesIO()
    options = {} if block is None else {"exif": b"Exif\0\0" + block}
    Image.new("RGB", (16, 16), "teal").save(out, pillow_format, **options)
    return out.getvalue()


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def heic(block: bytes, header_offset: int = 0, in_data_box: bool = False) -> bytes:
    """A HEIC without picture: names and places of two items, of which the second is EXIF."""
    item = struct.pack(">I", header_offset) + bytes(header_offset) + block

    def entry(number: int, kind: bytes) -> bytes:
        return box(b"infe", b"\2\0\0\0", struct.pack(">HH", number, 0), kind, b"\0")

    def meta(offset: int) -> bytes:
        places = struct.pack(">HH", 0x4400, 2)
        for number, at, length in ((1, 0, 4), (2, offset, len(item))):
            places += struct.pack(">HHHHII", number, int(in_data_box and number == 2), 0, 1, at, length)
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(24)),
            box(b"iinf", bytes(4), struct.pack(">H", 2), entry(1, b"hvc1"), entry(2, b"Exif")),
            box(b"iloc", b"\1\0\0\0", places),
            box(b"idat", item) if in_data_box else b"",
        )

    brands = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    offset = 0 if in_data_box else len(brands) + len(meta(0)) + 8
    return brands + meta(offset) + (b"" if in_data_box else box(b"mdat", item))


def canon_cr3(*blocks: tuple[bytes, bytes]) -> bytes:
    uuid = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    return box(b"ftyp", b"crx ", bytes(4)) + box(b"moov", box(b"uuid", uuid, *(box(*block) for block in blocks)))


def fuji_raf(jpeg: bytes) -> bytes:
    return b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">II", 128, len(jpeg)) + bytes(36) + jpeg


def read(content: bytes, known: Format) -> Exif:
    metadata, warnings = read_metadata(io.BytesIO(content), len(content), known)
    assert warnings == ()
    return contract_exif(metadata)


def of_tags(image: Directory = {}, exif: Directory = {}, gps: Directory = {}) -> Exif:  # noqa: B006 - never changed
    return read(tiff_block(image, exif, gps), formats.TIFF)


BLOCK = tiff_block(CAMERA)


@pytest.mark.parametrize(
    "content, known",
    [
        pytest.param(encoded("JPEG", BLOCK), formats.JPEG, id="jpeg"),
        pytest.param(encoded("PNG", BLOCK), formats.PNG, id="png"),
        pytest.param(encoded("WEBP", BLOCK), formats.WEBP, id="webp"),
        pytest.param(encoded("AVIF", BLOCK), formats.AVIF, id="avif"),
        pytest.param(heic(BLOCK), formats.HEIC, id="heic"),
        pytest.param(heic(BLOCK, header_offset=6), formats.HEIC, id="heic with a header before its exif"),
        pytest.param(heic(BLOCK, in_data_box=True), formats.HEIC, id="heic with exif in its data box"),
        pytest.param(BLOCK, formats.TIFF, id="tiff"),
        pytest.param(BLOCK, formats.NEF, id="raw made of tiff"),
        pytest.param(fuji_raf(encoded("JPEG", BLOCK)), formats.RAF, id="raf"),
        pytest.param(canon_cr3((b"CMT1", BLOCK)), formats.CR3, id="cr3"),
    ],
)
def test_every_format_yields_its_camera(content: bytes, known: Format) -> None:
    assert read(content, known).camera == "Pentacon Praktica B200"


@pytest.mark.parametrize(
    "pillow_format, known",
    [
        ("JPEG", formats.JPEG),
        ("PNG", formats.PNG),
        ("WEBP", formats.WEBP),
        ("AVIF", formats.AVIF),
        ("GIF", formats.GIF),
    ],
)
def test_a_picture_without_exif_has_no_exif_and_no_date(pillow_format: str, known: Format) -> None:
    assert read(encoded(pillow_format, None), known) == Exif()


def test_exif_behind_other_segments_of_a_jpeg_is_found() -> None:
    jpeg = encoded("JPEG", BLOCK)
    profile = b"\xff\xe2" + struct.pack(">H", 60_002) + bytes(60_000)
    xmp = b"\xff\xe1" + struct.pack(">H", 40) + b"http://ns.adobe.com/xap/1.0/\0".ljust(38, b" ")
    assert read(jpeg[:2] + profile + b"\xff\xff" + profile[1:] + xmp + jpeg[2:], formats.JPEG).camera is not None


def test_exif_that_repeats_the_header_of_jpeg_is_read() -> None:
    block = b"Exif\0\0" + BLOCK
    webp = b"RIFF\0\0\0\0WEBPEXIF" + struct.pack("<I", len(block)) + block
    png = encoded("PNG", None)[:33] + struct.pack(">I4s", len(block), b"eXIf") + block + bytes(4)
    assert read(webp, formats.WEBP).camera is not None
    assert read(png, formats.PNG).camera is not None


def test_the_directories_of_a_cr3_complete_each_other() -> None:
    gps = struct.pack("<HHII", 1, 2, 2, ord("N")) + struct.pack("<HHII", 2, 5, 3, 62)
    gps += struct.pack("<HHII", 3, 2, 2, ord("W")) + struct.pack("<HHII", 4, 5, 3, 86)
    place = b"II*\0\x08\0\0\0" + struct.pack("<H", 4) + gps + bytes(4)
    place += struct.pack("<12I", 48, 1, 30, 1, 0, 1, 2, 1, 15, 1, 0, 1)
    capture = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0x9003, 2, 20, 26, 0) + b"2024:07:26 14:30:25\0"
    exif = read(canon_cr3((b"CMT1", BLOCK), (b"CMT2", capture), (b"CMT4", place)), formats.CR3)
    assert exif.camera == "Pentacon Praktica B200"
    assert exif.date_time_original == "2024-07-26T14:30:25"
    assert (exif.gps_latitude, exif.gps_longitude) == (48.5, -2.25)


def test_a_whole_exif_has_the_shapes_of_the_contract() -> None:
    exif = of_tags(
        {
            IMAGE.Make: b"NIKON CORPORATION",
            IMAGE.Model: b"NIKON Z 6",
            IMAGE.Software: b"Ver.03.40",
            IMAGE.DateTime: b"2024:08:01 09:00:00",
            IMAGE.Orientation: 6,
            IMAGE.XResolution: (300, 1),
            IMAGE.YResolution: (725, 10),
            IMAGE.ResolutionUnit: 2,
            IMAGE.ImageDescription: "Größe".encode(),
        },
        {
            EXIF.DateTimeOriginal: b"2024:07:26 14:30:25",
            EXIF.DateTimeDigitized: b"2024:07:26 14:30:26",
            EXIF.OffsetTimeOriginal: b"+02:00",
            EXIF.OffsetTime: b"+01:00",
            EXIF.LensModel: b"NIKKOR Z 50mm f/1.8 S",
            EXIF.FNumber: (28, 10),
            EXIF.ExposureTime: (1, 125),
            EXIF.ISOSpeedRatings: 400,
            EXIF.FocalLength: (500, 10),
            EXIF.Flash: 16,
            EXIF.WhiteBalance: 0,
            EXIF.ExposureMode: 1,
            EXIF.MeteringMode: 5,
            EXIF.SceneCaptureType: 2,
            EXIF.ColorSpace: 1,
        },
        {
            GPS.GPSLatitudeRef: b"S",
            GPS.GPSLatitude: ((33, 1), (51, 1), (2191, 100)),
            GPS.GPSLongitudeRef: b"E",
            GPS.GPSLongitude: ((151, 1), (12, 1), (5573, 100)),
            GPS.GPSAltitudeRef: 1,
            GPS.GPSAltitude: (125, 10),
            GPS.GPSDateStamp: b"2024:07:26",
            GPS.GPSTimeStamp: ((12, 1), (30, 1), (2600, 100)),
        },
    )
    assert exif == Exif(
        camera="NIKON CORPORATION NIKON Z 6",
        lens="NIKKOR Z 50mm f/1.8 S",
        aperture="f/2.8",
        shutter="1/125s",
        shutter_speed="1/125s",
        iso="400",
        focal_length="50mm",
        date_time_original="2024-07-26T14:30:25",
        create_date="2024-07-26T14:30:26",
        modify_date="2024-08-01T09:00:00",
        date_time="2024-07-26T14:30:25",
        offset_time_original="+02:00",
        offset_time="+01:00",
        gps_latitude=-33.856086,
        gps_longitude=151.215481,
        gps_altitude=-12.5,
        software="Ver.03.40",
        flash="16",
        white_balance="0",
        exposure_mode="1",
        metering_mode="5",
        scene_type="2",
        color_space="1",
        orientation="6",
        x_resolution="300",
        y_resolution="72.5",
        resolution_unit="2",
        image_description="Größe",
        gps_date_time_utc="2024-07-26T12:30:26",
    )


@pytest.mark.parametrize(
    "seconds, shown",
    [
        ((1, 125), "1/125s"),
        ((10, 25), "1/3s"),
        ((2, 1), "2s"),
        ((13, 10), "1.3s"),
        ((1, 1), "1s"),
        ((0, 1), None),
        ((1, 0), None),
    ],
)
def test_exposure_below_a_second_is_a_fraction(seconds: tuple[int, int], shown: str | None) -> None:
    assert of_tags(exif={EXIF.ExposureTime: seconds}).shutter == shown


@pytest.mark.parametrize(
    "length, shown", [((50, 1), "50mm"), ((425, 100), "4.25mm"), ((35, 10), "3.5mm"), ((0, 1), None), ((0, 0), None)]
)
def test_focal_length_has_no_needless_decimals(length: tuple[int, int], shown: str | None) -> None:
    assert of_tags(exif={EXIF.FocalLength: length}).focal_length == shown


@pytest.mark.parametrize(
    "written, metres", [((35, 100), 0.35), ((0, 1), None), ((0xFFFFFFFF, 1), None), ((0xFFFFFFFF, 10), None)]
)
def test_a_subject_that_is_nowhere_or_infinitely_far_has_no_distance(
    written: tuple[int, int], metres: float | None
) -> None:
    block = tiff_block({}, {EXIF.SubjectDistance: written, EXIF.SubjectDistanceRange: 1})
    metadata = read_metadata(io.BytesIO(encoded("JPEG", block)), 1 << 20, formats.JPEG)[0]
    assert value_of(metadata.subject_distance) == metres
    assert value_of(metadata.subject_distance_range) == 1


@pytest.mark.parametrize("make, model, camera", [(b"Canon", b"", "Canon"), (b" ", b"X-T5", "X-T5"), (b"", b"", None)])
def test_a_camera_is_whichever_of_make_and_model_exists(make: bytes, model: bytes, camera: str | None) -> None:
    assert of_tags({IMAGE.Make: make, IMAGE.Model: model}).camera == camera


def test_an_iso_too_large_for_its_tag_is_read_from_the_other() -> None:
    tags = {EXIF.ISOSpeedRatings: 65535, EXIF.RecommendedExposureIndex: 102400}
    assert of_tags(exif=tags).iso == "102400"


@pytest.mark.parametrize(
    "written",
    [b"0000:00:00 00:00:00", b"    :  :     :  :  ", b"2024:13:01 00:00:00", b"2023:02:29 12:00:00", b"", b"soon"],
)
def test_an_impossible_date_is_no_date(written: bytes) -> None:
    exif = of_tags({IMAGE.DateTime: written}, {EXIF.DateTimeOriginal: written})
    assert (exif.date_time_original, exif.modify_date, exif.date_time) == (None, None, None)


@pytest.mark.parametrize(
    "written",
    [b"2024-07-26 14:30:25", b"2024/07/26 14:30:25", b"2024-07-26T14:30:25.123", b"2024:07:26 14:30:25+02:00"],
)
def test_dates_in_the_notations_of_careless_writers_are_read(written: bytes) -> None:
    assert of_tags(exif={EXIF.DateTimeOriginal: written}).date_time_original == "2024-07-26T14:30:25"


def test_date_time_is_the_first_of_original_created_and_changed() -> None:
    changed, created = {IMAGE.DateTime: b"2024:03:03 03:03:03"}, {EXIF.DateTimeDigitized: b"2024:02:02 02:02:02"}
    assert of_tags(changed).date_time == "2024-03-03T03:03:03"
    assert of_tags(changed, created).date_time == "2024-02-02T02:02:02"


def test_the_offset_of_digitising_serves_where_the_camera_did_both_at_once() -> None:
    at_once = {EXIF.DateTimeOriginal: b"2024:02:02 02:02:02", EXIF.DateTimeDigitized: b"2024:02:02 02:02:02"}
    scanned = {**at_once, EXIF.DateTimeOriginal: b"1986:02:02 02:02:02"}
    assert of_tags(exif={**at_once, EXIF.OffsetTimeDigitized: b"+0930"}).offset_time_original == "+09:30"
    assert of_tags(exif={**scanned, EXIF.OffsetTimeDigitized: b"+0930"}).offset_time_original is None


@pytest.mark.parametrize("written", [b"   :  ", b"+25:00", b"+02:75", b"local", b""])
def test_an_impossible_offset_is_none(written: bytes) -> None:
    assert of_tags(exif={EXIF.OffsetTimeOriginal: written}).offset_time_original is None


def test_without_a_hemisphere_there_is_no_place_and_no_altitude() -> None:
    degrees = ((48, 1), (51, 1), (0, 1))
    gps = {GPS.GPSLatitude: degrees, GPS.GPSLongitude: degrees, GPS.GPSLongitudeRef: b"E", GPS.GPSAltitude: (35, 1)}
    exif = of_tags(gps=gps)
    assert (exif.gps_latitude, exif.gps_longitude, exif.gps_altitude) == (None, None, None)
    exif = of_tags(gps={**gps, GPS.GPSLatitudeRef: b"N"})
    assert (exif.gps_latitude, exif.gps_longitude, exif.gps_altitude) == (48.85, 48.85, 35.0)


def test_coordinates_with_a_zero_denominator_are_no_place() -> None:
    gps = {
        GPS.GPSLatitudeRef: b"N",
        GPS.GPSLatitude: ((48, 1), (51, 1), (0, 0)),
        GPS.GPSLongitudeRef: b"E",
        GPS.GPSLongitude: ((2, 1), (17, 1), (0, 1)),
    }
    assert of_tags(gps=gps).gps_latitude is None


def test_text_that_is_no_utf8_is_read_as_latin_1() -> None:
    assert of_tags({IMAGE.ImageDescription: b"Gr\xf6\xdfe"}).image_description == "Größe"


def test_nuls_and_control_characters_do_not_survive() -> None:
    exif = of_tags({IMAGE.ImageDescription: b"one\ttwo\r\nthree\x07\x1b[1m\0junk", IMAGE.Make: b"Maker\0\0\0"})
    assert exif.image_description == "one two  three[1m"
    assert exif.camera == "Maker"


def with_tag_type(block: bytes, tag: int, kind: int) -> bytes:
    """The big-endian ``block`` with one tag declared as of another type."""
    at = block.index(struct.pack(">H", tag), 8)
    return block[: at + 2] + struct.pack(">H", kind) + block[at + 4 :]


@pytest.mark.parametrize("kind", [0, 1, 2, 4, 7, 11, 12, 99])
@pytest.mark.parametrize("tag", [EXIF.ISOSpeedRatings, EXIF.FNumber, EXIF.DateTimeOriginal])
def test_a_value_of_a_wrong_type_costs_no_other_value(tag: int, kind: int) -> None:
    block = tiff_block(
        {IMAGE.Make: b"Leica", IMAGE.Orientation: 3},
        {EXIF.ISOSpeedRatings: 200, EXIF.FNumber: (4, 1), EXIF.DateTimeOriginal: b"2024:07:26 14:30:25", EXIF.Flash: 9},
    )
    exif = read(with_tag_type(block, tag, kind), formats.TIFF)
    assert (exif.camera, exif.orientation, exif.flash) == ("Leica", "3", "9")


def test_what_stands_before_a_broken_place_is_kept_and_the_break_is_told() -> None:
    block = tiff_block({IMAGE.Make: b"Leica", IMAGE.Model: b"M11"}, {EXIF.Flash: 9})
    entry = block.index(struct.pack(">HH", 0x8769, 4))
    cut = block[: entry + 8] + struct.pack(">I", 2**31) + block[entry + 12 :]
    assert read(cut, formats.TIFF).camera == "Leica M11"
    jpeg = encoded("JPEG", BLOCK).replace(b"Exif\0\0MM", b"Exif\0\0XX")
    metadata, (warning,) = read_metadata(io.BytesIO(jpeg), len(jpeg), formats.JPEG)
    assert metadata == Metadata()
    assert "it does not begin as TIFF does" in warning


def test_directories_built_to_keep_a_reader_busy_end_soon_and_keep_what_came_first() -> None:
    gps_again = struct.pack(">HHII", 0x8825, 4, 1, 8)
    make = struct.pack(">HHI4s", 0x010F, 2, 4, b"Bad\0")
    bomb = b"MM\0*\0\0\0\x08" + struct.pack(">H", 65535) + make + gps_again * 65534
    metadata, (warning,) = read_metadata(io.BytesIO(bomb), len(bomb), formats.TIFF)
    assert value_of(metadata.make) == "Bad"
    assert "it holds more than any camera writes" in warning


text = st.text(st.characters(codec="latin-1", exclude_categories=("Cc", "Zs")), min_size=1, max_size=30)


@settings(max_examples=60)
@given(
    moment=st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)).filter(
        lambda moment: impossible(WrittenTime(moment)) is None
    ),
    north=st.integers(-90 * 3600 * 100, 90 * 3600 * 100).filter(bool),
    east=st.integers(-180 * 3600 * 100, 180 * 3600 * 100),
    model=text,
)
def test_dates_places_and_names_written_by_piexif_come_back(
    moment: datetime, north: int, east: int, model: str
) -> None:
    def parts(hundredths: int) -> tuple[tuple[int, int], ...]:
        degrees, rest = divmod(abs(hundredths), 360_000)
        minutes, seconds = divmod(rest, 6000)
        return ((degrees, 1), (minutes, 1), (seconds, 100))

    jpeg = encoded(
        "JPEG",
        tiff_block(
            {IMAGE.Model: model.encode()},
            {EXIF.DateTimeOriginal: f"{moment:%Y:%m:%d %H:%M:%S}".encode()},
            {
                GPS.GPSLatitudeRef: b"N" if north > 0 else b"S",
                GPS.GPSLatitude: parts(north),
                GPS.GPSLongitudeRef: b"E" if east > 0 else b"W",
                GPS.GPSLongitude: parts(east),
            },
        ),
    )
    exif = read(jpeg, formats.JPEG)
    assert exif.date_time_original == moment.replace(microsecond=0).isoformat()
    assert exif.gps_latitude == pytest.approx(north / 360_000, abs=1e-6)
    assert exif.gps_longitude == pytest.approx(east / 360_000, abs=1e-6)
    assert exif.camera == model


WHOLE = {
    formats.JPEG: encoded("JPEG", BLOCK),
    formats.PNG: encoded("PNG", BLOCK),
    formats.WEBP: encoded("WEBP", BLOCK),
    formats.HEIC: heic(BLOCK, header_offset=6),
    formats.TIFF: BLOCK,
    formats.RAF: fuji_raf(encoded("JPEG", BLOCK)),
    formats.CR3: canon_cr3((b"CMT1", BLOCK), (b"CMT4", BLOCK)),
}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(list(WHOLE)),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8),
    st.integers(0, 1000),
)
def test_broken_files_yield_clean_text_or_nothing(known: Format, changes: list[tuple[int, int]], length: int) -> None:
    content = bytearray(WHOLE[known])
    for at, value in changes:
        content[at % len(content)] = value
    metadata, _ = read_metadata(io.BytesIO(content[:length]), min(length, len(content)), known)
    assert "\\u00" not in msgspec.json.encode(metadata).decode()
