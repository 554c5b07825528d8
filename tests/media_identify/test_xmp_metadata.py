"""XMP as real programs write it becomes one record."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.media.metadata import (
    EmbeddedVideo,
    Metadata,
    PeopleRegions,
    PersonRegion,
    Position,
    Precision,
    Refused,
    Said,
    WrittenTime,
    value_of,
)
from core.media.xmp import NAMESPACES
from core.media.xmp_metadata import degrees, number, read_xmp


def packet(properties: str, attributes: str = "") -> bytes:
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix not in ("x", "rdf"))
    return (
        f'<x:xmpmeta xmlns:x="{NAMESPACES["x"]}"><rdf:RDF xmlns:rdf="{NAMESPACES["rdf"]}">'
        f'<rdf:Description rdf:about="" {spaces} {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def read(properties: str, attributes: str = "") -> Metadata:
    return read_xmp(packet(properties, attributes))


def bag(name: str, *items: str, shape: str = "Bag") -> str:
    return f"<{name}><rdf:{shape}>" + "".join(f"<rdf:li>{item}</rdf:li>" for item in items) + f"</rdf:{shape}></{name}>"


def test_words_bring_the_property_they_stood_in() -> None:
    found = read(
        '<dc:title><rdf:Alt><rdf:li xml:lang="de">Abend</rdf:li><rdf:li xml:lang="x-default">Evening</rdf:li></rdf:Alt>'
        "</dc:title>" + bag("dc:creator", "Ada", "Bob", shape="Seq") + "<tiff:Copyright> nobody </tiff:Copyright>",
        'xmp:Label="Red" photoshop:City="Nice"',
    )
    assert found.title == Said("Evening", "xmp:dc:title")
    assert found.creators == Said(("Ada", "Bob"), "xmp:dc:creator")
    assert found.copyright == Said("nobody", "xmp:tiff:Copyright")
    assert found.label == Said("Red", "xmp:xmp:Label")
    assert found.city == Said("Nice", "xmp:photoshop:City")


@pytest.mark.parametrize(
    ("properties", "flat", "paths"),
    [
        (bag("dc:subject", "sea", "sea", "sand"), ("sea", "sand"), None),
        ("<dc:subject>sea</dc:subject>", ("sea",), None),
        (
            bag("dc:subject", "Nice") + bag("lr:hierarchicalSubject", "France|Nice", "sea"),
            ("Nice", "sea"),
            (("France", "Nice"),),
        ),
        (bag("digiKam:TagsList", "France/Nice", shape="Seq"), ("Nice",), (("France", "Nice"),)),
        (bag("MicrosoftPhoto:LastKeywordXMP", "a/b"), ("b",), (("a", "b"),)),
        (
            bag("lr:hierarchicalSubject", "a|b") + bag("digiKam:TagsList", "a/b", "a/c"),
            ("b", "c"),
            (("a", "b"), ("a", "c")),
        ),
        (bag("dc:subject", " ", ""), None, None),
    ],
)
def test_keywords_of_every_program_are_read(
    properties: str, flat: tuple[str, ...] | None, paths: tuple[tuple[str, ...], ...] | None
) -> None:
    found = read(properties)
    assert value_of(found.keywords) == flat
    assert value_of(found.keyword_paths) == paths


@pytest.mark.parametrize(
    ("attributes", "rating"),
    [
        ('xmp:Rating="3"', 3),
        ('xmp:Rating="-1"', -1),
        ('xmp:Rating="4.0"', 4),
        ('xmp:Rating="0"', 0),
        ('xmp:Rating="77"', None),
        ('MicrosoftPhoto:Rating="99"', 5),
        ('MicrosoftPhoto:Rating="25"', 2),
        ('xmp:Rating="2" MicrosoftPhoto:Rating="99"', 2),
    ],
)
def test_ratings(attributes: str, rating: int | None) -> None:
    assert value_of(read("", attributes).rating) == rating


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("48,51.504N", 48.8584),
        ("48,51,30.24N", 48.8584),
        ("48,51.504S", -48.8584),
        ("48.8584", 48.8584),
        ("-48.8584", -48.8584),
        ("48.8584S", -48.8584),
        ("48,51.504", None),
        ("48,51.504E", None),
        ("48,71.504N", None),
        ("north", None),
        (None, None),
    ],
)
def test_coordinates_in_every_notation(text: str | None, expected: float | None) -> None:
    found = degrees(text, "NS")
    assert found == expected if expected is None else found == pytest.approx(expected)


def test_a_place_with_height_direction_and_time() -> None:
    found = read(
        "",
        'exif:GPSLatitude="48,51.504N" exif:GPSLongitude="2,17.670W" exif:GPSAltitude="2500/100"'
        ' exif:GPSAltitudeRef="1" exif:GPSImgDirection="36000/100" exif:GPSTimeStamp="2024-07-26T12:30:25Z"',
    )
    assert value_of(found.position) == Position(48.8584, -2.2945)
    assert value_of(found.altitude) == -25
    assert value_of(found.direction) == 0
    assert value_of(found.gps_time) == datetime(2024, 7, 26, 12, 30, 25, tzinfo=UTC)


def test_zero_zero_is_no_place() -> None:
    assert read("", 'exif:GPSLatitude="0,0.0N" exif:GPSLongitude="0,0.0E"').position is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "2024-07-26T14:30:25.125+02:00",
            WrittenTime(datetime(2024, 7, 26, 14, 30, 25, 125_000), 120, Precision.FRACTION),
        ),
        ("2024-07-26T14:30:25Z", WrittenTime(datetime(2024, 7, 26, 14, 30, 25), 0)),
        ("2024-07-26T14:30:25", WrittenTime(datetime(2024, 7, 26, 14, 30, 25))),
        ("2024-07-26T14:30", WrittenTime(datetime(2024, 7, 26, 14, 30), None, Precision.MINUTE)),
        ("2024-07-26", WrittenTime(datetime(2024, 7, 26), None, Precision.DAY)),
        ("2024-07", WrittenTime(datetime(2024, 7, 1), None, Precision.MONTH)),
        ("2024", WrittenTime(datetime(2024, 1, 1), None, Precision.YEAR)),
    ],
)
def test_dates_keep_offset_and_precision(text: str, expected: WrittenTime) -> None:
    assert read("", f'photoshop:DateCreated="{text}"').taken == Said(expected, "xmp:photoshop:DateCreated")


def test_a_date_that_is_none_gives_way_to_the_next_with_the_reason() -> None:
    found = read(
        "", 'exif:DateTimeOriginal="0000-00-00T00:00:00" photoshop:DateCreated="2024-02-30" xmp:CreateDate="2024"'
    )
    assert found.taken is None
    assert value_of(found.digitized) == WrittenTime(datetime(2024, 1, 1), None, Precision.YEAR)
    assert found.refused == (
        Refused("xmp:exif:DateTimeOriginal", "0000-00-00T00:00:00", "it was left blank"),
        Refused("xmp:photoshop:DateCreated", "2024-02-30", "it is no date"),
    )


def test_people_as_the_metadata_working_group_and_windows_write_them() -> None:
    area = '<mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.2" stArea:h="0.1" stArea:unit="normalized"/>'

    def region(kind: str, name: str) -> str:
        return f'<rdf:li><rdf:Description mwg-rs:Type="{kind}" mwg-rs:Name="{name}">{area}</rdf:Description></rdf:li>'

    regions = f"<mwg-rs:RegionList><rdf:Bag>{region('Face', 'Ada')}{region('Pet', 'Rex')}</rdf:Bag></mwg-rs:RegionList>"
    size = '<mwg-rs:AppliedToDimensions stDim:w="4000" stDim:h="3000" stDim:unit="pixel"/>'
    found = read(f'<mwg-rs:Regions rdf:parseType="Resource">{size}{regions}</mwg-rs:Regions>')
    assert value_of(found.regions) == PeopleRegions((PersonRegion(0.5, 0.4, 0.2, 0.1, "Ada"),), 4000, 3000)

    windows = read(
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li MPReg:PersonDisplayName="Bob"'
        ' MPReg:Rectangle="0.25, 0.5, 0.5, 0.25"/></rdf:Bag></MPRI:Regions></MP:RegionInfo>'
        + bag("Iptc4xmpExt:PersonInImage", "Ada", "Bob")
    )
    assert windows.regions == Said(PeopleRegions((PersonRegion(0.5, 0.625, 0.5, 0.25, "Bob"),)), "xmp:MP:RegionInfo")
    assert value_of(windows.people) == ("Ada", "Bob")


def test_the_camera_and_its_settings() -> None:
    found = read(
        bag("exif:ISOSpeedRatings", "200", shape="Seq")
        + '<exif:Flash exif:Fired="True" exif:Return="0" exif:Mode="1" exif:Function="False" exif:RedEyeMode="False"/>',
        'exif:ExposureTime="1/125" exif:FNumber="28/10" exif:FocalLength="0/0" tiff:Orientation="6" aux:Lens="50mm"'
        ' exif:ExposureBiasValue="-1/3" exif:MeteringMode="5"',
    )
    assert value_of(found.exposure_time) == 0.008
    assert value_of(found.aperture) == 2.8
    assert found.focal_length is None
    assert value_of(found.iso) == 200
    assert value_of(found.flash) == 9
    assert value_of(found.orientation) == 6
    assert value_of(found.metering_mode) == 5
    assert found.lens == Said("50mm", "xmp:aux:Lens")
    assert value_of(found.exposure_bias) == pytest.approx(-1 / 3)


def test_motion_photos_tell_where_their_film_is() -> None:
    def item(semantic: str, length: int, padding: int = 0) -> str:
        return (
            f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{semantic}" Item:Length="{length}"'
            f' Item:Padding="{padding}"/></rdf:li>'
        )

    listed = read(
        f"<Container:Directory><rdf:Seq>{item('Primary', 0, 8)}{item('GainMap', 300)}{item('MotionPhoto', 5000)}"
        f"{item('Depth', 70, 2)}</rdf:Seq></Container:Directory>",
        'GCamera:MotionPhoto="1" GCamera:MotionPhotoPresentationTimestampUs="968644"',
    )
    assert value_of(listed.embedded_video) == EmbeddedVideo(5072, 5000, 968_644)
    older = read(
        "", 'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4000" GCamera:BurstID="ab" GCamera:BurstPrimary="1"'
    )
    assert value_of(older.embedded_video) == EmbeddedVideo(4000, 4000)
    assert value_of(older.burst_identifier) == "ab"
    assert value_of(older.is_burst_cover) is True


@pytest.mark.parametrize(
    ("text", "expected"), [("28/10", 2.8), ("1/0", None), ("2.5 m", 2.5), ("", None), ("x", None), ("1e400", None)]
)
def test_numbers(text: str, expected: float | None) -> None:
    assert number(text) == expected


def test_what_is_no_xmp_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="no well-formed XML"):
        read_xmp(b"not xml")
