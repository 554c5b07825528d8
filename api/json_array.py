"""A long list as an answer that leaves others their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

from litestar.response import Stream

_CHUNK: Final = 1 << 18
"""Bytes that are put together in one go, and sent so."""


def json_array(chunks: Iterable[bytes]) -> Stream:
    """Sends the insides of JSON arrays, of which each has an element at least, as one array."""
    return sent(as_array(chunks))


def sent(chunks: Iterable[bytes]) -> Stream:
    """Sends JSON that comes in chunks."""

    async def pieces() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0)  # a socket that takes everything at once would never let others have their turn

    return Stream(pieces(), media_type="application/json")


async def made_in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces that take long to make, made in a thread and joined to chunks of some :data:`_CHUNK` bytes."""
    while chunk := await asyncio.to_thread(_next_chunk, pieces):
        yield chunk


def _next_chunk(pieces: Iterator[bytes]) -> bytes:
    joined: list[bytes] = []
    size = 0
    while size < _CHUNK and (piece := next(pieces, None)) is not None:
        joined.append(piece)
        size += len(piece)
    return b"".join(joined)


def as_array(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The insides of JSON arrays as one array."""
    before = b"["
    for chunk in chunks:
        yield before + chunk
        before = b","
    yield b"[]" if before == b"[" else b"]"
