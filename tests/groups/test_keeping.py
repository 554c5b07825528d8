"""Groups in the database: found as files come, in whatever order, and kept as a person has said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, event, insert, select

from core.db.engine import Database
from core.db.tables import AssetGroup, AssetGroupMember, AssetHistory, MediaAsset, utc_now
from core.errors import BadRequest, NotFound
from core.groups import members_of
from core.groups.decisions import choose_primary, dissolve, restore
from core.groups.facts import GroupFacts, GroupType, Place
from core.groups.forming import form_groups
from core.groups.keeping import forget_grouped, keep_found_again, keep_grouped, keep_places
from core.groups.members import are_together, find_group, list_groups
from tests.groups.conftest import make_fact

if TYPE_CHECKING:
    from tests.groups.conftest import MakeFact


async def arrive(database: Database, *facts: GroupFacts) -> None:
    """Files that come one after the other."""
    for fact in facts:
        async with database.write() as connection:
            await connection.execute(
                insert(MediaAsset),
                {"id": fact.asset_id, "original_filename": fact.name, "created_at": utc_now()},
            )
            await keep_grouped(connection, fact)


async def stored(database: Database) -> dict[frozenset[str], tuple[str, str, str]]:
    """Every group by its members: type, primary, reason."""
    async with database.read() as connection:
        rows = await connection.execute(
            select(AssetGroup.__table__, AssetGroupMember.media_asset_id)
            .join(AssetGroupMember, AssetGroupMember.group_id == AssetGroup.id)
            .where(AssetGroupMember.is_together)
        )
        groups: dict[str, tuple[set[str], tuple[str, str, str]]] = {}
        for row in rows:
            facts = (row.type, row.primary_asset_id, row.reason)
            groups.setdefault(row.id, (set(), facts))[0].add(row.media_asset_id)
    return {frozenset(members): facts for members, facts in groups.values()}


def formed(facts: Iterable[GroupFacts]) -> dict[frozenset[str], tuple[str, str, str]]:
    return {group.asset_ids: (group.type, group.primary, group.reason) for group in form_groups(list(facts))}


def some_library(seed: int) -> list[GroupFacts]:
    """Files that have to do with each other in every way that there is."""
    chance = random.Random(seed)
    names = ["IMG_1.HEIC", "IMG_1.MOV", "IMG_E1.JPG", "IMG_0001.HEIC", "IMG_E0001.JPG", "IMG_0001.MOV", "IMG_1.DNG"]
    frames = [f"DSC_{number}.{ending}" for number in range(6) for ending in ("JPG", "NEF")]
    chosen = chance.sample([(name, f"{folder}{seed}") for name in names for folder in "ab"], 8)
    taken: list[dict[str, Any]] = [
        {
            "name": name,
            "folder": folder,
            "second": chance.choice([None, 0, 1, 4]),
            "content_identifier": chance.choice([None, f"A{seed}", f"B{seed}"]),
            "burst_identifier": chance.choice([None, None, None, f"C{seed}"]),
        }
        for name, folder in chosen
    ]
    taken += [
        {
            "name": name,
            "folder": f"c{seed}",
            "second": int(name[4]) * 3,
            "is_bracketed": True,
            "exposure": str(int(name[4]) % 3),
        }
        | {"camera": f"X{seed % 3}", "exposure_time": chance.choice([0.1, 1.0])}
        for name in chance.sample(frames, 8)
    ]
    facts = [make_fact(**known) for known in taken]
    chance.shuffle(facts)
    return facts


async def test_the_order_in_which_files_come_does_not_matter(database: Database) -> None:
    come: list[GroupFacts] = []
    for seed in range(12):
        facts = some_library(seed)
        for few in (facts[:3], facts[3:9], facts[9:]):
            await arrive(database, *few)
            come += few
            assert await stored(database) == formed(come)
    assert {kind for kind, _, _ in (await stored(database)).values()} > {"bracket", "burst", "live_photo", "edited"}


async def test_a_group_keeps_its_id_as_it_grows(database: Database, fact: MakeFact) -> None:
    await arrive(database, fact("IMG_1.HEIC"), fact("IMG_1.MOV"))
    async with database.read() as connection:
        before = (await connection.execute(select(AssetGroup.id))).scalar_one()
    await arrive(database, fact("IMG_1-edited.HEIC"), fact("IMG_1.DNG"))
    async with database.read() as connection:
        assert (await connection.execute(select(AssetGroup.id))).scalar_one() == before
    assert len(next(iter(await stored(database)))) == 4


async def test_a_film_that_finds_its_picture_later_leaves_its_old_group(database: Database, fact: MakeFact) -> None:
    # while it is the only one, it may be any picture's; then one comes that lies beside it
    picture, film = fact("a.HEIC", folder="one", content_identifier="A"), fact("b.MOV", content_identifier="A")
    await arrive(database, picture, film)
    assert await stored(database) == formed([picture, film])
    beside = fact("b.HEIC", content_identifier="A")
    await arrive(database, beside)
    assert set(await stored(database)) == {frozenset({film.asset_id, beside.asset_id})}


async def test_files_that_are_recorded_at_one_moment_find_each_other(database: Database, fact: MakeFact) -> None:
    facts = [fact(f"IMG_1.{ending}") for ending in ("HEIC", "MOV", "DNG", "JPG")]
    await asyncio.gather(*(arrive(database, one) for one in facts))
    assert await stored(database) == formed(facts)


async def test_bytes_that_are_found_again_beside_a_raw_are_its_jpeg(database: Database, fact: MakeFact) -> None:
    mailed, raw = fact("holiday.jpg", folder="mail"), fact("DSC1.ARW", folder="card")
    await arrive(database, mailed, raw)
    assert not await stored(database)
    async with database.write() as connection:
        await keep_found_again(connection, mailed.asset_id, Place("card", "DSC1.JPG"))
    assert set(await stored(database)) == {frozenset({mailed.asset_id, raw.asset_id})}
    # the other order
    async with database.write() as connection:
        await keep_found_again(connection, mailed.asset_id, Place("card2", "DSC2.JPG"))
    await arrive(database, fact("DSC2.ARW", folder="card2"))
    (group,) = await stored(database)
    assert len(group) == 3


async def test_members_of_follow_each_asset_primary_first(database: Database, fact: MakeFact) -> None:
    await arrive(database, fact("DSC1.ARW"), fact("DSC1.JPG"), fact("other.jpg"), fact("IMG_1.HEIC"))
    prefix = "phone/DCIM/"
    async with database.read() as connection:
        asked = [prefix + name for name in ("other.jpg", "DSC1.ARW", "IMG_1.HEIC", "DSC1.JPG")]
        assert await members_of(connection, asked) == [
            prefix + name for name in ("other.jpg", "DSC1.ARW", "DSC1.JPG", "IMG_1.HEIC")
        ]
        assert await members_of(connection, [prefix + "DSC1.ARW"], types=[GroupType.LIVE_PHOTO]) == [
            prefix + "DSC1.ARW"
        ]
        assert await members_of(connection, []) == []
        assert await are_together(connection, prefix + "DSC1.ARW", prefix + "DSC1.JPG")
        assert not await are_together(connection, prefix + "DSC1.ARW", prefix + "other.jpg")


async def test_a_dissolved_group_stays_dissolved_and_can_be_restored(database: Database, fact: MakeFact) -> None:
    raw, picture, edit = fact("DSC1.ARW"), fact("DSC1.JPG"), fact("DSC1-edited.JPG")
    await arrive(database, raw, picture)
    async with database.write() as connection:
        group_id = (await connection.execute(select(AssetGroup.id))).scalar_one()
        await dissolve(connection, group_id)
        await dissolve(connection, group_id)
    assert not await stored(database)
    await arrive(database, edit)
    async with database.write() as connection:
        await keep_grouped(connection, raw)
    (group,) = await stored(database)
    assert not {raw.asset_id, picture.asset_id} <= group
    async with database.write() as connection:
        told = (await connection.execute(select(AssetHistory.details))).scalars().all()
        assert told == ["The group of DSC1.ARW, DSC1.JPG was dissolved; each stands alone from now on."] * 2
        await restore(connection, group_id)
    assert await stored(database) == formed([raw, picture, edit])


async def test_a_chosen_primary_is_remembered_as_the_group_grows(database: Database, fact: MakeFact) -> None:
    raw = fact("DSC1.ARW")
    await arrive(database, raw, fact("DSC1.JPG"))
    async with database.write() as connection:
        group_id = (await connection.execute(select(AssetGroup.id))).scalar_one()
        await choose_primary(connection, group_id, raw.asset_id)
    await arrive(database, fact("DSC1-edited.JPG"))
    async with database.write() as connection:
        assert (await find_group(connection, group_id)).primary_asset_id == raw.asset_id
        with pytest.raises(BadRequest, match="no member"):
            await choose_primary(connection, group_id, "somebody")
        for decide in (dissolve, restore):
            with pytest.raises(NotFound):
                await decide(connection, "nothing")


async def test_deleted_assets_leave_their_groups(database: Database, fact: MakeFact) -> None:
    raw, picture, edit = fact("DSC1.ARW"), fact("DSC1.JPG"), fact("DSC1-edited.JPG")
    await arrive(database, raw, picture, edit)
    for gone, kept in (([edit], {raw, picture}), ([raw, picture], set())):
        async with database.write() as connection:
            ids = [fact.asset_id for fact in gone]
            await forget_grouped(connection, ids)
            await connection.execute(delete(MediaAsset).where(MediaAsset.id.in_(ids)))
        assert await stored(database) == formed(kept)


async def test_groups_are_listed_a_page_at_a_time(database: Database, fact: MakeFact) -> None:
    for number in range(3):
        await arrive(database, fact(f"DSC{number}.ARW"), fact(f"DSC{number}.JPG"))
    async with database.read() as connection:
        rows, count = await list_groups(connection, limit=2)
        assert (len(rows), count) == (2, 3)
        rows, count = await list_groups(connection, group_type=GroupType.BURST, limit=2)
        assert (list(rows), count) == ([], 0)


async def test_a_new_file_costs_a_few_statements_however_large_the_library(database: Database, fact: MakeFact) -> None:
    """And each of them finds its rows through an index."""
    await arrive(database, *(fact(f"IMG_{number}.JPG", number) for number in range(50)))
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    async with database.write() as connection:
        await connection.execute(insert(MediaAsset), {"id": "new", "original_filename": "x", "created_at": utc_now()})
        engine = connection.sync_connection
        assert engine is not None
        event.listen(engine, "before_cursor_execute", note)
        await keep_grouped(connection, fact("IMG_49-edited.JPG", 49, asset_id="new"))
        event.remove(engine, "before_cursor_execute", note)
        if database.dialect == "sqlite":
            for statement in [one for one in statements if one.startswith("SELECT")]:
                parameters = tuple("x" for _ in range(statement.count("?")))
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                details = [row.detail for row in plan]
                assert not [detail for detail in details if detail.startswith("SCAN")], (statement, details)
    assert len(statements) < 15
    assert len(await stored(database)) == 1


async def test_files_that_were_moved_meet_others_and_do_not_leave_their_group(
    database: Database, fact: MakeFact
) -> None:
    raw, picture, stranger = fact("DSC1.ARW"), fact("DSC1.JPG"), fact("DSC9.JPG")
    await arrive(database, raw, picture, stranger)
    async with database.write() as connection:
        await keep_places(
            connection,
            {
                raw.asset_id: Place("sorted/raw", "DSC1.ARW"),
                picture.asset_id: Place("sorted", "beach.JPG"),
                stranger.asset_id: Place("sorted", "other.JPG"),
            },
        )
    edit = fact("beach-edited.JPG", folder="sorted")
    await arrive(database, edit)
    assert set(await stored(database)) == {frozenset({raw.asset_id, picture.asset_id, edit.asset_id})}
    # two that meet by being moved
    async with database.write() as connection:
        await keep_places(connection, {stranger.asset_id: Place("sorted/raw", "DSC1.JPG")})
    (group,) = await stored(database)
    assert stranger.asset_id in group
