"""What is proposed of copies, and what people decide of them: what was found is written down by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.tables import FileVersion, utc_now
from core.duplicates.deciding import decide, take_back
from core.duplicates.facts import Decision
from core.duplicates.keeping import form, propose
from core.duplicates.listing import find_duplicates
from core.duplicates.settling import settle
from core.errors import BadRequest, NotFound
from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.media.facts import Kind
from core.passes.shape import Tools
from tests.passes.shelf import Shelf, filled, tie, visible


@pytest.fixture
def shelf(both_tools: Tools) -> Shelf:
    return Shelf(both_tools)


@pytest.fixture
def sqlite_shelf(tools: Tools) -> Shelf:
    return Shelf(tools)


async def test_what_was_decided_is_never_proposed_again(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    bench = shelf.tools.bench
    await decide(bench, group_id, Decision.NOT_DUPLICATES)
    await decide(bench, group_id, Decision.NOT_DUPLICATES)
    with pytest.raises(BadRequest, match="decided before"):
        await decide(bench, group_id, Decision.ARCHIVE)
    assert await propose(shelf.database) == (0, 0)
    # a third copy is new to both of them
    await shelf.put("c.jpg", b"c")
    await tie(shelf, "a.jpg", "b.jpg", "c.jpg")
    assert await propose(shelf.database) == (1, 1)
    assert await shelf.kinds() == {"a.jpg": ("same", {"c.jpg": "same"})}
    assert [group["id"] for group in await shelf.groups(decision=Decision.NOT_DUPLICATES)] == [group_id]


async def test_archived_copies_leave_and_come_back_when_it_is_taken_back(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg", "c.jpg")
    bench = shelf.tools.bench
    await decide(bench, group_id, Decision.ARCHIVE, ["a.jpg", "c.jpg"])
    assert await visible(shelf) == ["a.jpg", "c.jpg"]
    assert (await shelf.groups(), await propose(shelf.database)) == ([], (0, 0))
    await take_back(bench, group_id)
    await take_back(bench, group_id)
    assert await visible(shelf) == ["a.jpg", "b.jpg", "c.jpg"]
    assert await shelf.only_group() == group_id
    with pytest.raises(BadRequest, match="has to stay"):
        await decide(bench, group_id, Decision.ARCHIVE, [])
    with pytest.raises(BadRequest, match="no members"):
        await decide(bench, group_id, Decision.ARCHIVE, ["x"])
    with pytest.raises(NotFound):
        await decide(bench, "x", Decision.KEEP)


async def test_what_would_take_the_kept_picture_along_is_not_archived(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    # found only afterwards to belong together
    for name, kind in (("a.jpg", Kind.RAW), ("b.jpg", Kind.PHOTO)):
        async with sqlite_shelf.database.write() as connection:
            place = Place("card", "DSC1.NEF" if kind is Kind.RAW else "DSC1.JPG")
            await keep_grouped(connection, GroupFacts(name, kind, (place,)))
    with pytest.raises(BadRequest, match="would go with it"):
        await decide(sqlite_shelf.tools.bench, group_id, Decision.ARCHIVE)
    assert await visible(sqlite_shelf) == ["a.jpg", "b.jpg"]
    assert await propose(sqlite_shelf.database) == (0, 0)


async def test_a_group_whose_copies_were_archived_elsewhere_is_not_shown(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    async with sqlite_shelf.database.write() as connection:
        gone = update(FileVersion).where(FileVersion.media_asset_id == "b.jpg")
        await connection.execute(gone.values(archived_at=utc_now()))
    assert await sqlite_shelf.groups() == []
    async with sqlite_shelf.database.read() as connection:
        assert (await find_duplicates(connection, group_id)).decision is None
    assert await propose(sqlite_shelf.database) == (0, 0)
    with pytest.raises(NotFound):
        async with sqlite_shelf.database.read() as connection:
            await find_duplicates(connection, group_id)


async def test_the_proposed_picture_changes_when_people_say_more_of_another(sqlite_shelf: Shelf) -> None:
    group_id = await filled(sqlite_shelf, "a.jpg", "b.jpg")
    assert list(await sqlite_shelf.kinds()) == ["a.jpg"]
    async with sqlite_shelf.database.write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == "silver-b.jpg").values(rating=5))
    assert await propose(sqlite_shelf.database) == (1, 0)
    (group,) = await sqlite_shelf.groups()
    assert (group["id"], group["keeper_id"]) == (group_id, "b.jpg")
    assert group["keeper_reason"] == "b.jpg should stay: people have said more about it."


async def with_a_larger_copy(shelf: Shelf, *names: str) -> None:
    """A picture that came later, larger than these, and a copy of each of them."""
    await shelf.put("larger.jpg", b"larger", width=4000, height=3000)
    for name in names:
        await tie(shelf, name, "larger.jpg")


async def test_what_are_no_duplicates_is_not_put_away_together_as_copies_of_a_third(shelf: Shelf) -> None:
    await decide(shelf.tools.bench, await filled(shelf, "a.jpg", "b.jpg"), Decision.NOT_DUPLICATES)
    await with_a_larger_copy(shelf, "a.jpg", "b.jpg")
    assert await propose(shelf.database) == (1, 1)
    assert await shelf.kinds() == {"larger.jpg": ("same", {"a.jpg": "same"})}
    await decide(shelf.tools.bench, await shelf.only_group(), Decision.ARCHIVE)
    assert await visible(shelf) == ["b.jpg", "larger.jpg"]


@pytest.mark.parametrize("decision", [Decision.KEEP, Decision.ARCHIVE])
async def test_what_is_to_stay_together_is_not_proposed_to_be_archived(shelf: Shelf, decision: Decision) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg", "c.jpg")
    kept = None if decision is Decision.KEEP else ["a.jpg", "b.jpg"]
    await decide(shelf.tools.bench, group_id, decision, kept)
    await with_a_larger_copy(shelf, "a.jpg", "b.jpg", "c.jpg")
    assert await propose(shelf.database) == (1, 1)
    assert await shelf.kinds() == {"a.jpg": ("same", {"larger.jpg": "same"})}
    (group,) = await shelf.groups()
    assert group["keeper_reason"] == "a.jpg should stay: somebody has decided that it stays."


async def test_what_stayed_alone_gives_way_to_a_better_copy_that_comes_later(sqlite_shelf: Shelf) -> None:
    await decide(sqlite_shelf.tools.bench, await filled(sqlite_shelf, "a.jpg", "b.jpg"), Decision.ARCHIVE)
    await with_a_larger_copy(sqlite_shelf, "a.jpg", "b.jpg")
    assert await propose(sqlite_shelf.database) == (1, 1)
    assert await sqlite_shelf.kinds() == {"larger.jpg": ("same", {"a.jpg": "same"})}


# --- people decide while the pass is at it ---


async def test_what_is_decided_while_groups_are_formed_stays_decided(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    formed = await form(shelf.database)
    await decide(shelf.tools.bench, group_id, Decision.KEEP)
    assert await settle(shelf.database, formed) == (0, 0)
    assert (await shelf.groups(), await shelf.members(group_id)) == ([], ["a.jpg", "b.jpg"])
    (decided,) = await shelf.groups(decision=Decision.KEEP)
    assert decided["id"] == group_id


async def test_two_of_whom_it_was_decided_meanwhile_are_in_no_other_group(shelf: Shelf) -> None:
    """A copy that came later would have been put to those that were open."""
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    await shelf.put("c.jpg", b"c", width=10)
    await shelf.put("x.jpg", b"x", width=2000)
    await shelf.put("y.jpg", b"y", width=1000)
    await tie(shelf, "a.jpg", "b.jpg", "c.jpg")
    await tie(shelf, "x.jpg", "y.jpg")
    formed = await form(shelf.database)
    await decide(shelf.tools.bench, group_id, Decision.NOT_DUPLICATES)
    # what nobody has said anything of is proposed all the same
    assert await settle(shelf.database, formed) == (1, 1)
    assert await shelf.kinds() == {"x.jpg": ("same", {"y.jpg": "same"})}
    assert await propose(shelf.database) == (2, 1)
    assert await shelf.kinds() == {"a.jpg": ("same", {"c.jpg": "same"}), "x.jpg": ("same", {"y.jpg": "same"})}


async def test_what_was_decided_meanwhile_of_two_copies_holds_for_a_third_as_well(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    bench = shelf.tools.bench
    await with_a_larger_copy(shelf, "a.jpg", "b.jpg")
    formed = await form(shelf.database)
    await decide(bench, group_id, Decision.NOT_DUPLICATES)
    assert await settle(shelf.database, formed) == (0, 0)
    await take_back(bench, group_id)
    await decide(bench, group_id, Decision.KEEP)
    assert await settle(shelf.database, formed) == (0, 0)
    assert await propose(shelf.database) == (1, 1)
    assert await shelf.kinds() == {"a.jpg": ("same", {"larger.jpg": "same"})}


async def test_what_is_taken_back_while_groups_are_formed_is_open_again(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    bench = shelf.tools.bench
    await decide(bench, group_id, Decision.ARCHIVE)
    formed = await form(shelf.database)
    await take_back(bench, group_id)
    assert await settle(shelf.database, formed) == (0, 0)
    assert await shelf.only_group() == group_id
    assert await shelf.members(group_id) == ["a.jpg", "b.jpg"]
    assert await propose(shelf.database) == (1, 0)


@dataclass(frozen=True)
class Crowded(Database):
    """A database in which, before something is written, others do what they wanted to."""

    others: Callable[[], Awaitable[None]]

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        await self.others()
        async with super().write() as connection:
            yield connection


async def test_a_decision_is_recorded_though_the_pass_has_seen_only_what_it_put_away(shelf: Shelf) -> None:
    group_id = await filled(shelf, "a.jpg", "b.jpg")
    passes = []

    async def run_the_pass() -> None:
        if await visible(shelf) == ["a.jpg"] and not passes:
            passes.append(await propose(shelf.database))

    known = shelf.database
    crowded = Crowded(known.url, known._reader, known._writer, known._sqlite, run_the_pass)
    await decide(replace(shelf.tools.bench, database=crowded), group_id, Decision.ARCHIVE)
    assert passes == [(0, 0)]
    (decided,) = await shelf.groups(decision=Decision.ARCHIVE)
    assert (decided["id"], await shelf.members(group_id)) == (group_id, ["a.jpg", "b.jpg"])
    await take_back(shelf.tools.bench, group_id)
    assert (await visible(shelf), await shelf.only_group()) == (["a.jpg", "b.jpg"], group_id)
