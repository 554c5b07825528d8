"""Several who ask for one list at once get it from one reading, and none gets an older one than is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from api import shared_lists
from api.json_array import as_array
from api.shared_lists import SharedLists
from tests.api.conftest import Library

ASKED = ("mark", "GET", b"/api/photos", b"", b"")


class Shelf:
    """Counts how often it is read; waits until it may go on."""

    def __init__(self) -> None:
        self.readings = 0
        self.may_go_on = asyncio.Event()
        self.is_broken = False

    async def read(self) -> AsyncIterator[bytes]:
        self.readings += 1
        yield b"1"
        await self.may_go_on.wait()
        if self.is_broken:
            raise OSError("gone")
        yield b"2"


async def test_those_who_ask_while_it_is_read_or_sent_share_it() -> None:
    lists, shelf = SharedLists(), Shelf()

    async def ask() -> int:
        asking = [asyncio.create_task(lists.read(ASKED, shelf.read)) for _ in range(3)]
        await asyncio.sleep(0)
        shelf.may_go_on.set()
        first, *others = await asyncio.gather(*asking)
        same = [other for other in [*others, await lists.read(ASKED, shelf.read)] if other is first]
        return len(same)

    assert await ask() == 3
    assert shelf.readings == 1
    assert await ask() == 3
    assert shelf.readings == 2


async def test_one_who_hangs_up_takes_it_from_nobody_and_what_fails_fails_for_all_and_is_tried_again() -> None:
    lists, shelf = SharedLists(), Shelf()
    one, other = (asyncio.create_task(lists.read(ASKED, shelf.read)) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    shelf.is_broken = True
    shelf.may_go_on.set()
    with pytest.raises(OSError, match="gone"):
        await other
    shelf.is_broken = False
    assert list(await lists.read(ASKED, shelf.read)) == [b"1", b"2"]
    assert shelf.readings == 2


async def test_what_has_no_question_or_another_one_is_read_for_itself() -> None:
    lists, shelf = SharedLists(), Shelf()
    shelf.may_go_on.set()
    for question in (None, None, ASKED, ("another mark", *ASKED[1:])):
        assert list(await lists.read(question, shelf.read)) == [b"1", b"2"]
    assert shelf.readings == 4


async def test_the_oldest_list_is_given_up_where_memory_ends_and_never_looks_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_lists, "MOST_BYTES", 5)
    lists, shelf = SharedLists(), Shelf()
    shelf.may_go_on.set()
    first, second, third = [
        iter(as_array(await lists.read((mark, *ASKED[1:]), shelf.read))) for mark in ("one", "two", "three")
    ]
    assert next(third) == b"[1"
    with pytest.raises(ConnectionAbortedError):
        list(first)
    assert b"".join(second) == b"[1,2]"
    assert b"".join(third) == b",2]"
    again = await lists.read(("one", *ASKED[1:]), shelf.read)
    assert list(again) == [b"1", b"2"]


async def test_lists_that_are_read_while_photos_come_have_all_that_had_come(library: Library) -> None:
    written: list[str] = []

    async def ask() -> None:
        while len(written) < 20:
            there = set(written)
            assert there <= set(await library.ids("/api/photos"))

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(ask())
        for minute in range(20):
            written.append((await library.add_photo("silver", minute=minute))["silver"])
