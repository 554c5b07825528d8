"""Where do the chunks of a RIFF file lie (AVI, WebP)?

Multimedia Programming Interface 1.0 (IBM and Microsoft, 1991): four letters, a 32-bit little-endian size, a payload
padded to an even length. Sizes are clamped to what holds them and every walk ends after a fixed number of chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MAX_CHUNKS = 10_000
RIFF_HEADER_SIZE = 12


@dataclass(frozen=True, slots=True)
class Chunk:
    """``kind`` four letters; the payload lies at ``start`` ≤ offset < ``end``, in bytes from the start of the file."""

    kind: bytes
    start: int
    end: int


def chunks(stream: BinaryIO, start: int, end: int) -> Iterator[Chunk]:
    """The chunks between two offsets, in order."""
    for _ in range(_MAX_CHUNKS):
        if start + 8 > end:
            return
        stream.seek(start)
        header = stream.read(8)
        if len(header) < 8:
            return
        size = int.from_bytes(header[4:], "little")
        yield Chunk(header[:4], start + 8, min(start + 8 + size, end))
        start += 8 + size + size % 2


def payload(stream: BinaryIO, chunk: Chunk, limit: int) -> bytes:
    """The payload of a chunk, at most ``limit`` bytes of it."""
    stream.seek(chunk.start)
    return stream.read(max(min(chunk.end - chunk.start, limit), 0))
