"""Where does a HEIC or AVIF file keep its EXIF?

ISO/IEC 14496-12, 8.11: the ``meta`` box names its items in ``iinf`` and places them through ``iloc``; EXIF is an item
of type ``Exif`` (ISO/IEC 23008-12, annex A).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from core.media.isobmff import Box, boxes, find, inside_meta, payload

_MAX_DIRECTORY = 1 << 20
"""Bytes read of ``iloc``; an entry has about 16, so this is more items than a grid of tiles ever has."""
_MAX_ITEM = 4 << 20
"""Bytes read of an Exif item. The largest maker notes seen have under 1 MiB."""


def exif_item(stream: BinaryIO, size: int) -> bytes | None:
    """The payload of the first Exif item, still with its 4-byte header offset; ``None`` if there is none."""
    meta = find(stream, 0, size, b"meta")
    if meta is None:
        return None
    start = inside_meta(stream, meta)
    names = find(stream, start, meta.end, b"iinf")
    places = find(stream, start, meta.end, b"iloc")
    if names is None or places is None:
        return None
    item = _exif_item_id(stream, names)
    if item is None:
        return None
    data_box = find(stream, start, meta.end, b"idat")
    parts = []
    room = _MAX_ITEM
    for in_data_box, offset, length in _extents(payload(stream, places, _MAX_DIRECTORY), item):
        if in_data_box:
            offset += data_box.start if data_box else size
        if offset >= size:
            return None
        stream.seek(offset)
        parts.append(stream.read(min(length, room)))
        room -= len(parts[-1])
    return b"".join(parts)


def _exif_item_id(stream: BinaryIO, names: Box) -> int | None:
    version = payload(stream, names, 1)
    entries = names.start + (6 if version == b"\0" else 8)
    for box in boxes(stream, entries, names.end):
        entry = payload(stream, box, 14)
        if box.kind != b"infe" or len(entry) < 12:
            continue
        wide = entry[0] >= 3
        if entry[10:14] == b"Exif" if wide else entry[8:12] == b"Exif":
            return int.from_bytes(entry[4 : 8 if wide else 6], "big")
    return None


def _extents(directory: bytes, wanted: int) -> list[tuple[bool, int, int]]:
    """(inside ``idat``?, offset, length) of each piece of one item. Raises ``struct.error`` if ``iloc`` is cut off."""
    version, sizes = struct.unpack_from(">B3xH", directory)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    at = 6

    def number(width: int) -> int:
        nonlocal at
        if at + width > len(directory):
            raise struct.error("the item directory (iloc) is cut off")
        at += width
        return int.from_bytes(directory[at - width : at], "big")

    id_size = 2 if version < 2 else 4
    for _ in range(number(id_size)):
        item = number(id_size)
        in_data_box = bool(version and number(2) & 15 == 1)
        number(2)  # data reference: files that keep their items elsewhere are not photos
        base = number(base_size)
        extents = []
        for _ in range(number(2)):
            number(index_size)
            offset = base + number(offset_size)
            extents.append((in_data_box, offset, number(length_size)))
        if item == wanted:
            return extents
    return []
