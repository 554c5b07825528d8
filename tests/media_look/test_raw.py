"""RAW files are made here by hand, as small as they can be: directories and a JPEG, no sensor data."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import Undecodable
from core.media.decode import decode
from core.media.formats import CR2, CR3, DNG, NEF, ORF, RAF, RW2
from core.media.raw import find_raw_preview

SHORT, LONG, UNDEFINED = 3, 4, 7
Field = tuple[int, int, int, int]
"""Tag, type, count, value or offset."""


def jpeg(width: int, height: int, colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
    return buffer.getvalue()


SMALL, LARGE = jpeg(16, 12, "blue"), jpeg(320, 240, "red")


def directory(order: str, fields: list[Field], following: int = 0) -> bytes:
    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        packed = (
            struct.pack(order + "HH", value, 0) if kind == SHORT and count == 1 else struct.pack(order + "I", value)
        )
        return struct.pack(order + "HHI", tag, kind, count) + packed

    body = b"".join(entry(*field) for field in sorted(fields))
    return struct.pack(order + "H", len(fields)) + body + struct.pack(order + "I", following)


def tiff(order: str, fields: list[Field], rest: dict[int, bytes], magic: bytes = b"") -> bytes:
    """A TIFF whose first directory is at 16; ``rest`` lies at the offsets given."""
    head = magic or {"<": b"II*\0", ">": b"MM\0*"}[order]
    data = bytearray(max((at + len(part) for at, part in rest.items()), default=16))
    data[:8] = head + struct.pack(order + "I", 16)
    first = directory(order, fields)
    data[16 : 16 + len(first)] = first
    for at, part in rest.items():
        data[at : at + len(part)] = part
    return bytes(data)


def nef(order: str = ">", orientation: int = 1) -> bytes:
    """A small picture in the first directory and the large JPEG in a sub-directory, as Nikon has it."""
    sub = directory(order, [(0x0201, LONG, 1, 2000), (0x0202, LONG, 1, len(LARGE))])
    sensor = directory(order, [(0x0100, LONG, 1, 6430), (0x0101, LONG, 1, 4830), (0x0103, SHORT, 1, 34713)])
    fields = [
        (0x0112, SHORT, 1, orientation),
        (0x0201, LONG, 1, 1000),
        (0x0202, LONG, 1, len(SMALL)),
        (0x014A, LONG, 2, 300),
    ]
    pointers = struct.pack(order + "II", 400, 500)
    return tiff(order, fields, {300: pointers, 400: sub, 500: sensor, 1000: SMALL, 2000: LARGE})


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_largest_preview_is_taken_with_the_sensors_dimensions(tmp_path: Path, order: str) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(nef(order))
    decoded = decode(str(path), NEF)
    assert decoded.rgb.shape == (240, 320, 3)
    assert decoded.rgb[100, 100, 0] > 240
    assert (decoded.full_width, decoded.full_height) == (6430, 4830)


def test_the_raw_files_orientation_turns_the_preview(tmp_path: Path) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(nef(orientation=8))
    decoded = decode(str(path), NEF)
    assert decoded.rgb.shape == (320, 240, 3)
    assert (decoded.full_width, decoded.full_height) == (4830, 6430)


def test_a_preview_that_was_cut_off_gives_way_to_a_smaller_whole_one() -> None:
    found = find_raw_preview(io.BytesIO(nef()[:-100]))
    assert (found.offset, found.length) == (1000, len(SMALL))


def test_sensor_data_that_is_packed_as_lossless_jpeg_is_no_preview() -> None:
    lossless = LARGE.replace(b"\xff\xc0", b"\xff\xc3", 1) + bytes(5000)
    fields = [
        *((0x0103, SHORT, 1, 7), (0x0111, LONG, 1, 3000), (0x0117, LONG, 1, len(lossless))),
        *((0x0201, LONG, 1, 1000), (0x0202, LONG, 1, len(SMALL))),
    ]
    found = find_raw_preview(io.BytesIO(tiff("<", fields, {1000: SMALL, 3000: lossless})))
    assert found.offset == 1000


def test_canons_cr2_and_adobes_dng_keep_the_preview_as_a_strip(tmp_path: Path) -> None:
    fields = [(0x0103, SHORT, 1, 6), (0x0111, LONG, 1, 1000), (0x0117, LONG, 1, len(LARGE))]
    for format in (CR2, DNG):
        path = tmp_path / f"a{format.extension}"
        path.write_bytes(tiff("<", fields, {1000: LARGE}))
        assert decode(str(path), format).rgb.shape == (240, 320, 3)


def test_panasonics_preview_is_the_value_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / "a.rw2"
    path.write_bytes(tiff("<", [(0x002E, UNDEFINED, len(LARGE), 1000)], {1000: LARGE}, magic=b"IIU\0"))
    assert decode(str(path), RW2).rgb.shape == (240, 320, 3)


def test_olympus_keeps_the_preview_in_the_maker_note(tmp_path: Path) -> None:
    settings = directory("<", [(0x0101, LONG, 1, 800), (0x0102, LONG, 1, len(LARGE))])
    note = b"OLYMPUS\0II\x03\0" + directory("<", [(0x2020, 13, 1, 100)])
    exif = directory("<", [(0x927C, UNDEFINED, 2000, 200)])
    parts = {100: exif, 200: note, 300: settings, 1000: LARGE}  # the note's offsets count from 200
    path = tmp_path / "a.orf"
    path.write_bytes(tiff("<", [(0x8769, LONG, 1, 100)], parts, magic=b"IIRO"))
    assert decode(str(path), ORF).rgb.shape == (240, 320, 3)


def test_fujis_raf_points_to_the_preview_in_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.raf"
    path.write_bytes(b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">II", 148, len(LARGE)) + bytes(56) + LARGE)
    assert decode(str(path), RAF).rgb.shape == (240, 320, 3)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_canons_cr3_keeps_the_preview_in_a_box(tmp_path: Path) -> None:
    metadata = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(
        b"CMT1", tiff("<", [(0x0112, SHORT, 1, 6)], {64: b"\0"})
    )
    picture = box(b"PRVW", bytes(12) + struct.pack(">I", len(LARGE)) + LARGE)
    preview = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16") + struct.pack(">II", 0, 1) + picture
    movie = box(b"moov", box(b"uuid", metadata))
    path = tmp_path / "a.cr3"
    path.write_bytes(box(b"ftyp", b"crx \0\0\0\1crx isom") + movie + box(b"uuid", preview))
    assert decode(str(path), CR3).rgb.shape == (320, 240, 3)


def test_a_raw_file_without_a_whole_preview_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(nef()[:900])
    with pytest.raises(Undecodable, match=r"a\.nef cannot be decoded: it holds no whole JPEG preview"):
        decode(str(path), NEF)


def test_directories_that_point_to_each_other_come_to_an_end() -> None:
    round_about = tiff("<", [(0x014A, LONG, 1, 16), (0x8769, LONG, 1, 16)], {})
    with pytest.raises(Undecodable):
        find_raw_preview(io.BytesIO(round_about))


@given(
    st.sampled_from([b"II*\0", b"MM\0*", b"IIRO", b"FUJIFILMCCD-RAW ", b"\0\0\0\x18ftypcrx "]), st.binary(max_size=400)
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_refused_with_a_sentence(head: bytes, rest: bytes) -> None:
    with pytest.raises(Undecodable):
        find_raw_preview(io.BytesIO(head + rest))


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=10))
@settings(max_examples=200, deadline=None)
def test_a_damaged_directory_yields_a_preview_inside_the_file_or_none(flips: list[tuple[int, int]]) -> None:
    data = bytearray(nef())
    for position, value in flips:
        data[position] = value
    try:
        found = find_raw_preview(io.BytesIO(bytes(data)))
    except Undecodable:
        return
    assert found.offset + found.length <= len(data)
