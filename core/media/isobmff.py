"""Where do the boxes of an ISO base media file lie (MP4, MOV, 3GP, HEIC, AVIF, CR3)?

ISO/IEC 14496-12, 4.2: a box is a 32-bit big-endian size that counts itself, four letters, and a payload; size 1 puts
a 64-bit size behind the letters, size 0 reaches to the end. Nothing here believes a size: boxes are clamped to what
holds them, payloads are read up to a limit, and every walk ends after a fixed number of boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MAX_BOXES = 10_000
"""Boxes looked at in one container. The largest seen are fragmented films: one pair for every few seconds."""


@dataclass(frozen=True, slots=True)
class Box:
    """``kind`` four letters; the payload lies at ``start`` ≤ offset < ``end``, in bytes from the start of the file."""

    kind: bytes
    start: int
    end: int


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets, in order. Stops quietly where no further box can be."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:  # before seeking: the system refuses offsets of 64 bits
            return
        stream.seek(start)
        header = stream.read(min(16, end - start))
        if len(header) < 8:
            return
        size, header_size = int.from_bytes(header[:4], "big"), 8
        if size == 1:
            size, header_size = int.from_bytes(header[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header_size or len(header) < header_size:
            return
        yield Box(header[4:8], start + header_size, min(start + size, end))
        start += size


def find(stream: BinaryIO, start: int, end: int, *kinds: bytes) -> Box | None:
    """The first box reached by the path ``kinds`` (``b"moov", b"udta"``), or ``None``."""
    box = None
    for kind in kinds:
        box = next((child for child in boxes(stream, start, end) if child.kind == kind), None)
        if box is None:
            return None
        start, end = box.start, box.end
    return box


def payload(stream: BinaryIO, box: Box, limit: int) -> bytes:
    """The payload of a box, at most ``limit`` bytes of it."""
    stream.seek(box.start)
    return stream.read(max(min(box.end - box.start, limit), 0))


def inside_meta(stream: BinaryIO, meta: Box) -> int:
    """Where the boxes inside a ``meta`` box begin: QuickTime leaves out the 4 bytes of version and flags."""
    return meta.start if payload(stream, meta, 8)[4:8] == b"hdlr" else meta.start + 4
