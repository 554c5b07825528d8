"""Where does a HEIC or AVIF file keep its EXIF and its XMP?

ISO/IEC 14496-12, 8.11: the ``meta`` box names its items in ``iinf`` and places them through ``iloc``; EXIF is an item
of type ``Exif``, XMP one of type ``mime`` (ISO/IEC 23008-12, annexes A and C).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from core.media.isobmff import Box, boxes, find, inside_meta, payload

_MAX_DIRECTORY = 1 << 20
"""Bytes read of ``iloc``; an entry has about 16, so this is more items than a grid of tiles ever has."""
_MAX_ITEM = 4 << 20
"""Bytes read of an item. The largest maker notes seen have under 1 MiB."""
_MAX_NAME = 256
_XMP_TYPE = b"application/rdf+xml"


def metadata_items(stream: BinaryIO, size: int) -> tuple[bytes, bytes]:
    """The first Exif item, still with its 4-byte header offset, and the first XMP packet; empty where there is none."""
    meta = find(stream, 0, size, b"meta")
    if meta is None:
        return b"", b""
    start = inside_meta(stream, meta)
    names = find(stream, start, meta.end, b"iinf")
    places = find(stream, start, meta.end, b"iloc")
    if names is None or places is None:
        return b"", b""
    exif, xmp = _item_ids(stream, names)
    if exif is None and xmp is None:
        return b"", b""
    data_box = find(stream, start, meta.end, b"idat")
    directory = payload(stream, places, _MAX_DIRECTORY)
    return (
        _content(stream, size, data_box, directory, exif) if exif is not None else b"",
        _content(stream, size, data_box, directory, xmp) if xmp is not None else b"",
    )


def _content(stream: BinaryIO, size: int, data_box: Box | None, directory: bytes, item: int) -> bytes:
    parts = []
    room = _MAX_ITEM
    for in_data_box, offset, length in _extents(directory, item):
        if in_data_box:
            offset += data_box.start if data_box else size
        if offset >= size:
            return b""
        stream.seek(offset)
        parts.append(stream.read(min(length, room)))
        room -= len(parts[-1])
    return b"".join(parts)


def _item_ids(stream: BinaryIO, names: Box) -> tuple[int | None, int | None]:
    """The numbers of the Exif and of the XMP item: type ``Exif``, and type ``mime`` with XMP's content type."""
    version = payload(stream, names, 1)
    entries = names.start + (6 if version == b"\0" else 8)
    exif, xmp = None, None
    for box in boxes(stream, entries, names.end):
        entry = payload(stream, box, _MAX_NAME)
        if box.kind != b"infe" or len(entry) < 12:
            continue
        wide = entry[0] >= 3
        at = 10 if wide else 8
        number = int.from_bytes(entry[4 : 8 if wide else 6], "big")
        if entry[at : at + 4] == b"Exif" and exif is None:
            exif = number
        elif entry[at : at + 4] == b"mime" and xmp is None and _XMP_TYPE in entry[at + 4 :].split(b"\0"):
            xmp = number
    return exif, xmp


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
