"""How does metadata get into a JPEG? Into its EXIF and XMP segments; nothing else changes but offsets that must."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from core.library.embedding.exif_values import changes_for, changes_for_new
from core.library.embedding.iptc_records import PHOTOSHOP_ID, section_without
from core.library.embedding.jpeg_growth import patches_for
from core.library.embedding.jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    EXIF_ID,
    ICC_ID,
    MAX_PAYLOAD,
    XMP_ID,
    Jpeg,
    Segment,
    extended_xmp,
    has_id,
    read_jpeg,
    segment_bytes,
    size_of_frame,
)
from core.library.embedding.part import Part
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import joined
from core.library.embedding.tiff_append import append_update, new_block, restored
from core.library.embedding.tiff_directory import read_tree
from core.library.embedding.wanted import PictureFacts, Wanted
from core.library.embedding.xmp_packet import merged_packet
from core.library.placing import Piece, Span

MAX_EXIF = MAX_PAYLOAD - len(EXIF_ID)
"""65,527 bytes of a TIFF block fit into a segment."""

_JFIF, _JFXX = b"JFIF\0", b"JFXX\0"


def embed_in_jpeg(data: bytes, wanted: Wanted, parts: frozenset[Part]) -> tuple[Piece, ...]:
    """The file with the ``parts`` that are asked for; raises :class:`NotEmbeddable`."""
    jpeg = read_jpeg(data)
    if any(segment.marker == APP11 and b"c2pa" in data[segment.payload : segment.end] for segment in jpeg.segments):
        raise NotEmbeddable("it carries content credentials, whose signature any change would break")
    new: dict[int, bytes] = {}
    replaced: dict[int, Segment] = {}
    if Part.EXIF in parts:
        at, old, segment = _exif_segment(data, jpeg, wanted)
        new[at] = segment
        if old is not None:
            replaced[at] = old
    if Part.XMP in parts:
        at, old, segment = _xmp_segment(data, jpeg, wanted)
        new[at] = new.get(at, b"") + segment
        if old is not None:
            replaced[at] = old
    if wanted.taken_back:
        for old, segment in _iptc_segments(data, jpeg, wanted):
            new[old.start] = new.get(old.start, b"") + segment
            replaced[old.start] = old
    edits = []
    for at, segment in sorted(new.items()):
        gone = replaced[at].end - replaced[at].start if at in replaced else 0
        edits.append((at, len(segment) - gone))
    patches = patches_for(data, jpeg, edits)
    return joined(_pieces(data, jpeg, new, replaced, patches))


def _iptc_segments(data: bytes, jpeg: Jpeg, wanted: Wanted) -> Iterator[tuple[Segment, bytes]]:
    """The segments with IPTC out of which something is taken, and what they are then."""
    for old in jpeg.segments:
        if has_id(data, old, APP13, PHOTOSHOP_ID):
            section = data[old.payload + len(PHOTOSHOP_ID) : old.end]
            changed = section_without(section, wanted)
            if changed != section:
                yield old, segment_bytes(APP13, PHOTOSHOP_ID + changed)


def _pieces(
    data: bytes,
    jpeg: Jpeg,
    new: dict[int, bytes],
    replaced: dict[int, Segment],
    patches: list[tuple[int, bytes]],
) -> list[Piece]:
    pieces: list[Piece] = []
    done = 0
    left = dict(patches)
    for at in sorted(new):
        pieces.append(_patched(data, done, at, left))
        old = replaced.get(at)
        segment = new[at]
        if old is not None:
            inside = {place: word for place, word in left.items() if old.start <= place < old.end}
            if inside and not has_id(data, old, APP1, EXIF_ID):
                raise NotEmbeddable("what leads to the picture behind its end lies in its XMP or IPTC")
            segment = _patched_segment(segment, old, inside)
            done = old.end
        else:
            done = at
        pieces.append(segment)
    pieces.append(_patched(data, done, jpeg.scan, left))
    pieces.append(Span(jpeg.scan, len(data)))
    return pieces


def _patched(data: bytes, start: int, end: int, patches: dict[int, bytes]) -> bytes:
    result = bytearray(data[start:end])
    for at, word in patches.items():
        if start <= at < end:
            result[at - start : at - start + 4] = word
    return bytes(result)


def _patched_segment(segment: bytes, old: Segment, patches: dict[int, bytes]) -> bytes:
    """Applies patches within the old bytes of an EXIF segment, which stand at the same offsets in the new one."""
    if not patches:
        return segment
    result = bytearray(segment)
    for at, word in patches.items():
        place = 4 + at - old.payload
        stale = bytes(result[place : place + 4])
        result[place : place + 4] = word
        if stale in result:
            raise NotEmbeddable("what leads to the picture behind its end is there twice")
    return bytes(result)


def _exif_segment(data: bytes, jpeg: Jpeg, wanted: Wanted) -> tuple[int, Segment | None, bytes]:
    """Where the EXIF segment goes, the one that it replaces, and its bytes."""
    found = [segment for segment in jpeg.segments if has_id(data, segment, APP1, EXIF_ID)]
    if len(found) > 1:
        raise NotEmbeddable("it has several EXIF segments")
    if not found:
        return _head_end(data, jpeg), None, segment_bytes(APP1, EXIF_ID + _new_block(data, jpeg, wanted))
    old = found[0]
    block = restored(data[old.payload + len(EXIF_ID) : old.end])
    changed = append_update(block, changes_for(wanted, block, read_tree(block), _picture(data, jpeg)), MAX_EXIF)
    return old.start, old, segment_bytes(APP1, EXIF_ID + changed)


def _new_block(data: bytes, jpeg: Jpeg, wanted: Wanted) -> bytes:
    block = new_block(changes_for_new(wanted, _picture(data, jpeg)))
    if len(block) > MAX_EXIF:
        raise NotEmbeddable(f"its EXIF would have {len(block)} bytes, and {MAX_EXIF} are the most that fit")
    return block


def _picture(data: bytes, jpeg: Jpeg) -> PictureFacts:
    width, height = size_of_frame(data, jpeg)
    dots = 72
    for segment in jpeg.segments:
        if has_id(data, segment, APP0, _JFIF) and segment.end - segment.payload >= 12:
            unit, across = struct.unpack_from(">BH", data, segment.payload + 7)
            if across and unit in (1, 2):
                dots = across if unit == 1 else round(across * 2.54)
    has_profile = any(has_id(data, segment, APP2, ICC_ID) for segment in jpeg.segments)
    return PictureFacts(width, height, dots, has_profile)


def _head_end(data: bytes, jpeg: Jpeg) -> int:
    """Behind JFIF and JFXX, where the first other segment begins."""
    end = 2
    for segment in jpeg.segments:
        if segment.marker != APP0:
            break
        end = segment.end
    for segment in jpeg.segments:
        if segment.marker == APP0 and not data.startswith((_JFIF, _JFXX), segment.payload):
            raise NotEmbeddable("it has an APP0 segment that is neither JFIF nor JFXX")
    return end


def _xmp_segment(data: bytes, jpeg: Jpeg, wanted: Wanted) -> tuple[int, Segment | None, bytes]:
    found = [segment for segment in jpeg.segments if has_id(data, segment, APP1, XMP_ID)]
    if len(found) > 1:
        raise NotEmbeddable("it has several XMP packets")
    if found:
        old = found[0]
        packet = data[old.payload + len(XMP_ID) : old.end]
        merged = merged_packet(packet, wanted, extended_xmp(data, jpeg))
        return old.start, old, _xmp_bytes(merged)
    exif = [segment for segment in jpeg.segments if has_id(data, segment, APP1, EXIF_ID)]
    if exif:
        # an EXIF segment that is replaced begins at another offset, so that both find their place
        return exif[-1].end, None, _xmp_bytes(wanted.xmp)
    return _head_end_for_xmp(data, jpeg), None, _xmp_bytes(wanted.xmp)


def _head_end_for_xmp(data: bytes, jpeg: Jpeg) -> int:
    end = 2
    for segment in jpeg.segments:
        if segment.marker != APP0:
            break
        end = segment.end
    return end


def _xmp_bytes(packet: bytes) -> bytes:
    if len(XMP_ID) + len(packet) > MAX_PAYLOAD:
        raise NotEmbeddable("its XMP packet would be larger than a segment")
    return segment_bytes(APP1, XMP_ID + packet)
