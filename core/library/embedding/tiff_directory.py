"""How is a TIFF directory read? The grammar of EXIF blocks and TIFF files (TIFF 6.0, section 2).

Reading is strict: what a lenient reader would guess at, a writer must not touch.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

import msgspec

from core.library.embedding.refusal import NotEmbeddable

Order = Literal["<", ">"]

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD = 1, 2, 3, 4, 5, 7, 13
UTF8 = 129
"""EXIF 3.0."""

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, UTF8: 1}

EXIF_POINTER, GPS_POINTER, INTEROP_POINTER, SUB_IFDS = 0x8769, 0x8825, 0xA005, 0x014A
MAKER_NOTE = 0x927C
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 0x0201, 0x0202
STRIPS, STRIP_LENGTHS, TILES, TILE_LENGTHS = 0x0111, 0x0117, 0x0144, 0x0145

MAX_ENTRIES = 512
"""Far more than any camera writes; a larger number is that of bytes which are no directory."""

_HEADER = 8


class Entry(msgspec.Struct, frozen=True):
    """One of a directory's 12-byte entries. ``at`` is where its value lies in the block."""

    tag: int
    type: int
    count: int
    raw: bytes
    at: int

    @property
    def size(self) -> int | None:
        """Bytes of the value; ``None`` for a type that nobody knows."""
        unit = TYPE_SIZES.get(self.type)
        return None if unit is None else unit * self.count


class Directory(msgspec.Struct, frozen=True):
    """A directory at ``offset`` whose next one is at ``next`` (0: none)."""

    offset: int
    entries: tuple[Entry, ...]
    next: int

    def get(self, tag: int) -> Entry | None:
        """The first entry of a tag."""
        return next((entry for entry in self.entries if entry.tag == tag), None)


class Tree(msgspec.Struct, frozen=True):
    """The directories of an EXIF block, or of the first page of a TIFF file, by name; absent ones are left out."""

    order: Order
    main: Directory
    others: dict[str, Directory]

    @property
    def all(self) -> dict[str, Directory]:
        """Every directory by its name, the main one as ``IFD0``."""
        return {"IFD0": self.main} | self.others


def byte_order(block: bytes) -> Order:
    """The order of a block with a correct header, whose first directory lies inside it."""
    order: Order
    if block[:4] == b"II*\0":
        order = "<"
    elif block[:4] == b"MM\0*":
        order = ">"
    else:
        raise NotEmbeddable("its EXIF does not begin as TIFF does")
    if len(block) < _HEADER:
        raise NotEmbeddable("its EXIF is cut off")
    return order


def read_directory(block: bytes, offset: int, order: Order) -> Directory:
    """The directory at ``offset``; raises :class:`NotEmbeddable` where it does not lie in the block as a whole."""
    if not _HEADER <= offset <= len(block) - 2:
        raise NotEmbeddable("a directory of its EXIF lies outside the EXIF block")
    (count,) = struct.unpack_from(order + "H", block, offset)
    end = offset + 2 + 12 * count
    if count > MAX_ENTRIES or end > len(block):
        raise NotEmbeddable("a directory of its EXIF claims more entries than there are")
    entries = []
    for at in range(offset + 2, end, 12):
        tag, kind, number, value = struct.unpack_from(order + "HHII", block, at)
        is_inline = TYPE_SIZES.get(kind, 4) * number <= 4
        entries.append(Entry(tag, kind, number, bytes(block[at : at + 12]), at + 8 if is_inline else value))
    # some writers leave out the last four bytes where nothing follows
    following = struct.unpack_from(order + "I", block, end)[0] if end + 4 <= len(block) else 0
    return Directory(offset, tuple(entries), following)


def value_of(block: bytes, entry: Entry) -> bytes:
    """The bytes of a value, as many as there are."""
    return bytes(block[entry.at : entry.at + (entry.size or 0)])


def pointer_in(directory: Directory, tag: int, order: Order) -> int | None:
    """Where a pointer tag points; ``None`` where there is none. It has to be one LONG."""
    entry = directory.get(tag)
    if entry is None:
        return None
    if entry.type not in (LONG, IFD) or entry.count != 1:
        raise NotEmbeddable("a pointer in its EXIF is of a wrong type")
    return int(struct.unpack_from(order + "I", entry.raw, 8)[0])


def read_tree(block: bytes) -> Tree:
    """IFD0, IFD1, Exif, GPS and Interop of a block; raises :class:`NotEmbeddable` where one cannot be read whole."""
    order = byte_order(block)
    (start,) = struct.unpack_from(order + "I", block, 4)
    main = read_directory(block, start, order)
    others = {}
    if main.next:
        others["IFD1"] = read_directory(block, main.next, order)
    exif = pointer_in(main, EXIF_POINTER, order)
    if exif is not None:
        others["Exif"] = read_directory(block, exif, order)
        interop = pointer_in(others["Exif"], INTEROP_POINTER, order)
        if interop is not None:
            others["Interop"] = read_directory(block, interop, order)
    gps = pointer_in(main, GPS_POINTER, order)
    if gps is not None:
        others["GPS"] = read_directory(block, gps, order)
    return Tree(order, main, others)


def integers(block: bytes, entry: Entry | None, order: Order) -> list[int]:
    """The values of a SHORT or LONG tag; none for an absent one or one of another type."""
    if entry is None or entry.type not in (SHORT, LONG):
        return []
    letter = "H" if entry.type == SHORT else "I"
    data = value_of(block, entry)
    return list(struct.unpack(f"{order}{len(data) // TYPE_SIZES[entry.type]}{letter}", data[: entry.size]))


def areas(block: bytes, directory: Directory, order: Order) -> Iterator[tuple[int, int]]:
    """Start and end of everything that a directory's entries lead to: values, thumbnail, strips, tiles."""
    for entry in directory.entries:
        if entry.size is not None:
            yield entry.at, entry.at + entry.size
    for offsets, lengths in ((THUMBNAIL_OFFSET, THUMBNAIL_LENGTH), (STRIPS, STRIP_LENGTHS), (TILES, TILE_LENGTHS)):
        starts = integers(block, directory.get(offsets), order)
        sizes = integers(block, directory.get(lengths), order)
        for start, size in zip(starts, sizes, strict=False):
            yield start, start + size
