"""How does metadata get into a PNG? As an ``eXIf`` and an ``iTXt`` chunk (PNG third edition, 11.3.4.5 and 11.3.3.4)."""

from __future__ import annotations

import struct
import zlib

import msgspec

from core.library.embedding.exif_values import changes_for, changes_for_new
from core.library.embedding.part import Part
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import joined
from core.library.embedding.tiff_append import append_update, new_block, restored
from core.library.embedding.tiff_directory import read_tree
from core.library.embedding.wanted import PictureFacts, Wanted
from core.library.embedding.xmp_packet import merged_packet
from core.library.placing import Piece, Span

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"

MAX_BLOCK = 4 << 20
"""Bytes of EXIF or XMP in formats that allow more than any camera writes."""

_MAX_CHUNKS = 100_000
_RAW_PROFILES = (b"Raw profile type exif\0", b"Raw profile type APP1\0", b"Raw profile type xmp\0")
"""ImageMagick's older way: EXIF in hexadecimal letters, beside which a second one would contradict."""


class Chunk(msgspec.Struct, frozen=True):
    """A chunk from its length field to the end of its CRC; ``data`` is where its content starts."""

    kind: bytes
    start: int
    data: int
    end: int


def read_png(data: bytes) -> tuple[Chunk, ...]:
    """The chunks up to IEND; raises :class:`NotEmbeddable` where their lengths or the CRC of a metadata chunk are
    wrong."""
    if not data.startswith(SIGNATURE):
        raise NotEmbeddable("it does not begin as a PNG does")
    chunks: list[Chunk] = []
    at = len(SIGNATURE)
    while len(chunks) < _MAX_CHUNKS:
        if at + 12 > len(data):
            raise NotEmbeddable("it ends before its last chunk")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or not kind.isalpha():
            raise NotEmbeddable("one of its chunks is cut off")
        chunks.append(Chunk(kind, at, at + 8, end))
        at = end
        if kind == b"IEND":
            return tuple(chunks)
    raise NotEmbeddable("it has more chunks than any program writes")


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    """A whole chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def is_xmp(data: bytes, chunk: Chunk) -> bool:
    """Whether a chunk holds an XMP packet."""
    return chunk.kind == b"iTXt" and data.startswith(XMP_KEYWORD, chunk.data, chunk.end)


def packet_of(data: bytes, chunk: Chunk) -> bytes:
    """The XMP packet of an ``iTXt`` chunk that is not compressed."""
    content = data[chunk.data + len(XMP_KEYWORD) : chunk.end - 4]
    if content[:2] != b"\0\0":
        raise NotEmbeddable("its XMP packet is compressed")
    _, found, rest = content[2:].partition(b"\0")
    _, also, packet = rest.partition(b"\0")
    if not (found and also):
        raise NotEmbeddable("its XMP chunk is cut off")
    return packet


def embed_in_png(data: bytes, wanted: Wanted, parts: frozenset[Part]) -> tuple[Piece, ...]:
    """The file with the ``parts`` that are asked for; raises :class:`NotEmbeddable`."""
    chunks = read_png(data)
    pixels = next((chunk for chunk in chunks if chunk.kind == b"IDAT"), None)
    if pixels is None or chunks[0].kind != b"IHDR":
        raise NotEmbeddable("it has no pixels")
    if any(chunk.kind == b"caBX" for chunk in chunks):
        raise NotEmbeddable("it carries content credentials, whose signature any change would break")
    if any(
        chunk.kind in (b"tEXt", b"zTXt", b"iTXt") and data.startswith(_RAW_PROFILES, chunk.data) for chunk in chunks
    ):
        raise NotEmbeddable("it has metadata in an old form, which a new one would contradict")
    new: dict[int, tuple[int, bytes]] = {}
    if Part.EXIF in parts:
        start, end, content = _exif(data, chunks, pixels, wanted)
        new[start] = (end, chunk_bytes(b"eXIf", content))
    if Part.XMP in parts:
        start, end, content = _xmp(data, chunks, pixels, wanted)
        chunk = chunk_bytes(b"iTXt", content)
        # with both new, they stand one after the other before the pixels
        before = new.get(start, (end, b""))
        new[start] = (max(end, before[0]), before[1] + chunk)
    pieces: list[Piece] = []
    done = 0
    for start, (end, content) in sorted(new.items()):
        pieces += [Span(done, start), content]
        done = end
    return joined([*pieces, Span(done, len(data))])


def _exif(data: bytes, chunks: tuple[Chunk, ...], pixels: Chunk, wanted: Wanted) -> tuple[int, int, bytes]:
    found = [chunk for chunk in chunks if chunk.kind == b"eXIf"]
    if len(found) > 1:
        raise NotEmbeddable("it has several EXIF chunks")
    width, height = struct.unpack_from(">II", data, chunks[0].data)
    picture = PictureFacts(width, height, has_profile=any(chunk.kind == b"iCCP" for chunk in chunks))
    if not found:
        return pixels.start, pixels.start, new_block(changes_for_new(wanted, picture))
    old = found[0]
    block = restored(data[old.data : old.end - 4])
    changed = append_update(block, changes_for(wanted, block, read_tree(block), picture), MAX_BLOCK)
    return old.start, old.end, changed


def _xmp(data: bytes, chunks: tuple[Chunk, ...], pixels: Chunk, wanted: Wanted) -> tuple[int, int, bytes]:
    found = [chunk for chunk in chunks if is_xmp(data, chunk)]
    if len(found) > 1:
        raise NotEmbeddable("it has several XMP packets")
    if not found:
        return pixels.start, pixels.start, XMP_KEYWORD + b"\0\0\0\0" + wanted.xmp
    old = found[0]
    packet = packet_of(data, old)
    head = data[old.data : old.end - 4 - len(packet)]
    return old.start, old.end, head + merged_packet(packet, wanted)
