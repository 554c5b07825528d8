"""Which offsets in a JPEG have to follow when its head grows?

Further pictures behind the first one are addressed from an MPF directory (CIPA DC-007), or from a word in some header:
previews behind the end of the picture. What counts from the end of the file, as the video of a motion photo and
Samsung's trailer do, stays right by itself.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from core.library.embedding.jpeg_segments import (
    APP1,
    APP2,
    EXIF_ID,
    MPF_ID,
    Jpeg,
    Segment,
    end_of_picture,
    has_id,
)
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.tiff_directory import (
    EXIF_POINTER,
    MAKER_NOTE,
    Entry,
    byte_order,
    pointer_in,
    read_directory,
)

Patch = tuple[int, bytes]
"""Four bytes at an offset of the old file that change."""

_MP_ENTRIES = 0xB002
_MP_ENTRY_SIZE = 16
_JPEG_START = re.compile(rb"(?=.\xd8\xff[\xc0-\xcf\xdb\xe0-\xef\xfe])", re.DOTALL)
"""Minolta's previews begin with another byte than FF."""

_NOTE_BASES = (0, 8, 10, 12, 18)
_SMALLEST_OFFSET = 65_536
"""Behind a picture, nothing lies nearer; smaller words agree by chance."""

_AFCP = (b"AXS!", b"AXS*")
_AFCP_TRAILER = 12


def patches_for(data: bytes, jpeg: Jpeg, edits: list[tuple[int, int]]) -> list[Patch]:
    """The words to change when the head grows as ``edits`` say: pairs of old offset and bytes added from there on.

    Raises :class:`NotEmbeddable` where something behind the picture cannot be kept reachable.
    """
    growth = sum(added for _, added in edits)
    if not growth:
        return []
    end = end_of_picture(data, jpeg.scan)
    mpf = [segment for segment in jpeg.segments if has_id(data, segment, APP2, MPF_ID)]
    if len(mpf) > 1:
        raise NotEmbeddable("it has several MPF directories")
    patches: list[Patch] = []
    covered: set[int] = set()
    for segment in mpf:
        found, covered = _mpf_patches(data, segment, end, edits)
        patches += found
    return patches + list(_trailer_patches(data, jpeg, end, covered, growth))


def _mpf_patches(data: bytes, segment: Segment, end: int, edits: list[tuple[int, int]]) -> tuple[list[Patch], set[int]]:
    base = segment.payload + len(MPF_ID)
    block = data[base : segment.end]
    order, entry = byte_order(block), _mp_entries(block)
    before = sum(added for at, added in edits if at <= segment.start)
    growth = sum(added for _, added in edits)
    patches, covered = [], set()
    for at in range(base + entry.at, base + entry.at + (entry.size or 0) - _MP_ENTRY_SIZE + 1, _MP_ENTRY_SIZE):
        size, offset = struct.unpack_from(order + "II", data, at + 4)
        if offset == 0:
            if size == end:
                patches.append((at + 4, struct.pack(order + "I", size + growth)))
            continue
        start = base + offset
        if data[start : start + 2] == b"\xff\xd8" and start >= end:
            covered.add(start)
            if growth != before:
                patches.append((at + 8, struct.pack(order + "I", offset + growth - before)))
    return patches, covered


def _trailer_patches(data: bytes, jpeg: Jpeg, end: int, covered: set[int], growth: int) -> Iterator[Patch]:
    if data[-_AFCP_TRAILER:][:4] in _AFCP:
        raise NotEmbeddable("it has an AFCP trailer, which counts from the start of the file")
    for start in _pictures_behind(data, end, covered):
        hits = set(_words_leading_to(data, jpeg, start))
        if len(hits) != 1 or start < _SMALLEST_OFFSET:
            raise NotEmbeddable("a picture follows behind its end, and what leads there is not certain")
        at, order = hits.pop()
        (word,) = struct.unpack_from(order + "I", data, at)
        yield at, struct.pack(order + "I", word + growth)


def _pictures_behind(data: bytes, end: int, covered: set[int]) -> Iterator[int]:
    """Where pictures begin behind the first one, without those that an MPF directory leads to and what they contain."""
    at = end
    while at < len(data):
        film = _end_of_film(data, at)
        if film > at:
            at = film
            continue
        if at in covered:
            at = _end_of_jpeg(data, at)
            continue
        found = _JPEG_START.search(data, at)
        film_at = data.find(b"ftyp", at)
        if film_at >= 4 and (found is None or film_at - 4 < found.start()) and _end_of_film(data, film_at - 4) > at:
            at = film_at - 4
            continue
        if found is None:
            return
        if found.start() not in covered:
            yield found.start()
        at = max(_end_of_jpeg(data, found.start()), found.start() + 3)


def _end_of_jpeg(data: bytes, start: int) -> int:
    """Where a picture ends that begins at ``start``: thumbnails within its segments are passed over."""
    at = start + 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == 0xDA:
            return end_of_picture(data, at)
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return start + 2


def _end_of_film(data: bytes, start: int) -> int:
    """Where a chain of ISO base media boxes ends that begins at ``start``; ``start`` itself where there is none."""
    if data[start + 4 : start + 8] != b"ftyp":
        return start
    at = start
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if not kind.isalnum():
            break
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        elif size == 0:
            return len(data)
        if size < 8 or at + size > len(data):
            break
        at += size
    return at


def _words_leading_to(data: bytes, jpeg: Jpeg, target: int) -> Iterator[tuple[int, str]]:
    """Where a 32-bit word in the head addresses ``target``, and in which byte order."""
    bases = {0}
    for segment in jpeg.segments:
        if has_id(data, segment, APP1, EXIF_ID):
            tiff = segment.payload + len(EXIF_ID)
            bases.add(tiff)
            note = _maker_note_at(data[tiff : segment.end])
            if note is not None:
                bases.update(tiff + note + base for base in _NOTE_BASES)
    for base in bases:
        if not 0 < target - base < 1 << 32:
            continue
        for order in ("<", ">"):
            word = struct.pack(order + "I", target - base)
            at = data.find(word, 0, jpeg.scan)
            while at >= 0:
                yield at, order
                at = data.find(word, at + 1, jpeg.scan)


def _maker_note_at(block: bytes) -> int | None:
    try:
        order = byte_order(block)
        main = read_directory(block, struct.unpack_from(order + "I", block, 4)[0], order)
        pointer = pointer_in(main, EXIF_POINTER, order)
        note = read_directory(block, pointer, order).get(MAKER_NOTE) if pointer is not None else None
    except NotEmbeddable:
        return None
    return note.at if note else None


def pictures_led_to(data: bytes, jpeg: Jpeg) -> set[int]:
    """The pictures behind the first one that something in the head leads to, as distances from the end of the file."""
    end = end_of_picture(data, jpeg.scan)
    led: set[int] = set()
    for segment in jpeg.segments:
        if has_id(data, segment, APP2, MPF_ID):
            led |= _mpf_patches(data, segment, end, [])[1]
    behind = list(_pictures_behind(data, end, led))
    led |= {start for start in behind if any(_words_leading_to(data, jpeg, start))}
    return {len(data) - start for start in led}


def without_offsets(data: bytes, segment: Segment) -> bytes:
    """An MPF segment with zeros for the lengths and offsets of the pictures; as it is where it cannot be read."""
    base = segment.payload + len(MPF_ID)
    block = bytearray(data[base : segment.end])
    try:
        entry = _mp_entries(bytes(block))
    except NotEmbeddable:
        return data[segment.start : segment.end]
    for at in range(entry.at, entry.at + (entry.size or 0) - _MP_ENTRY_SIZE + 1, _MP_ENTRY_SIZE):
        block[at + 4 : at + 12] = bytes(8)
    return data[segment.start : base] + bytes(block)


def _mp_entries(block: bytes) -> Entry:
    order = byte_order(block)
    directory = read_directory(block, struct.unpack_from(order + "I", block, 4)[0], order)
    entry = directory.get(_MP_ENTRIES)
    if entry is None or entry.at + (entry.size or 0) > len(block):
        raise NotEmbeddable("its MPF directory cannot be read")
    return entry
