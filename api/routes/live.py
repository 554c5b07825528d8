"""Following live what the daemon does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from api.context import ApiContext
from core.feed import Feed

HEARTBEAT_SECONDS = 15.0
"""A comment is sent this often when nothing happens: proxies end connections that are silent for half a minute."""

_encode = msgspec.json.Encoder().encode


@get("/api/daemon/events", tags=["Daemon"], media_type="text/event-stream")
async def follow_events(
    context: NamedDependency[ApiContext],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> ServerSentEvent:
    """What happens from now on, as server-sent events: ``intake``, ``progress``, ``root``, ``pass``, ``occasion``,
    ``faces``, ``described``, ``backlog``, ``reset``.

    A browser that lost the connection sends the id of the last event and misses nothing; after a ``reset``, which comes
    when that id is too old, everything is to be read anew.
    """
    return ServerSentEvent(_messages(context.feed, last_event_id))


async def _messages(feed: Feed, last_id: str | None) -> AsyncIterator[ServerSentEventMessage]:
    async with aclosing(feed.follow(last_id)) as announcements:
        coming = asyncio.ensure_future(anext(announcements, None))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)
                if not done:
                    yield ServerSentEventMessage(data=None, comment="still here")
                    continue
                announcement = coming.result()
                if announcement is None:
                    return
                coming = asyncio.ensure_future(anext(announcements, None))
                facts = _encode(announcement.facts).decode()
                yield ServerSentEventMessage(data=facts, event=announcement.kind, id=announcement.id)
        finally:
            coming.cancel()
            await asyncio.wait({coming})
