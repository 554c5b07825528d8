"""How are tags written into a TIFF block without moving anything?

Every old byte stays at its offset: changed directories are written anew behind the end, and the header is pointed at
them last. Whatever refers to the old bytes, maker notes above all, stays right. A mark of 28 bytes at the end lets the
next write take ours away again, byte for byte, so that writing again does not let the file grow.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import msgspec

from core.library.embedding.maker_note import check_maker_note
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.tiff_directory import (
    EXIF_POINTER,
    GPS_POINTER,
    LONG,
    MAKER_NOTE,
    TYPE_SIZES,
    Directory,
    Order,
    Tree,
    areas,
    read_tree,
)

_MAGIC = b"PictGold"
_MARK = struct.Struct(">8sIIIII")
"""Magic, old length, old and new offset of IFD0, total length, CRC-32 of what stands before in the mark and of
everything that was appended."""


class Value(msgspec.Struct, frozen=True):
    """A tag's value: its TIFF type, how many units, and their bytes in the order of the block."""

    type: int
    count: int
    data: bytes


Values = Mapping[int, Value]


class Changes(msgspec.Struct, frozen=True):
    """The tags to write into each directory. GPS is only for blocks that have none.

    ``taken_main`` and ``taken_exif`` are tags whose old value is not to be found any more: nobody is led to it, and
    its bytes are blank.
    """

    main: Values = {}
    exif: Values = {}
    gps: Values = {}
    taken_main: frozenset[int] = frozenset()
    taken_exif: frozenset[int] = frozenset()


def restored(block: bytes) -> bytes:
    """The block as it was before we wrote into it; itself where we never did."""
    length = _MARK.size
    if len(block) < 8 + length or block[-length : -length + len(_MAGIC)] != _MAGIC:
        return block
    _, old_length, old_start, new_start, total, checksum = _MARK.unpack(block[-length:])
    order = "<" if block[:2] == b"II" else ">"
    if (
        total != len(block)
        or not 8 <= old_length < total - length
        or struct.unpack_from(order + "I", block, 4)[0] != new_start
        or zlib.crc32(block[old_length : total - 4]) != checksum
    ):
        return block
    return block[:4] + struct.pack(order + "I", old_start) + block[8:old_length]


def append_update(block: bytes, changes: Changes, limit: int) -> bytes:
    """The block with the tags of ``changes``, at most ``limit`` bytes long.

    Raises :class:`NotEmbeddable` where anything about the block is not as it should be; ``block`` is one that
    :func:`restored` has been through.
    """
    tree = read_tree(block)
    _refuse_what_is_unsafe(block, tree, changes)
    order = tree.order
    result = bytearray(block)
    for start, end in blanks(block, tree, changes):
        result[start:end] = bytes(end - start)
    result += b"\0" * (len(result) % 2)
    pointers = {}
    exif = tree.others.get("Exif")
    if changes.exif or changes.taken_exif:
        pointers[EXIF_POINTER] = _append_directory(result, exif, changes.exif, order, changes.taken_exif)
    if changes.gps:
        pointers[GPS_POINTER] = _append_directory(result, None, changes.gps, order)
    main = dict(changes.main) | {tag: Value(LONG, 1, struct.pack(order + "I", at)) for tag, at in pointers.items()}
    start = _append_directory(result, tree.main, main, order, changes.taken_main)
    total = len(result) + _MARK.size
    if total > limit:
        raise NotEmbeddable(f"its EXIF would have {total} bytes, and {limit} are the most that fit")
    result[4:8] = struct.pack(order + "I", start)
    result += _MARK.pack(_MAGIC, len(block), tree.main.offset, start, total, 0)[:-4]
    return bytes(result + struct.pack(">I", zlib.crc32(result[len(block) :])))


def new_block(changes: Changes) -> bytes:
    """An EXIF block of its own, little-endian; ``changes`` are all its tags and need at least one in IFD0."""
    result = bytearray(b"II*\0\0\0\0\0")
    main = dict(changes.main)
    for tag, values in ((EXIF_POINTER, changes.exif), (GPS_POINTER, changes.gps)):
        if values:
            main[tag] = Value(LONG, 1, struct.pack("<I", _append_directory(result, None, values, "<")))
    result[4:8] = struct.pack("<I", _append_directory(result, None, main, "<"))
    return bytes(result)


def blanks(block: bytes, tree: Tree, changes: Changes) -> list[tuple[int, int]]:
    """Start and end of the old values of the tags that are taken away, in their order and apart from each other.

    Where a value that stays lies as well, its bytes stay.
    """
    taken, kept = [], []
    for name, directory in tree.all.items():
        tags = {"IFD0": changes.taken_main, "Exif": changes.taken_exif}.get(name, frozenset())
        taken += [(each.at, each.at + (each.size or 0)) for each in directory.entries if each.tag in tags]
        left = tuple(each for each in directory.entries if each.tag not in tags)
        kept += list(areas(block, msgspec.structs.replace(directory, entries=left), tree.order))
    apart: list[tuple[int, int]] = []
    for start, end in sorted(taken):
        if any(start < other_end and other < end for other, other_end in kept):
            continue
        if apart and start < apart[-1][1]:
            start, end = apart[-1][0], max(end, apart.pop()[1])
        apart.append((start, end))
    return [(start, end) for start, end in apart if end > start]


def _append_directory(
    result: bytearray, old: Directory | None, values: Values, order: Order, taken: frozenset[int] = frozenset()
) -> int:
    """Writes a directory with the old entries and ``values`` in their place; returns where it stands."""
    gone = taken | values.keys()
    entries = [(entry.tag, entry.raw) for entry in (old.entries if old else ()) if entry.tag not in gone]
    # what says where no directory is says nothing; in what is appended, it might seem to say something
    following = old.next if old and old.next + 2 <= len(result) else 0
    start = len(result)
    count = len(entries) + len(values)
    free = start + 2 + 12 * count + 4
    tail = bytearray()
    for tag, value in values.items():
        if len(value.data) <= 4:
            field = value.data.ljust(4, b"\0")
        else:
            field = struct.pack(order + "I", free + len(tail))
            tail += value.data + b"\0" * (len(value.data) % 2)
        entries.append((tag, struct.pack(order + "HHI", tag, value.type, value.count) + field))
    entries.sort(key=lambda entry: entry[0])
    result += struct.pack(order + "H", count) + b"".join(raw for _, raw in entries)
    result += struct.pack(order + "I", following) + tail
    return start


def _refuse_what_is_unsafe(block: bytes, tree: Tree, changes: Changes) -> None:
    if not tree.main.entries:
        raise NotEmbeddable("the first directory of its EXIF is empty")
    directories = tree.all
    for name in ("IFD0", "Exif"):
        if name in directories and any(entry.type not in TYPE_SIZES for entry in directories[name].entries):
            raise NotEmbeddable("its EXIF has a value of an unknown type")
    starts = [directory.offset for directory in directories.values()]
    if len(set(starts)) < len(starts):
        raise NotEmbeddable("two pointers of its EXIF lead to the same directory")
    for directory in directories.values():
        if any(end > len(block) for _, end in areas(block, directory, tree.order)):
            raise NotEmbeddable("its EXIF points behind its own end")
    # a third directory has to lie in the block too, or it would lie in what is appended; nobody follows other pointers
    if "IFD1" in directories and directories["IFD1"].next + 2 > len(block):
        raise NotEmbeddable("its EXIF points behind its own end")
    exif = directories.get("Exif")
    for old, values in ((tree.main, changes.taken_main | changes.main.keys()), (exif, changes.exif)):
        tags = [entry.tag for entry in (old.entries if old else ())]
        if any(tags.count(tag) > 1 for tag in (*values, EXIF_POINTER, GPS_POINTER)):
            raise NotEmbeddable("its EXIF has a tag twice that is to be written")
    if changes.gps and "GPS" in directories:
        raise NotEmbeddable("its EXIF has a directory for GPS already")
    note = exif.get(MAKER_NOTE) if exif else None
    if note is not None and note.size:
        check_maker_note(block, note.at, note.size, tree.order)
