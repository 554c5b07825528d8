"""Where does a file of each format keep its EXIF?

EXIF is a small TIFF file inside the picture file. Finding it is ours, because a reader that is handed nothing but
the block cannot wander through gigabytes of pixels or film.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from core.media import formats, isobmff, riff
from core.media.facts import Format
from core.media.heif_items import exif_item

_MAX_BLOCK = 4 << 20
"""Bytes read of one block. JPEG allows 64 KiB; the other formats allow what no camera has been seen to use."""
_MAX_SEGMENTS = 4096
_MAX_PNG_CHUNKS = 100_000

_EXIF_PREFIX = b"Exif\0"
_TIFF_STARTS = (b"II*\0", b"MM\0*")

_RAF_PREVIEW_OFFSET = 84  # big-endian; the header is described at libopenraw.freedesktop.org/formats/raf
# The box of a CR3 file that holds its EXIF in several blocks (github.com/lclevy/canon_cr3).
_CR3_METADATA = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def find_exif(stream: BinaryIO, size: int, known: Format) -> list[BinaryIO]:
    """Each EXIF block of the file as a TIFF stream of its own: none, one, or with CR3 one per directory.

    TIFF and the RAW formats made of it are EXIF as a whole: for them it is ``stream`` itself.
    """
    if known in (formats.TIFF, formats.NEF, formats.CR2, formats.ARW, formats.DNG, formats.PEF, formats.SRW):
        return [stream]
    if known in (formats.RW2, formats.ORF):
        return [stream]
    if known == formats.CR3:
        return _in_cr3(stream, size)
    block = None
    if known == formats.JPEG:
        block = _in_jpeg(stream, 0)
    elif known == formats.PNG:
        block = _in_png(stream)
    elif known == formats.WEBP:
        block = _in_webp(stream, size)
    elif known in (formats.HEIC, formats.HEIF, formats.AVIF):
        block = _from_item(exif_item(stream, size) or b"")
    elif known == formats.RAF:
        stream.seek(_RAF_PREVIEW_OFFSET)
        block = _in_jpeg(stream, int.from_bytes(stream.read(4), "big"))
    return [io.BytesIO(block)] if block else []


def _in_jpeg(stream: BinaryIO, start: int) -> bytes | None:
    """APP1 of a JPEG that begins at ``start`` (ISO/IEC 10918-1 annex B; EXIF 2.32, 4.7.2)."""
    stream.seek(start)
    if stream.read(2) != b"\xff\xd8":
        return None
    for _ in range(_MAX_SEGMENTS):
        marker = stream.read(2)
        while marker == b"\xff\xff":  # fill bytes may stand before a marker
            marker = b"\xff" + stream.read(1)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xD9, 0xDA):
            return None
        length = int.from_bytes(stream.read(2), "big") - 2
        if length < 0:
            return None
        if marker[1] == 0xE1 and length > 6:
            head = stream.read(6)
            if head.startswith(_EXIF_PREFIX):
                return stream.read(length - 6)
            length -= 6
        stream.seek(length, io.SEEK_CUR)
    return None


def _in_png(stream: BinaryIO) -> bytes | None:
    """The ``eXIf`` chunk (PNG third edition, 11.3.4.5), which may stand behind the pixels."""
    stream.seek(8)
    for _ in range(_MAX_PNG_CHUNKS):
        header = stream.read(8)
        if len(header) < 8 or header[4:] == b"IEND":
            return None
        length = int.from_bytes(header[:4], "big")
        if header[4:] == b"eXIf":
            return _without_prefix(stream.read(min(length, _MAX_BLOCK)))
        stream.seek(length + 4, io.SEEK_CUR)
    return None


def _in_webp(stream: BinaryIO, size: int) -> bytes | None:
    """The ``EXIF`` chunk (RFC 9649, 2.7.1.5)."""
    for chunk in riff.chunks(stream, riff.RIFF_HEADER_SIZE, size):
        if chunk.kind == b"EXIF":
            return _without_prefix(riff.payload(stream, chunk, _MAX_BLOCK))
    return None


def _in_cr3(stream: BinaryIO, size: int) -> list[BinaryIO]:
    """CMT1 (main), CMT2 (EXIF) and CMT4 (GPS): each directory is a TIFF of its own."""
    movie = isobmff.find(stream, 0, size, b"moov")
    if movie is None:
        return []
    for box in isobmff.boxes(stream, movie.start, movie.end):
        if box.kind == b"uuid" and isobmff.payload(stream, box, 16) == _CR3_METADATA:
            return [
                io.BytesIO(isobmff.payload(stream, part, _MAX_BLOCK))
                for part in isobmff.boxes(stream, box.start + 16, box.end)
                if part.kind in (b"CMT1", b"CMT2", b"CMT4")
            ]
    return []


def _without_prefix(block: bytes) -> bytes:
    """Some writers repeat JPEG's ``Exif\\0\\0`` where the format has a place of its own for EXIF."""
    return block[6:] if block.startswith(_EXIF_PREFIX) else block


def _from_item(item: bytes) -> bytes:
    """The TIFF in an Exif item. Its first four bytes count what stands before that; some writers count wrongly."""
    start = 4 + int.from_bytes(item[:4], "big")
    if item[start : start + 4] in _TIFF_STARTS:
        return item[start:]
    found = [at for at in (item.find(mark, 0, 64) for mark in _TIFF_STARTS) if at >= 0]
    return item[min(found) :] if found else b""
