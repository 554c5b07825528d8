"""Following live what happens: in order, without gaps, resumable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from core.feed import REMEMBERED, RESET, Feed
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio


async def take(feed: Feed, count: int, last_id: str | None = None) -> list[tuple[str, Any]]:
    found = []
    async with asyncio.timeout(10), aclosing(feed.follow(last_id)) as announcements:
        async for announcement in announcements:
            found.append((announcement.kind, announcement.facts.get("number")))
            if len(found) == count:
                break
    return found


async def test_a_follower_hears_what_happens_from_now_on_in_its_order() -> None:
    feed = Feed()
    feed.announce("intake", number=1)
    hearing = asyncio.create_task(take(feed, 2))
    await feed.until_followed()
    feed.announce("intake", number=2)
    feed.announce("root", number=3)
    assert await hearing == [("intake", 2), ("root", 3)]


async def test_who_tells_the_last_id_goes_on_there() -> None:
    feed = Feed(started_at_ms=7)
    for number in (1, 2, 3):
        feed.announce("intake", number=number)
    assert await take(feed, 2, "7-1") == [("intake", 2), ("intake", 3)]


@pytest.mark.parametrize("last_id", ["6-1", "7-99", "7-", "", "7--1", "7-٣", "nonsense"])
async def test_an_id_that_is_not_known_is_told_before_anything_else(last_id: str) -> None:
    feed = Feed(started_at_ms=7)
    feed.announce("intake", number=1)
    assert await take(feed, 1, last_id) == [(RESET, None)]


async def test_what_is_too_long_ago_is_a_reset_and_no_gap() -> None:
    feed = Feed(started_at_ms=7)
    for number in range(REMEMBERED + 2):
        feed.announce("intake", number=number)
    assert await take(feed, 1, "7-1") == [(RESET, None)]
    assert await take(feed, 1, "7-2") == [("intake", 2)]


async def test_a_follower_that_is_slower_than_the_memory_is_long_is_told() -> None:
    feed = Feed()
    async with aclosing(feed.follow()) as announcements:
        first = asyncio.create_task(anext(announcements))
        await feed.until_followed()
        feed.announce("intake", number=-1)
        assert (await first).facts == {"number": -1}
        for number in range(REMEMBERED * 2):
            feed.announce("intake", number=number)
        assert (await anext(announcements)).kind == RESET


async def test_closing_ends_all_followers() -> None:
    feed = Feed()

    async def follow() -> list[Any]:
        return [announcement async for announcement in feed.follow()]

    following = asyncio.create_task(follow())
    await feed.until_followed()
    feed.close()
    assert await asyncio.wait_for(following, 10) == []


async def lines_of(library: Library, **headers: str) -> AsyncIterator[tuple[str, str, Any]]:
    """Events as a browser sees them: id, kind, data."""
    async with library.http.stream("GET", "/api/daemon/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
                fields = {}


async def test_a_browser_follows_over_http_and_resumes_where_it_was(sqlite_library: Library) -> None:
    feed = sqlite_library.feed
    async with asyncio.timeout(20):
        async with aclosing(lines_of(sqlite_library)) as events:
            first = asyncio.create_task(anext(events))
            await feed.until_followed()
            feed.announce("intake", path="größe\n.jpg")
            last, kind, facts = await first
            assert (kind, facts) == ("intake", {"path": "größe\n.jpg"})
        feed.announce("intake", path="while nobody listened")
        async with aclosing(lines_of(sqlite_library, **{"Last-Event-ID": last})) as events:
            assert (await anext(events))[2] == {"path": "while nobody listened"}
