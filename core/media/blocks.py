"""Where does a file of each format keep what it says of itself?

Finding the blocks is ours, because a reader that is handed nothing but the block cannot wander through gigabytes of
pixels or film. What stands in them is read elsewhere: :mod:`core.media.exif`, :mod:`core.media.xmp_metadata`,
:mod:`core.media.iptc`, :mod:`core.media.png_texts`.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from core.media import formats, gif_blocks, isobmff, jpeg_segments, png_chunks, riff, tiff
from core.media.block import Blocks, DirectoryName, ExifBlock
from core.media.facts import Format
from core.media.heif_items import metadata_items
from core.media.photoshop import iptc_of

MAX_BLOCK = 4 << 20
"""Bytes read of one block. JPEG allows 64 KiB; the other formats allow what no camera has been seen to use."""

_EXIF_PREFIX = b"Exif\0"

_RAF_PREVIEW_OFFSET = 84  # big-endian; the header is described at libopenraw.freedesktop.org/formats/raf
# The box of a CR3 file that holds its EXIF in several blocks (github.com/lclevy/canon_cr3), and XMP's own (XMP part 3).
_CR3_METADATA = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CR3_DIRECTORIES: dict[bytes, DirectoryName] = {b"CMT1": "image", b"CMT2": "exif", b"CMT4": "gps"}

_TAG_XMP, _TAG_IPTC, _TAG_PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_TAG_RW2_PREVIEW = 0x002E


def find_blocks(stream: BinaryIO, size: int, known: Format) -> Blocks:
    """Each block of a picture file of ``size`` bytes; none where the format or the file has none.

    Raises ``struct.error`` where a HEIF file's directory of items is cut off.
    """
    if known == formats.JPEG:
        return jpeg_segments.find_blocks(stream, 0)
    if known == formats.RAF:
        stream.seek(_RAF_PREVIEW_OFFSET)
        return jpeg_segments.find_blocks(stream, int.from_bytes(stream.read(4), "big"))
    if known == formats.PNG:
        return png_chunks.find_blocks(stream)
    if known == formats.WEBP:
        return _in_webp(stream, size)
    if known == formats.GIF:
        return Blocks(xmp=gif_blocks.xmp_packets(stream))
    if known in (formats.HEIC, formats.HEIF, formats.AVIF):
        exif, xmp = metadata_items(stream, size)
        return Blocks(exif=_exif(_from_item(exif)), xmp=tuple(filter(None, (xmp,))))
    if known == formats.CR3:
        return _in_cr3(stream, size)
    return _in_tiff(stream)


def _exif(block: bytes) -> tuple[ExifBlock, ...]:
    return (ExifBlock(io.BytesIO(block)),) if block else ()


def _in_webp(stream: BinaryIO, size: int) -> Blocks:
    """The ``EXIF`` and the ``XMP`` chunk (RFC 9649, 2.7.1.5)."""
    found: dict[bytes, bytes] = {}
    for chunk in riff.chunks(stream, riff.RIFF_HEADER_SIZE, size):
        if chunk.kind in (b"EXIF", b"XMP "):
            found.setdefault(chunk.kind, riff.payload(stream, chunk, MAX_BLOCK))
    xmp = found.get(b"XMP ")
    return Blocks(exif=_exif(without_prefix(found.get(b"EXIF", b""))), xmp=(xmp,) if xmp else ())


def _in_tiff(stream: BinaryIO) -> Blocks:
    """TIFF, and the RAW formats made of it, are EXIF as a whole; XMP and IPTC are tags of the first directory."""
    blocks = Blocks(exif=(ExifBlock(stream),))
    try:
        first = tiff.read_tiff(stream)
    except ValueError:
        return blocks  # whoever reads the EXIF says so
    xmp, iptc = first.raw(_TAG_XMP, MAX_BLOCK), first.raw(_TAG_IPTC, MAX_BLOCK)
    preview = first.entries.get(_TAG_RW2_PREVIEW)
    inner = jpeg_segments.find_blocks(stream, preview.position) if preview is not None else Blocks()
    return Blocks(
        exif=(*blocks.exif, *inner.exif),
        xmp=(xmp,) if xmp else inner.xmp,
        iptc=iptc or iptc_of(first.raw(_TAG_PHOTOSHOP, MAX_BLOCK)),
    )


def _in_cr3(stream: BinaryIO, size: int) -> Blocks:
    """CMT1 (main), CMT2 (EXIF) and CMT4 (GPS): each directory is a TIFF of its own."""
    exif: list[ExifBlock] = []
    movie = isobmff.find(stream, 0, size, b"moov")
    for box in isobmff.boxes(stream, movie.start, movie.end) if movie else ():
        if box.kind == b"uuid" and isobmff.payload(stream, box, 16) == _CR3_METADATA:
            for part in isobmff.boxes(stream, box.start + 16, box.end):
                directory = _CR3_DIRECTORIES.get(part.kind)
                if directory is not None:
                    exif.append(ExifBlock(io.BytesIO(isobmff.payload(stream, part, MAX_BLOCK)), directory))
            break
    xmp = xmp_box(stream, 0, size)
    return Blocks(exif=tuple(exif), xmp=(xmp,) if xmp else ())


def xmp_box(stream: BinaryIO, start: int, end: int) -> bytes:
    """The packet in the ``uuid`` box that XMP has in ISO base media files; empty without one."""
    for box in isobmff.boxes(stream, start, end):
        if box.kind == b"uuid" and isobmff.payload(stream, box, 16) == _XMP_BOX:
            return isobmff.payload(stream, box, MAX_BLOCK + 16)[16:]
    return b""


def without_prefix(block: bytes) -> bytes:
    """Some writers repeat JPEG's ``Exif\\0\\0`` where the format has a place of its own for EXIF."""
    return block[6:] if block.startswith(_EXIF_PREFIX) else block


def _from_item(item: bytes) -> bytes:
    """The TIFF in an Exif item. Its first four bytes count what stands before that; some writers count wrongly."""
    start = 4 + int.from_bytes(item[:4], "big")
    if item[start : start + 4] in tiff.STARTS[:2]:
        return item[start:]
    found = [at for at in (item.find(mark, 0, 64) for mark in tiff.STARTS[:2]) if at >= 0]
    return item[min(found) :] if found else b""
