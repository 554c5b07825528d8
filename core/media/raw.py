"""Where in a RAW file is the camera's own JPEG?

Cameras put one or more finished JPEGs beside the sensor's data. The largest whole one is what a person saw on the
camera's screen, and it decodes in milliseconds. Understood: RAW files built on TIFF (NEF, CR2, ARW, DNG, PEF, SRW, RW2,
ORF), Fuji's RAF and Canon's CR3. Every walk is bounded, so that a hostile file ends in an error and not in a loop.

Sources: TIFF 6.0 section 2 and TIFF Technical Note 1 (sub-directories); Adobe's DNG 1.7 specification; the tag tables
of ExifTool for the makers' own tags; "Describing the Canon Raw v3 file format" by L. Clevy for CR3.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import Undecodable
from core.media.isobmff import Box, boxes, find, payload

MAX_DIRECTORIES = 64
MAX_ENTRIES = 1000
MAX_VALUES = 64
MAX_MARKERS = 256

IMAGE_WIDTH, IMAGE_LENGTH = 0x0100, 0x0101
COMPRESSION, PHOTOMETRIC = 0x0103, 0x0106
STRIP_OFFSETS, STRIP_BYTE_COUNTS = 0x0111, 0x0117
ORIENTATION = 0x0112
SUB_IFDS, EXIF_IFD, MAKER_NOTE = 0x014A, 0x8769, 0x927C
JPEG_OFFSET, JPEG_LENGTH = 0x0201, 0x0202
PIXEL_X, PIXEL_Y = 0xA002, 0xA003
PANASONIC_JPEG = 0x002E
OLYMPUS_CAMERA_SETTINGS, OLYMPUS_PREVIEW_START, OLYMPUS_PREVIEW_LENGTH = 0x2020, 0x0101, 0x0102

JPEG_COMPRESSIONS = frozenset({6, 7})
SENSOR_PHOTOMETRICS = frozenset({32803, 34892})  # colour filter array, linear raw: DNG 1.7, chapter 4
OLYMPUS_HEADERS = ((b"OLYMPUS\0", 12), (b"OM SYSTEM\0", 16))  # maker note: first bytes → place of its directory

CR3_METADATA = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
CR3_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
INTEGER_TYPES = {1: "B", 3: "H", 4: "I", 13: "I"}

VIEWABLE_FRAMES = frozenset(
    {0xC0, 0xC1, 0xC2}
)  # baseline, extended, progressive; 0xC3 is the lossless one of sensor data


@dataclass(frozen=True)
class RawPreview:
    """A whole JPEG at ``offset`` with ``length`` bytes.

    ``orientation`` is what the RAW file says of itself (EXIF, 1–8), ``None`` where only the JPEG tells it.
    ``sensor_size`` is the largest width and height in pixels that the RAW file declares, as the sensor lies.
    """

    offset: int
    length: int
    orientation: int | None = None
    sensor_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Tiff:
    """Where a TIFF structure lies: all its offsets count from ``base``; ``order`` is ``<`` or ``>``."""

    file: BinaryIO
    base: int
    order: str


@dataclass(frozen=True)
class _Entry:
    """One field of a directory: its TIFF type, its count, and the file position of its value."""

    kind: int
    count: int
    position: int


_Directory = dict[int, _Entry]


def find_raw_preview(file: BinaryIO) -> RawPreview:
    """The largest JPEG in a RAW file that is whole and viewable.

    ``file`` is seekable and binary; its position afterwards is anywhere. Raises ``Undecodable`` with the mere reason
    where there is none.
    """
    size = file.seek(0, os.SEEK_END)
    try:
        found = list(_candidates(file, _read(file, 0, 16)))
    except struct.error as error:
        raise Undecodable("its header ends early") from error
    for preview in sorted(found, key=lambda preview: preview.length, reverse=True):
        if preview.offset + preview.length <= size and _is_viewable_jpeg(file, preview.offset):
            return preview
    raise Undecodable("it holds no whole JPEG preview")


def _candidates(file: BinaryIO, head: bytes) -> Iterator[RawPreview]:
    if head.startswith(b"FUJIFILMCCD-RAW"):
        offset, length = struct.unpack(">II", _read(file, 84, 8))
        yield RawPreview(offset, length)
    elif head[4:8] == b"ftyp":
        yield from _canon_boxes(file)
    elif head[:2] in (b"II", b"MM"):
        yield from _in_tiff(file, 0)


def _in_tiff(file: BinaryIO, base: int) -> Iterator[RawPreview]:
    """The JPEGs of all directories; the first directory speaks for the file's orientation."""
    tiff = _Tiff(file, base, "<" if _read(file, base, 2) == b"II" else ">")
    directories = list(_directories(tiff))
    orientation, sensor_size = _orientation_and_size(tiff, directories)
    for directory in directories:
        for offset, length in _jpegs(tiff, directory):
            yield RawPreview(offset, length, orientation, sensor_size)


def _orientation_and_size(tiff: _Tiff, directories: list[_Directory]) -> tuple[int | None, tuple[int, int] | None]:
    orientation = _integer(tiff, directories[0], ORIENTATION) if directories else None
    sizes = [
        (width, height)
        for directory in directories
        for width_tag, height_tag in ((IMAGE_WIDTH, IMAGE_LENGTH), (PIXEL_X, PIXEL_Y))
        if (width := _integer(tiff, directory, width_tag)) and (height := _integer(tiff, directory, height_tag))
    ]
    return orientation, max(sizes, key=lambda size: size[0] * size[1], default=None)


def _directories(tiff: _Tiff) -> Iterator[_Directory]:
    """The chain of directories with their sub-directories and the EXIF directory, first come first."""
    (first,) = struct.unpack(tiff.order + "I", _read(tiff.file, tiff.base + 4, 4))
    waiting, seen = [first], set[int]()
    while waiting and len(seen) < MAX_DIRECTORIES:
        offset = waiting.pop(0)
        if offset == 0 or offset in seen:
            continue
        seen.add(offset)
        directory, following = _directory(tiff, offset)
        yield directory
        waiting += [following, *_integers(tiff, directory, SUB_IFDS), *_integers(tiff, directory, EXIF_IFD)]


def _directory(tiff: _Tiff, offset: int) -> tuple[_Directory, int]:
    """The directory at ``offset`` as far as the file holds it, and the offset of the one that follows (0: none)."""
    start = tiff.base + offset
    head = _read_up_to(tiff.file, start, 2)
    if len(head) < 2:
        return {}, 0
    count = min(struct.unpack(tiff.order + "H", head)[0], MAX_ENTRIES)
    table = _read_up_to(tiff.file, start + 2, 12 * count + 4)
    directory: _Directory = {}
    for place in range(0, min(12 * count, len(table) - 11), 12):
        tag, kind, number, value = struct.unpack_from(tiff.order + "HHII", table, place)
        fits = number * TYPE_SIZES.get(kind, 1) <= 4
        directory[tag] = _Entry(kind, number, start + 2 + place + 8 if fits else tiff.base + value)
    following = struct.unpack_from(tiff.order + "I", table, 12 * count)[0] if len(table) == 12 * count + 4 else 0
    return directory, following


def _integers(tiff: _Tiff, directory: _Directory, tag: int) -> tuple[int, ...]:
    entry = directory.get(tag)
    if entry is None or entry.kind not in INTEGER_TYPES:
        return ()
    letter, count = INTEGER_TYPES[entry.kind], min(entry.count, MAX_VALUES)
    data = _read_up_to(tiff.file, entry.position, count * TYPE_SIZES[entry.kind])
    whole = len(data) // TYPE_SIZES[entry.kind]
    return struct.unpack(f"{tiff.order}{whole}{letter}", data[: whole * TYPE_SIZES[entry.kind]])


def _integer(tiff: _Tiff, directory: _Directory, tag: int) -> int | None:
    return next(iter(_integers(tiff, directory, tag)), None)


def _jpegs(tiff: _Tiff, directory: _Directory) -> Iterator[tuple[int, int]]:
    """File position and length of the JPEGs that one directory points to."""
    start, length = _integer(tiff, directory, JPEG_OFFSET), _integer(tiff, directory, JPEG_LENGTH)
    if start and length:
        yield tiff.base + start, length
    strips, lengths = _integers(tiff, directory, STRIP_OFFSETS), _integers(tiff, directory, STRIP_BYTE_COUNTS)
    is_jpeg = _integer(tiff, directory, COMPRESSION) in JPEG_COMPRESSIONS
    is_sensor = _integer(tiff, directory, PHOTOMETRIC) in SENSOR_PHOTOMETRICS
    if is_jpeg and not is_sensor and len(strips) == 1 and len(lengths) == 1:
        yield tiff.base + strips[0], lengths[0]
    if panasonic := directory.get(PANASONIC_JPEG):
        yield panasonic.position, panasonic.count
    if maker_note := directory.get(MAKER_NOTE):
        yield from _olympus_preview(tiff, maker_note.position)


def _olympus_preview(tiff: _Tiff, position: int) -> Iterator[tuple[int, int]]:
    """The preview of an ORF: in the camera settings of the maker note, whose offsets count from its own start."""
    head = _read_up_to(tiff.file, position, 16)
    place = next((place for start, place in OLYMPUS_HEADERS if head.startswith(start)), None)
    if place is None:
        return
    note = _Tiff(tiff.file, position, tiff.order)
    directory, _ = _directory(note, place)
    settings_entry = directory.get(OLYMPUS_CAMERA_SETTINGS)
    if settings_entry is None:
        return
    # The field is an IFD pointer (type 13), or, in older cameras, the directory itself (type 7).
    pointed = _integer(note, directory, OLYMPUS_CAMERA_SETTINGS)
    settings, _ = _directory(note, pointed if pointed is not None else settings_entry.position - position)
    start, length = _integer(note, settings, OLYMPUS_PREVIEW_START), _integer(note, settings, OLYMPUS_PREVIEW_LENGTH)
    if start and length:
        yield position + start, length


def _canon_boxes(file: BinaryIO) -> Iterator[RawPreview]:
    """The 1620-pixel preview of a CR3; orientation and dimensions are in a small TIFF of their own (box ``CMT1``)."""
    orientation, sensor_size = None, None
    for box in boxes(file, 0, file.seek(0, os.SEEK_END)):
        if box.kind == b"moov" and (tiff := _canon_metadata(file, box)):
            orientation, sensor_size = _orientation_and_size(tiff, list(_directories(tiff)))
        elif _is_uuid(file, box, CR3_PREVIEW):
            # 16 bytes of uuid, two 32-bit numbers, then the box PRVW: size, name, 12 bytes, the JPEG's length, the JPEG
            name, length = struct.unpack(">4s12xI", _read(file, box.start + 28, 20))
            if name == b"PRVW":
                yield RawPreview(box.start + 48, length, orientation, sensor_size)


def _canon_metadata(file: BinaryIO, movie: Box) -> _Tiff | None:
    for box in boxes(file, movie.start, movie.end):
        if _is_uuid(file, box, CR3_METADATA) and (first := find(file, box.start + 16, box.end, b"CMT1")):
            return _Tiff(file, first.start, "<" if _read(file, first.start, 2) == b"II" else ">")
    return None


def _is_uuid(file: BinaryIO, box: Box, uuid: bytes) -> bool:
    return box.kind == b"uuid" and payload(file, box, len(uuid)) == uuid


def _is_viewable_jpeg(file: BinaryIO, offset: int) -> bool:
    """Whether a JPEG with a baseline or progressive frame begins here (ITU-T T.81, annex B)."""
    if _read_up_to(file, offset, 2) != b"\xff\xd8":
        return False
    position = offset + 2
    for _ in range(MAX_MARKERS):
        head = _read_up_to(file, position, 4)
        if len(head) < 4 or head[0] != 0xFF:
            return False
        marker, length = head[1], int.from_bytes(head[2:], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker in VIEWABLE_FRAMES
        position += 2 + length
    return False


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    """Exactly ``length`` bytes; ``struct.error`` where the file ends before."""
    data = _read_up_to(file, position, length)
    if len(data) < length:
        raise struct.error(f"{length} bytes were expected at {position}")
    return data


def _read_up_to(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)
