"""How is a JPEG laid out? Its segments up to the first scan, and where the picture ends (ISO/IEC 10918-1 annex B)."""

from __future__ import annotations

import re
import struct

import msgspec

from core.library.embedding.refusal import NotEmbeddable

APP0, APP1, APP2, APP11, APP13 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED
EXIF_ID = b"Exif\0\0"
XMP_ID = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_ID = b"http://ns.adobe.com/xmp/extension/\0"
MPF_ID = b"MPF\0"
ICC_ID = b"ICC_PROFILE\0"

MAX_PAYLOAD = 65_533

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MAX_SEGMENTS = 4096
_GUID_AND_SIZES = 40
"""Bytes of an extended XMP segment's header behind its id: GUID, full length, offset (XMP part 3, 1.1.3.1)."""


class Segment(msgspec.Struct, frozen=True):
    """A marker segment: from its first byte (a fill byte or FF) to its end; ``payload`` is where its content starts."""

    marker: int
    start: int
    payload: int
    end: int


class Jpeg(msgspec.Struct, frozen=True):
    """The segments before the first scan, which begins at ``scan``."""

    segments: tuple[Segment, ...]
    scan: int


def read_jpeg(data: bytes) -> Jpeg:
    """The layout of a JPEG; raises :class:`NotEmbeddable` where anything before the first scan is not as it should be.

    ``scan`` is the offset of the SOS marker's FF, or of fill bytes before it.
    """
    if data[:2] != b"\xff\xd8":
        raise NotEmbeddable("it does not begin as a JPEG does")
    segments: list[Segment] = []
    at = 2
    while len(segments) < _MAX_SEGMENTS:
        marker_at = at
        if data[at : at + 1] != b"\xff":
            raise NotEmbeddable("there are bytes between its segments")
        while data[marker_at + 1 : marker_at + 2] == b"\xff":
            marker_at += 1
        if marker_at + 4 > len(data):
            raise NotEmbeddable("it ends before its picture begins")
        marker = data[marker_at + 1]
        if marker == _SOS:
            return Jpeg(tuple(segments), at)
        if marker in (0, 1, _SOI, _EOI) or 0xD0 <= marker <= 0xD7:
            raise NotEmbeddable("it has a marker where none may be")
        (length,) = struct.unpack_from(">H", data, marker_at + 2)
        end = marker_at + 2 + length
        if length < 2 or end > len(data):
            raise NotEmbeddable("one of its segments is cut off")
        segments.append(Segment(marker, at, marker_at + 4, end))
        at = end
    raise NotEmbeddable("it has more segments than any camera writes")


def has_id(data: bytes, segment: Segment, marker: int, identifier: bytes) -> bool:
    """Whether a segment is of this kind."""
    return segment.marker == marker and data.startswith(identifier, segment.payload, segment.end)


def segment_bytes(marker: int, payload: bytes) -> bytes:
    """A whole segment."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def end_of_picture(data: bytes, scan: int) -> int:
    """The offset behind the EOI of the picture whose first scan begins at ``scan``; the end where it has none."""
    at = scan
    while (found := _MARKER.search(data, at)) is not None:
        marker = data[found.start() + 1]
        if marker == _EOI:
            return found.end()
        if marker == _SOI or found.end() + 2 > len(data):
            return len(data)
        at = found.end() + struct.unpack_from(">H", data, found.end())[0]
    return len(data)


def size_of_frame(data: bytes, jpeg: Jpeg) -> tuple[int, int]:
    """Width and height in pixels, before orientation."""
    for segment in jpeg.segments:
        if segment.marker in _FRAMES and segment.end - segment.payload >= 6:
            height, width = struct.unpack_from(">HH", data, segment.payload + 1)
            return width, height
    raise NotEmbeddable("it does not tell its size")


def extended_xmp(data: bytes, jpeg: Jpeg) -> bytes:
    """The content of the extended XMP segments, put together; empty where there are none."""
    parts = {}
    for segment in jpeg.segments:
        if has_id(data, segment, APP1, EXTENDED_ID):
            start = segment.payload + len(EXTENDED_ID)
            if segment.end - start < _GUID_AND_SIZES:
                raise NotEmbeddable("its extended XMP is cut off")
            guid = data[start : start + 32]
            (offset,) = struct.unpack_from(">I", data, start + 36)
            parts[guid, offset] = data[start + _GUID_AND_SIZES : segment.end]
    if len({guid for guid, _ in parts}) > 1:
        raise NotEmbeddable("it has several extended XMP packets")
    return b"".join(part for _, part in sorted(parts.items()))
