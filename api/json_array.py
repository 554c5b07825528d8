"""A long list as an answer that leaves others their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator

from litestar.response import Stream


def json_array(chunks: Iterable[bytes]) -> Stream:
    """Sends the insides of JSON arrays, of which each has an element at least, as one array."""
    return sent(_as_array(chunks))


def sent(chunks: Iterable[bytes]) -> Stream:
    """Sends JSON that comes in chunks."""

    async def pieces() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0)  # a socket that takes everything at once would never let others have their turn

    return Stream(pieces(), media_type="application/json")


def _as_array(chunks: Iterable[bytes]) -> Iterator[bytes]:
    before = b"["
    for chunk in chunks:
        yield before + chunk
        before = b","
    yield b"[]" if before == b"[" else b"]"
