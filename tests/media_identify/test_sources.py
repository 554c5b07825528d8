"""What stands in IPTC, PNG texts, makers' notes and behind the picture, and whom we believe."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime
from pathlib import Path

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.media import formats
from core.media.facts import Format, Identity
from core.media.identify import identify, identify_with_sidecar, read_metadata
from core.media.iptc import iptc_metadata
from core.media.metadata import (
    EmbeddedVideo,
    Metadata,
    Position,
    Precision,
    Said,
    WrittenTime,
    value_of,
)
from core.media.precedence import Source, choose


def picture(pillow_format: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "teal").save(out, pillow_format, **options)
    return out.getvalue()


def read(content: bytes, known: Format = formats.JPEG) -> Metadata:
    metadata, warnings = read_metadata(io.BytesIO(content), len(content), known)
    assert warnings == ()
    return metadata


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(*segments: bytes, jpeg: bytes | None = None) -> bytes:
    jpeg = picture() if jpeg is None else jpeg
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def dataset(number: int, data: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(data)) + data


def photoshop(records: bytes) -> bytes:
    resource = b"8BIM\x03\xed\0\0" + struct.pack(">I", 3) + b"abc\0"
    return segment(
        0xED, b"Photoshop 3.0\0" + resource + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    )


def xmp(properties: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        ' xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
        f" {properties}/></rdf:RDF></x:xmpmeta>"
    ).encode()


def xmp_segment(properties: str) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(properties))


def exif(image: dict[int, object] = {}, exif: dict[int, object] = {}) -> bytes:  # noqa: B006 - never changed
    return piexif.dump({"0th": image, "Exif": exif})


def test_iptc_in_photoshops_segment_is_read() -> None:
    records = (
        dataset(90, b"\x1b%G", record=1)
        + dataset(5, "Abend am Fluß".encode())
        + dataset(25, b"river")
        + dataset(25, b"evening")
        + dataset(80, b"Ada")
        + dataset(90, b"Prague")
        + dataset(55, b"20240726")
        + dataset(60, b"143025+0200")
    )
    found = read(with_segments(photoshop(records)))
    assert found.title == Said("Abend am Fluß", "iptc:ObjectName")
    assert found.keywords == Said(("river", "evening"), "iptc:Keywords")
    assert value_of(found.creators) == ("Ada",)
    assert value_of(found.city) == "Prague"
    assert found.taken == Said(WrittenTime(datetime(2024, 7, 26, 14, 30, 25), 120), "iptc:DateCreated")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("19860000", WrittenTime(datetime(1986, 1, 1), None, Precision.YEAR)),
        ("19860700", WrittenTime(datetime(1986, 7, 1), None, Precision.MONTH)),
        ("19860726", WrittenTime(datetime(1986, 7, 26), None, Precision.DAY)),
        ("19861326", None),
        ("00000000", None),
    ],
)
def test_iptc_may_know_only_the_year(written: str, expected: WrittenTime | None) -> None:
    assert value_of(iptc_metadata(dataset(55, written.encode())).taken) == expected


def test_iptc_without_a_character_set_and_cut_in_the_middle_of_a_letter() -> None:
    assert value_of(iptc_metadata(dataset(120, "Größe".encode("latin-1"))).description) == "Größe"
    utf_8 = dataset(90, b"\x1b%G", record=1) + dataset(120, "Größe".encode()[:-2])
    assert value_of(iptc_metadata(utf_8).description) == "Gr" + "ö"


@given(st.binary(max_size=300))
def test_broken_records_upset_nothing(raw: bytes) -> None:
    assert isinstance(iptc_metadata(raw), Metadata)
    assert isinstance(iptc_metadata(dataset(5, raw) + raw), Metadata)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_texts_of_a_png_are_read_packed_or_not() -> None:
    whole = picture("PNG")
    chunks = (
        png_chunk(b"tEXt", b"Author\0" + "Jürgen".encode("latin-1"))
        + png_chunk(b"zTXt", b"Description\0\0" + zlib.compress("Größe".encode()))
        + png_chunk(b"iTXt", b"Title\0\1\0de\0Titel\0" + zlib.compress("夏".encode()))
        + png_chunk(b"tEXt", b"Creation Time\0Fri, 26 Jul 2024 14:30:25 +0200")
        + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp('xmp:Rating="4"'))
    )
    found = read(whole[:33] + chunks + whole[33:], formats.PNG)
    assert value_of(found.creators) == ("Jürgen",)
    assert found.description == Said("Größe", "png:Description")
    assert value_of(found.title) == "夏"
    assert value_of(found.taken) == WrittenTime(datetime(2024, 7, 26, 14, 30, 25), 120)
    assert value_of(found.rating) == 4


def test_a_png_of_imagemagick_keeps_exif_as_hexadecimal_digits() -> None:
    whole, block = picture("PNG"), exif({piexif.ImageIFD.Make: b"Leica"})
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    chunk = png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    assert value_of(read(whole[:33] + chunk + whole[33:], formats.PNG).make) == "Leica"


def test_a_gif_keeps_its_xmp_between_its_blocks() -> None:
    whole = picture("GIF")
    trailer = bytes([1, *range(255, -1, -1), 0])
    extension = b"\x21\xff\x0bXMP DataXMP" + xmp('xmp:Rating="3"') + trailer
    at = 13 + (3 << (whole[10] & 7) + 1 if whole[10] & 0x80 else 0)
    assert value_of(read(whole[:at] + extension + whole[at:], formats.GIF).rating) == 3


def test_windows_properties_are_utf_16_whatever_the_order_of_the_block() -> None:
    def wide(text: str) -> list[int]:
        return list((text + "\0").encode("utf-16-le"))

    tags = {
        piexif.ImageIFD.XPTitle: wide("Größe 夏"),
        piexif.ImageIFD.XPKeywords: wide("sea; sand ;sea"),
        piexif.ImageIFD.XPComment: wide("a day"),
        piexif.ImageIFD.Rating: 4,
    }
    found = read(picture(exif=exif(tags)))
    assert found.title == Said("Größe 夏", "exif:XPTitle")
    assert value_of(found.keywords) == ("sea", "sand")
    assert value_of(found.description) == "a day"
    assert value_of(found.rating) == 4


@pytest.mark.parametrize(
    "words", [b"OLYMPUS DIGITAL CAMERA         ", b"SONY DSC", b"SAMSUNG", b"DCIM\\100MEDIA\\1.jpg"]
)
def test_what_cameras_put_into_the_caption_is_none(words: bytes) -> None:
    assert read(picture(exif=exif({piexif.ImageIFD.ImageDescription: words}))).description is None


def test_fraction_and_offset_of_a_second_stand_in_tags_of_their_own() -> None:
    block = exif(
        exif={
            piexif.ExifIFD.DateTimeOriginal: b"2024:07:26 14:30:25",
            piexif.ExifIFD.SubSecTimeOriginal: b"070",
            piexif.ExifIFD.OffsetTimeOriginal: b"-03:30",
        }
    )
    moment = WrittenTime(datetime(2024, 7, 26, 14, 30, 25, 70_000), -210, Precision.FRACTION)
    assert value_of(read(picture(exif=block)).taken) == moment


def apple_note(*texts: tuple[int, str]) -> bytes:
    head = b"Apple iOS\0\0\1MM" + struct.pack(">H", len(texts))
    entries, values = b"", b""
    start = len(head) + 12 * len(texts) + 4
    for tag, text in texts:
        data = text.encode() + b"\0"
        entries += struct.pack(">HHII", tag, 2, len(data), start + len(values))
        values += data
    return head + entries + bytes(4) + values


def test_an_iphone_tells_the_other_half_of_a_live_photo_and_the_burst() -> None:
    note = apple_note((0x000B, "BURST-1"), (0x0011, "CONTENT-1"))
    found = read(picture(exif=exif(exif={piexif.ExifIFD.MakerNote: note})))
    assert found.content_identifier == Said("CONTENT-1", "makernote:ContentIdentifier")
    assert found.burst_identifier == Said("BURST-1", "makernote:BurstUUID")


FILM = struct.pack(">I", 16) + b"ftypmp42" + bytes(4) + bytes(100)


def test_a_film_behind_the_picture_is_believed_only_where_it_begins() -> None:
    told = xmp_segment(f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(FILM)}"')
    assert value_of(read(with_segments(told) + FILM).embedded_video) == EmbeddedVideo(len(FILM), len(FILM))
    assert read(with_segments(told) + bytes(len(FILM))).embedded_video is None


def test_samsungs_trailer_tells_where_the_film_is() -> None:
    name = b"MotionPhoto_Data"
    block = struct.pack("<HHI", 0, 0x0A30, len(name)) + name + FILM
    directory = b"SEFH" + struct.pack("<II", 106, 1) + struct.pack("<HHII", 0, 0x0A30, len(block), len(block))
    trailer = block + directory + struct.pack("<I", len(directory)) + b"SEFT"
    found = value_of(read(picture() + trailer).embedded_video)
    assert found == EmbeddedVideo(len(FILM) + len(directory) + 8, len(FILM))


def test_people_are_believed_in_xmp_and_cameras_in_exif() -> None:
    block = exif(
        {piexif.ImageIFD.ImageDescription: b"old words"}, {piexif.ExifIFD.DateTimeOriginal: b"2024:07:26 14:30:25"}
    )
    told = xmp_segment('exif:UserComment="new words" xmp:Rating="5" exif:DateTimeOriginal="2020-01-01T00:00:00"')
    found = read(with_segments(told, photoshop(dataset(120, b"older words")), jpeg=picture(exif=block)))
    assert found.description == Said("new words", "xmp:exif:UserComment")
    assert value_of(found.taken) == WrittenTime(datetime(2024, 7, 26, 14, 30, 25))
    assert found.taken is not None
    assert found.taken.origin == "exif:DateTimeOriginal"


def test_a_date_that_cannot_be_makes_way_for_another_sources() -> None:
    zero, real = WrittenTime(datetime(1970, 1, 1)), WrittenTime(datetime(2020, 1, 1, 12))
    chosen = choose(
        {
            Source.EXIF: Metadata(taken=Said(zero, "exif:DateTimeOriginal")),
            Source.XMP: Metadata(taken=Said(real, "xmp:photoshop:DateCreated")),
        }
    )
    assert value_of(chosen.taken) == real
    assert [refused.reason for refused in chosen.refused] == ["a clock that nobody has set begins in 1970"]


def test_a_height_is_that_of_the_place_it_was_written_with() -> None:
    chosen = choose(
        {
            Source.EXIF: Metadata(position=Said(Position(1, 2), "exif:GPSLatitude")),
            Source.XMP: Metadata(position=Said(Position(3, 4), "xmp"), altitude=Said(500.0, "xmp")),
        }
    )
    assert value_of(chosen.position) == Position(1, 2)
    assert chosen.altitude is None


def identified(folder: Path, *sidecars: tuple[str, bytes]) -> Identity:
    path = folder / "IMG_1.jpg"
    path.write_bytes(with_segments(xmp_segment('xmp:Rating="1" xmp:Label="Red"')))
    for name, content in sidecars:
        (folder / name).write_bytes(content)
    return identify_with_sidecar(identify(str(path), path.name), str(path))


def test_a_sidecar_goes_before_the_file_and_the_full_name_before_the_stem(tmp_path: Path) -> None:
    assert value_of(identified(tmp_path, ("IMG_1.xmp", xmp('xmp:Rating="2"'))).metadata.rating) == 2
    both = identified(tmp_path, ("IMG_1.jpg.xmp", xmp('xmp:Rating="3"')))
    assert both.metadata.rating == Said(3, "sidecar:xmp:Rating")
    assert value_of(both.metadata.label) == "Red"


def test_a_broken_sidecar_is_told_and_costs_nothing(tmp_path: Path) -> None:
    found = identified(tmp_path, ("IMG_1.jpg.xmp", b"<broken"))
    assert value_of(found.metadata.rating) == 1
    assert "The sidecar of this file cannot be read" in found.warnings[0]


@pytest.mark.parametrize("padding", [b"\0" * 40, b" " * 40 + b"<?xpacket ", b"\0\r\n"])
def test_packets_with_odd_padding_are_read(padding: bytes) -> None:
    packet = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp('xmp:Rating="2"') + padding)
    assert value_of(read(with_segments(packet)).rating) == 2
