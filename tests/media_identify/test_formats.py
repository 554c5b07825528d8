"""Formats are told by content."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.media import formats
from core.media.facts import Format, Kind
from core.media.formats import sniff


def encoded(pillow_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "teal").save(out, pillow_format, **options)
    return out.getvalue()


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = major + b"\0\0\0\0" + b"".join(compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + b"\0\0\0\x08free"


def tiff(entries: list[tuple[int, int, int, int]], tail: bytes = b"", order: str = "<") -> bytes:
    """A TIFF whose first directory holds (tag, type, count, value); ``tail`` begins at offset 10 + 12 n + 4 rounded."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(entries)) + b"".join(struct.pack(order + "HHII", *e) for e in entries)
    return head + struct.pack(order + "I", 8) + directory + bytes(4) + tail


def camera_tiff(make: bytes, preview: bool, order: str = "<") -> bytes:
    entries = [(0x010F, 2, len(make), 0)]
    if preview:
        entries = [(0x00FE, 4, 1, 1), *entries, (0x014A, 4, 1, 4096)]
    make_at = 8 + 2 + 12 * len(entries) + 4
    entries = [(tag, kind, count, make_at if tag == 0x010F else value) for tag, kind, count, value in entries]
    return tiff(entries, make, order)


def animated_png() -> bytes:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    "head, expected",
    [
        (encoded("JPEG"), formats.JPEG),
        (encoded("PNG"), formats.PNG),
        (animated_png(), formats.PNG),
        (encoded("WEBP"), formats.WEBP),
        (encoded("GIF"), formats.GIF),
        (encoded("TIFF"), formats.TIFF),
        (encoded("AVIF"), formats.AVIF),
        (ftyp(b"heic", b"mif1", b"heic"), formats.HEIC),
        (ftyp(b"heix", b"mif1"), formats.HEIC),
        (ftyp(b"mif1", b"mif1", b"heic"), formats.HEIF),
        (ftyp(b"mif1", b"mif1", b"avif"), formats.AVIF),
        (ftyp(b"isom", b"isom", b"mp41"), formats.MP4),
        (ftyp(b"mp42", b"isom"), formats.MP4),
        (ftyp(b"abcd", b"isom"), formats.MP4),
        (ftyp(b"M4V ", b"M4A "), formats.M4V),
        (ftyp(b"qt  ", b"qt  "), formats.MOV),
        (ftyp(b"3gp5", b"isom"), formats.THREE_GP),
        (ftyp(b"3g2a"), formats.THREE_GP),
        (ftyp(b"crx ", b"crx ", b"isom"), formats.CR3),
        (b"RIFF\x10\x20\x00\x00AVI LIST", formats.AVI),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", formats.MOV),
        (b"\0\0\x02\0moov\0\0\0\x6cmvhd", formats.MOV),
        (b"\0\0\0\x01mdat\0\0\0\0\x10\0\0\0", formats.MOV),
        (b"IIU\0\x18\0\0\0", formats.RW2),
        (b"IIRO\x08\0\0\0", formats.ORF),
        (b"MMOR\0\0\0\x08", formats.ORF),
        (b"FUJIFILMCCD-RAW 0201FF", formats.RAF),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(64), formats.CR2),
        (tiff([(0xC612, 1, 4, 0x00000401)]), formats.DNG),
        (camera_tiff(b"NIKON CORPORATION\0", preview=True), formats.NEF),
        (camera_tiff(b"NIKON CORPORATION\0", preview=True, order=">"), formats.NEF),
        (camera_tiff(b"SONY\0\0\0\0", preview=True), formats.ARW),
        (camera_tiff(b"SAMSUNG\0", preview=True), formats.SRW),
    ],
)
def test_a_format_is_told_by_its_first_bytes(head: bytes, expected: Format) -> None:
    assert sniff(head) == expected


def transport_packets(packet: int, sync: int) -> bytes:
    one = bytearray(packet)
    one[sync : sync + 4] = b"\x47\x40\x11\x10"
    return bytes(one) * 5


@pytest.mark.parametrize("packet, sync", [(188, 0), (192, 4)])
def test_transport_streams_are_known_with_and_without_time_stamps(packet: int, sync: int) -> None:
    assert sniff(transport_packets(packet, sync)) == formats.MTS
    assert sniff(transport_packets(packet, sync)[: 2 * packet]) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"II*\0",
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"The wide river runs through the town." * 40,
        b"The free press of the town." * 40,
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"G" * 4096,
        b"BM\x36\0\0\0\0\0\0\0",
        b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        ftyp(b"M4A ", b"isom", b"mp42"),
        ftyp(b"abcd", b"efgh"),
        bytes(4096),
    ],
)
def test_what_is_no_photo_or_video_is_none_whatever_its_name(head: bytes) -> None:
    assert sniff(head, "holiday.jpg") is None
    assert sniff(head, "holiday.nef") is None


def test_a_tiff_that_a_makers_software_exported_is_no_raw() -> None:
    assert sniff(camera_tiff(b"NIKON CORPORATION\0", preview=False)) == formats.TIFF
    assert sniff(camera_tiff(b"NIKON CORPORATION\0", preview=False), "export.tif") == formats.TIFF


def test_the_name_tells_a_raw_from_a_tiff_only_for_its_own_maker() -> None:
    pentax = camera_tiff(b"PENTAX \0", preview=False)
    assert sniff(pentax, "IMGP0001.PEF") == formats.PEF
    assert sniff(pentax, "IMGP0001.NEF") == formats.TIFF
    assert sniff(encoded("TIFF"), "scan.dng") == formats.DNG
    assert sniff(encoded("PNG"), "picture.nef") == formats.PNG


def test_every_format_has_a_lower_case_extension_and_a_mime_type_of_its_kind() -> None:
    assert len({known.name for known in formats.FORMATS}) == len(formats.FORMATS)
    for known in formats.FORMATS:
        assert known.extension.startswith(".")
        assert known.extension == known.extension.lower()
        assert known.mime_type.startswith("video/" if known.kind is Kind.VIDEO else "image/")


@settings(max_examples=200)
@given(
    st.sampled_from([b"", b"II*\0", b"MM\0*", b"\0\0\0\x18ftyp", b"RIFF", b"\x47", b"\0\0\0\x08wide"]),
    st.binary(max_size=300),
    st.none() | st.text(max_size=20),
)
def test_no_bytes_and_no_name_upset_it(start: bytes, rest: bytes, name: str | None) -> None:
    found = sniff(start + rest, name)
    assert found is None or found in formats.FORMATS
