"""How does metadata get into a WebP? As EXIF and XMP chunks, which the extended header announces (RFC 9649, 2.7)."""

from __future__ import annotations

import struct

import msgspec

from core.library.embedding.exif_values import changes_for, changes_for_new
from core.library.embedding.part import Part
from core.library.embedding.png import MAX_BLOCK
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import joined
from core.library.embedding.tiff_append import append_update, new_block, restored
from core.library.embedding.tiff_directory import read_tree
from core.library.embedding.wanted import PictureFacts, Wanted
from core.library.embedding.xmp_packet import merged_packet
from core.library.placing import Piece, Span

_ICC_FLAG, _ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x20, 0x10, 0x08, 0x04
_PREFIX = b"Exif\0\0"
_MAX_CHUNKS = 100_000


class Chunk(msgspec.Struct, frozen=True):
    """A chunk from its name to its padding; its content lies from ``data`` to ``data_end``."""

    kind: bytes
    start: int
    data: int
    data_end: int
    end: int


def read_webp(data: bytes) -> tuple[tuple[Chunk, ...], int]:
    """The chunks, and where the RIFF form ends; what follows is not part of it."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise NotEmbeddable("it does not begin as a WebP does")
    end = 8 + int(struct.unpack_from("<I", data, 4)[0])
    if end > len(data):
        raise NotEmbeddable("it is cut off")
    chunks: list[Chunk] = []
    at = 12
    while at < end and len(chunks) < _MAX_CHUNKS:
        if at + 8 > end:
            raise NotEmbeddable("one of its chunks is cut off")
        kind, length = struct.unpack_from("<4sI", data, at)
        data_end = at + 8 + length
        padded = data_end + length % 2
        if data_end > end or padded > end:
            raise NotEmbeddable("one of its chunks is cut off")
        chunks.append(Chunk(kind, at, at + 8, data_end, padded))
        at = padded
    if not chunks:
        raise NotEmbeddable("it has no chunks")
    return tuple(chunks), end


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    """A whole chunk with its padding."""
    return struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) % 2)


def embed_in_webp(data: bytes, wanted: Wanted, parts: frozenset[Part]) -> tuple[Piece, ...]:
    """The file with the ``parts`` that are asked for; raises :class:`NotEmbeddable`."""
    chunks, end = read_webp(data)
    if any(chunk.kind == b"C2PA" for chunk in chunks):
        raise NotEmbeddable("it carries content credentials, whose signature any change would break")
    header = _extended_header(data, chunks)
    pieces: list[Piece] = []
    content: dict[bytes, bytes] = {}
    if Part.EXIF in parts:
        content[b"EXIF"] = _exif(data, chunks, header, wanted)
    if Part.XMP in parts:
        content[b"XMP "] = _xmp(data, chunks, wanted)
    flags = header[0] | (_EXIF_FLAG if b"EXIF" in content else 0) | (_XMP_FLAG if b"XMP " in content else 0)
    new_header = chunk_bytes(b"VP8X", bytes([flags]) + header[1:])
    if chunks[0].kind != b"VP8X":
        pieces.append(new_header)
    written = set()
    for chunk in chunks:
        if chunk.kind == b"VP8X":
            pieces.append(new_header)
            continue
        if chunk.kind == b"XMP " and b"EXIF" in content and b"EXIF" not in written:
            # the order is fixed: EXIF, XMP, then what nobody knows
            pieces.append(chunk_bytes(b"EXIF", content[b"EXIF"]))
            written.add(b"EXIF")
        if chunk.kind in content:
            pieces.append(chunk_bytes(chunk.kind, content[chunk.kind]))
            written.add(chunk.kind)
        else:
            pieces.append(Span(chunk.start, chunk.end))
    pieces += [chunk_bytes(kind, payload) for kind, payload in content.items() if kind not in written]
    size = sum(piece.end - piece.start if isinstance(piece, Span) else len(piece) for piece in pieces)
    head = struct.pack("<4sI4s", b"RIFF", size + 4, b"WEBP")
    return joined([head, *pieces, Span(end, len(data))])


def size_of(data: bytes, chunks: tuple[Chunk, ...]) -> tuple[int, int, bool]:
    """Width and height of a simple WebP, and whether it has transparency."""
    first = chunks[0]
    start = first.data
    if first.kind == b"VP8 " and data[start + 3 : start + 6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, start + 6)
        return width & 0x3FFF, height & 0x3FFF, False
    if first.kind == b"VP8L" and data[start : start + 1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", data, start + 1)
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, bool(bits >> 28 & 1)
    raise NotEmbeddable("its pixels cannot be told")


def _extended_header(data: bytes, chunks: tuple[Chunk, ...]) -> bytes:
    """The content of VP8X; for a simple file, the one that it needs."""
    first = chunks[0]
    if first.kind == b"VP8X":
        if first.data_end - first.data != 10 or sum(chunk.kind == b"VP8X" for chunk in chunks) > 1:
            raise NotEmbeddable("its header is not as it should be")
        return data[first.data : first.data_end]
    width, height, has_alpha = size_of(data, chunks)
    if not (width and height):
        raise NotEmbeddable("its size is 0")
    flags = _ALPHA_FLAG if has_alpha else 0
    return bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def _only(chunks: tuple[Chunk, ...], kind: bytes) -> Chunk | None:
    found = [chunk for chunk in chunks if chunk.kind == kind]
    if len(found) > 1:
        raise NotEmbeddable(f"it has several {kind.decode().strip()} chunks")
    return found[0] if found else None


def _exif(data: bytes, chunks: tuple[Chunk, ...], header: bytes, wanted: Wanted) -> bytes:
    old = _only(chunks, b"EXIF")
    width, height = (int.from_bytes(header[at : at + 3], "little") + 1 for at in (4, 7))
    picture = PictureFacts(width, height, has_profile=bool(header[0] & _ICC_FLAG))
    if old is None:
        return new_block(changes_for_new(wanted, picture))
    content = data[old.data : old.data_end]
    prefix = _PREFIX if content.startswith(_PREFIX) else b""
    block = restored(content[len(prefix) :])
    return prefix + append_update(block, changes_for(wanted, block, read_tree(block), picture), MAX_BLOCK)


def _xmp(data: bytes, chunks: tuple[Chunk, ...], wanted: Wanted) -> bytes:
    old = _only(chunks, b"XMP ")
    if old is None:
        return wanted.xmp
    return merged_packet(data[old.data : old.data_end], wanted)
