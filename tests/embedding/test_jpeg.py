"""A JPEG gets its metadata and loses nothing, or is left alone for a reason that can be read."""

from __future__ import annotations

import io
import struct

import exiv2  # type: ignore[import-untyped]
import piexif
import pytest
from PIL import Image

from core.library.embedding.embed import Way
from core.library.embedding.jpeg_segments import end_of_picture, read_jpeg
from core.library.embedding.tiff_append import restored
from core.library.embedding.tiff_directory import MAKER_NOTE, read_tree, value_of
from core.library.sidecar import read_sidecar
from core.media.formats import JPEG
from core.media.xmp import read_packet, text_of, texts_of
from tests.embedding.media import (
    FACTS,
    KEYWORDS,
    WANTED,
    exif_block,
    exif_segment,
    gold,
    jpeg,
    packet,
    pixels,
    segment,
    text,
    xmp_segment,
)

DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def block_of(data: bytes) -> bytes:
    for each in read_jpeg(data).segments:
        if data.startswith(b"Exif\0\0", each.payload):
            return data[each.payload + 6 : each.end]
    raise AssertionError("there is no EXIF")


def packet_of(data: bytes) -> bytes:
    header = b"http://ns.adobe.com/xap/1.0/\0"
    for each in read_jpeg(data).segments:
        if data.startswith(header, each.payload):
            return data[each.payload + len(header) : each.end]
    raise AssertionError("there is no XMP")


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_the_camera_wrote_stays_at_its_offset(order: str) -> None:
    block = exif_block(order)
    before = jpeg(exif_segment(block), segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(100)))
    made, after = gold(before, JPEG)
    assert (made.way, made.reasons) == (Way.FULL, ())
    changed = block_of(after)
    assert (changed[:4], changed[8 : len(block)]) == (block[:4], block[8:])
    old, new = read_tree(block), read_tree(changed)
    note, kept = (tree.others["Exif"].get(MAKER_NOTE) for tree in (old, new))
    assert note is not None
    assert kept is not None
    assert (kept.at, value_of(changed, kept)) == (note.at, value_of(block, note))
    assert set(old.others) == set(new.others) == {"IFD1", "Exif", "Interop", "GPS"}
    assert pixels(after) == pixels(before)
    assert after[read_jpeg(after).scan :] == before[read_jpeg(before).scan :]


@pytest.mark.parametrize("order", ["<", ">"])
def test_other_programs_read_what_was_written(order: str) -> None:
    _, after = gold(jpeg(exif_segment(exif_block(order))), JPEG)
    exif = piexif.load(after)
    assert exif["0th"][piexif.ImageIFD.Rating] == 4
    assert exif["0th"][piexif.ImageIFD.RatingPercent] == 75
    assert exif["0th"][piexif.ImageIFD.ImageDescription].decode() == WANTED.description
    for tag, value in ((piexif.ImageIFD.XPKeywords, ";".join(KEYWORDS)), (piexif.ImageIFD.XPSubject, "Kinder")):
        assert bytes(exif["0th"][tag]).decode("utf-16-le") == value + "\0"
    assert exif["0th"][piexif.ImageIFD.Software] == b"Firmware 1.0"
    assert exif["0th"][piexif.ImageIFD.Artist] == b"Ada Lovelace"
    picture = exiv2.ImageFactory.open(after)
    picture.readMetadata()
    found = {datum.key(): str(datum.value()) for datum in picture.exifData()}
    assert found["Exif.Photo.DateTimeOriginal"] == "2023:05:06 07:08:09"
    assert found["Exif.Iop.InteroperabilityIndex"] == "R98"
    xmp = {datum.key(): str(datum.value()) for datum in picture.xmpData()}
    assert xmp["Xmp.xmp.Rating"] == "4"
    assert read_sidecar(packet_of(after)) == FACTS


def test_a_file_without_metadata_gets_what_exif_demands() -> None:
    made, after = gold(jpeg(), JPEG)
    assert made.way is Way.FULL
    exif = piexif.load(after)
    assert exif["Exif"][piexif.ExifIFD.ExifVersion] == b"0232"
    assert exif["Exif"][piexif.ExifIFD.PixelXDimension] == 24
    assert exif["0th"][piexif.ImageIFD.XResolution] == (72, 1)
    kinds = [after[each.payload : each.payload + 4] for each in read_jpeg(after).segments[:3]]
    assert kinds == [b"JFIF", b"Exif", b"http"]


def test_coordinates_are_written_only_where_the_camera_has_none() -> None:
    import msgspec

    placed = msgspec.structs.replace(WANTED, latitude=-48.858222, longitude=2.2945)
    _, after = gold(jpeg(), JPEG, placed)
    gps = piexif.load(after)["GPS"]
    assert gps[piexif.GPSIFD.GPSLatitudeRef] == b"S"
    assert gps[piexif.GPSIFD.GPSLatitude] == ((48, 1), (51, 1), (29599, 1000))
    _, after = gold(jpeg(exif_segment(exif_block())), JPEG, placed)
    assert piexif.load(after)["GPS"][piexif.GPSIFD.GPSLatitude] == ((48, 1), (51, 1), (30, 1))


def test_writing_again_begins_with_what_the_camera_wrote() -> None:
    import msgspec

    before = jpeg(exif_segment(exif_block()))
    _, once = gold(before, JPEG)
    assert restored(block_of(once)) == block_of(before)
    _, twice = gold(once, JPEG, msgspec.structs.replace(WANTED, rating=2))
    assert piexif.load(twice)["0th"][piexif.ImageIFD.Rating] == 2
    _, thrice = gold(twice, JPEG)
    assert block_of(thrice) == block_of(once)


def test_words_of_a_person_in_the_file_stay() -> None:
    extra = [text(0x010E, "Oma's garden"), text(0x013B, "The photographer")]
    _, after = gold(jpeg(exif_segment(exif_block(extra=extra))), JPEG)
    exif = piexif.load(after)["0th"]
    assert (exif[piexif.ImageIFD.ImageDescription], exif[piexif.ImageIFD.Artist]) == (
        b"Oma's garden",
        b"The photographer",
    )
    _, after = gold(jpeg(exif_segment(exif_block(extra=[text(0x010E, "OLYMPUS DIGITAL CAMERA         ")]))), JPEG)
    assert piexif.load(after)["0th"][piexif.ImageIFD.ImageDescription].decode() == WANTED.description


def test_a_packet_of_another_program_keeps_all_it_says() -> None:
    theirs = packet(
        "<dc:subject><rdf:Bag><rdf:li>old</rdf:li><rdf:li>family</rdf:li></rdf:Bag></dc:subject>"
        "<!-- a comment --><own:thing rdf:parseType='Resource'><own:inner><![CDATA[<&>]]></own:inner></own:thing>"
        "<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>A caption</rdf:li>"
        "<rdf:li xml:lang='de'>Ein Titel</rdf:li></rdf:Alt></dc:description>",
        f'{DC} xmlns:own="https://example.org/own/" xmlns:xap="http://ns.adobe.com/xap/1.0/" xap:Rating="1"',
    )
    made, after = gold(jpeg(xmp_segment(theirs)), JPEG)
    assert made.way is Way.FULL
    merged = packet_of(after)
    assert b"<!-- a comment -->" in merged
    assert b"<![CDATA[<&>]]>" in merged
    nodes = read_packet(merged)
    assert texts_of(nodes, "dc:subject") == ("old", "family", "Strand", "Ærø – 東京")
    assert text_of(nodes, "dc:description") == "A caption"
    assert b"Ein Titel" in merged
    assert text_of(nodes, "xmp:Rating") == "4"
    assert b'xap:Rating="4"' in merged, "the prefix that is bound is the one to use"
    assert b"xmlns:xmp=" not in merged
    picture = exiv2.ImageFactory.open(after)
    picture.readMetadata()
    assert {datum.key() for datum in picture.xmpData()} >= {"Xmp.xmp.Rating", "Xmp.dc.subject"}


def test_a_prefix_that_we_do_not_need_may_mean_anything() -> None:
    theirs = packet("", 'xmlns:MicrosoftPhoto="https://example.org/other/" MicrosoftPhoto:a="b"')
    made, after = gold(jpeg(xmp_segment(theirs)), JPEG)
    assert made.way is Way.FULL
    assert b'MicrosoftPhoto:a="b"' in packet_of(after)


def test_padding_takes_what_the_packet_grows_by() -> None:
    before = jpeg(exif_segment(exif_block()), xmp_segment(packet("", padding=4000)))
    _, after = gold(before, JPEG)
    assert len(packet_of(after)) == len(packet_of(before))


BROKEN_PACKETS = {
    "several": packet("") + packet(""),
    "malformed": packet("<dc:a>"),
    "twice": packet(
        "<xmp:Rating>1</xmp:Rating></rdf:Description><rdf:Description rdf:about=''><xmp:Rating>2</xmp:Rating>",
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
    ).replace(
        b"<rdf:Description rdf:about=''>", b"<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/'>"
    ),
    "prefix": packet("", 'xmlns:dc="https://example.org/other/" dc:a="b"'),
    "document type": b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + packet(""),
    "UTF-16": packet("").decode().encode("utf-16"),
    "no RDF": b"<x/>",
    "typed": packet("").replace(b"rdf:Description", b"rdf:Thing"),
}


@pytest.mark.parametrize("theirs", BROKEN_PACKETS.values(), ids=BROKEN_PACKETS.keys())
def test_a_packet_that_cannot_be_changed_safely_stays_byte_for_byte(theirs: bytes) -> None:
    before = jpeg(xmp_segment(theirs))
    made, after = gold(before, JPEG)
    assert made.way is Way.EXIF_ONLY
    assert made.reasons
    assert packet_of(after) == theirs
    assert pixels(after) == pixels(before)


def test_a_property_in_extended_xmp_is_not_written_a_second_time() -> None:
    guid = b"0" * 32
    inner = packet("<dc:subject><rdf:Bag><rdf:li>far away</rdf:li></rdf:Bag></dc:subject>", DC)
    far = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(inner), 0) + inner
    before = jpeg(xmp_segment(packet("")), segment(0xE1, far))
    made, after = gold(before, JPEG)
    assert (made.way, made.reasons) == (Way.EXIF_ONLY, ("its extended XMP has subject",))
    assert segment(0xE1, far) in after


def nikon_note(dangling: bool) -> bytes:
    inner = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x0E10, 4, 1, 60_000 if dangling else 8, 0)
    return b"Nikon\0\x02\x10\0\0" + inner


UNSAFE_BLOCKS = {
    "two pointers lead to one directory": exif_block(extra=[(0x0100, 4, struct.pack("<I", 1))]).replace(
        struct.pack("<HHI", 0x8825, 4, 1), struct.pack("<HHI", 0x8769, 4, 1)
    ),
    "an unknown type": exif_block(extra=[(0x0100, 13, b"\0\0\0\0")]).replace(
        struct.pack("<HHI", 0x0100, 13, 1), struct.pack("<HHI", 0x0100, 77, 1)
    ),
    "a value behind the end": exif_block(extra=[(0x0100, 7, b"long enough")]).replace(
        struct.pack("<HHI", 0x0100, 7, 11), struct.pack("<HHI", 0x0100, 7, 60_000)
    ),
    "a maker note that points behind the end": exif_block(note=nikon_note(dangling=True)),
    "a wrong header": b"XX" + exif_block()[2:],
    "cut off": exif_block()[:40],
}


@pytest.mark.parametrize("block", UNSAFE_BLOCKS.values(), ids=UNSAFE_BLOCKS.keys())
def test_exif_that_is_not_as_it_should_be_stays_byte_for_byte(block: bytes) -> None:
    before = jpeg(exif_segment(block))
    made, after = gold(before, JPEG)
    assert made.way is Way.XMP_ONLY
    assert made.reasons
    assert block_of(after) == block
    assert read_sidecar(packet_of(after)).rating == 4


def test_a_sound_nikon_note_is_no_reason() -> None:
    assert gold(jpeg(exif_segment(exif_block(note=nikon_note(dangling=False)))), JPEG)[0].way is Way.FULL


def test_a_full_exif_segment_takes_xmp_only() -> None:
    block = exif_block(extra=[(0x9000, 7, bytes(64_700))])
    made, after = gold(jpeg(exif_segment(block)), JPEG)
    assert made.way is Way.XMP_ONLY
    assert "65527" in made.reasons[0]
    assert block_of(after) == block


def second_picture() -> bytes:
    return jpeg(edge=16)


def with_mpf(primary_is_whole: bool = True) -> bytes:
    """Two pictures, the second one addressed from an MPF directory, with XMP behind that which has to grow."""

    def mpf(size: int, offset: int) -> bytes:
        entries = struct.pack("<IIIHHIIIHH", 0x30000, size, 0, 0, 0, 0, len(second), offset, 0, 0)
        tags = struct.pack("<HHIIHHII", 0xB001, 4, 1, 2, 0xB002, 7, 32, 38)
        return segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + tags + bytes(4) + entries)

    second, rest = second_picture(), xmp_segment(packet(""))
    size = len(jpeg(exif_segment(exif_block()), mpf(0, 0), rest))
    base = 20 + len(exif_segment(exif_block())) + 8
    return jpeg(exif_segment(exif_block()), mpf(size if primary_is_whole else 1, size - base), rest, trailer=second)


def test_a_second_picture_stays_reachable_through_mpf() -> None:
    before = with_mpf()
    with Image.open(io.BytesIO(before)) as picture:
        assert picture.n_frames == 2, "the file that the test makes is right"
    made, after = gold(before, JPEG)
    assert made.way is Way.FULL
    with Image.open(io.BytesIO(after)) as picture, Image.open(io.BytesIO(before)) as old:
        assert picture.n_frames == 2
        picture.seek(1)
        old.seek(1)
        assert picture.tobytes() == old.tobytes()
        assert picture.mpinfo[0xB002][0]["Size"] == end_of_picture(after, read_jpeg(after).scan)


def with_preview(note_words: int, filler: int = 70_000) -> bytes:
    """A picture behind the end, addressed ``note_words`` times from the maker note, from the start of the file."""
    tail = second_picture()

    def made(target: int) -> bytes:
        note = b"QVC\0\0\0" + struct.pack("<I", target) * note_words + b"end"
        return jpeg(
            exif_segment(exif_block(note=note)), segment(0xEC, bytes(filler // 2)), segment(0xEC, bytes(filler // 2))
        )

    size = len(made(0))
    return made(size) + tail


def test_a_preview_behind_the_picture_stays_reachable() -> None:
    before = with_preview(1)
    made, after = gold(before, JPEG)
    assert made.way is Way.FULL
    growth = len(after) - len(before)
    note = read_tree(block_of(after)).others["Exif"].get(MAKER_NOTE)
    assert note is not None
    (word,) = struct.unpack_from("<I", value_of(block_of(after), note), 6)
    assert after[word:] == second_picture()
    assert growth > 0


@pytest.mark.parametrize("times", [0, 2])
def test_a_preview_that_nothing_certain_leads_to_leaves_the_file_alone(times: int) -> None:
    before = with_preview(times)
    made, after = gold(before, JPEG)
    assert made.way is Way.SIDECAR_ONLY
    assert "what leads there is not certain" in made.reasons[0]
    assert after == before


def test_the_film_of_a_motion_photo_stays_at_its_distance_from_the_end() -> None:
    # in a film, bytes that look like the start of a picture mean nothing
    film = b"\0\0\0\x14ftypmp42\0\0\0\0isom" + struct.pack(">I", 5008) + b"mdat" + b"\x00\xff\xd8\xff\xe0" * 1000
    before = jpeg(exif_segment(exif_block()), trailer=film)
    made, after = gold(before, JPEG)
    assert made.way is Way.FULL
    assert after.endswith(film)


def test_a_trailer_that_counts_from_the_start_leaves_the_file_alone() -> None:
    before = jpeg(trailer=b"data" * 10 + b"AXS!" + bytes(8))
    made, after = gold(before, JPEG)
    assert (made.way, after) == (Way.SIDECAR_ONLY, before)
    assert "AFCP" in made.reasons[0]


def test_signed_content_is_left_alone() -> None:
    before = jpeg(segment(0xEB, b"JP\0\1\0\0\0\1jumbc2pa"))
    made, after = gold(before, JPEG)
    assert (made.way, after) == (Way.SIDECAR_ONLY, before)
    assert "content credentials" in made.reasons[0]


def test_two_exif_segments_and_foreign_app0_take_xmp_only() -> None:
    for first in (exif_segment(exif_block()) + exif_segment(exif_block(">")), segment(0xE0, b"II\x1a\0\0\0HEAPJPGM")):
        before = jpeg(first)
        made, after = gold(before, JPEG)
        assert made.way is Way.XMP_ONLY
        assert first in after


def test_fill_bytes_stay() -> None:
    before = jpeg(b"\xff\xff" + segment(0xFE, b"a comment"))
    _, after = gold(before, JPEG)
    assert b"\xff\xff" + segment(0xFE, b"a comment") in after
