"""Whom may an asset belong to? Its neighbourhood, read through indexes to its end and no further."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import AssetGroupMember, GroupedAsset, GroupKey
from core.groups.brackets import LONGEST_REACH, runs
from core.groups.facts import GroupFacts
from core.groups.keys import bracket_key, microseconds

#: Ids in one statement: SQLite takes 32,766 parameters, asyncpg 32,767.
IDS_AT_ONCE = 10_000


async def neighbourhood(connection: AsyncConnection, asset_ids: Iterable[str]) -> dict[str, GroupFacts]:
    """Everything that is tied to these assets by keys, brackets or a present group, however many steps away."""
    found: dict[str, GroupFacts] = {}
    framed: set[str] = set()
    new = set(asset_ids)
    while new:
        read = await facts_of(connection, new)
        found |= read
        near = await _sharing_keys(connection, read) | await _in_groups_with(connection, read)
        for fact in read.values():
            if fact.asset_id not in framed:
                run = await _run_with(connection, fact)
                framed |= run
                near |= run
        # an asset without facts is tied to nothing
        new = near - found.keys() - new
    return found


async def facts_of(connection: AsyncConnection, asset_ids: Iterable[str]) -> dict[str, GroupFacts]:
    found = {}
    for chunk in chunks(asset_ids):
        statement = select(GroupedAsset.facts).where(GroupedAsset.media_asset_id.in_(chunk))
        for payload in (await connection.execute(statement)).scalars():
            facts = msgspec.convert(payload, GroupFacts)
            found[facts.asset_id] = facts
    return found


async def _sharing_keys(connection: AsyncConnection, asset_ids: Iterable[str]) -> set[str]:
    mine, theirs = aliased(GroupKey), aliased(GroupKey)
    found: set[str] = set()
    for chunk in chunks(asset_ids):
        statement = (
            select(theirs.media_asset_id)
            .join(mine, mine.key == theirs.key)
            .where(mine.media_asset_id.in_(chunk))
            .distinct()
        )
        found |= set((await connection.execute(statement)).scalars())
    return found


async def ungrouped_neighbours(connection: AsyncConnection, asset_ids: Iterable[str]) -> set[str]:
    """Those of these assets that share a key with one that is not in their group."""
    mine, theirs = aliased(GroupKey), aliased(GroupKey)
    my_group, their_group = aliased(AssetGroupMember), aliased(AssetGroupMember)
    found: set[str] = set()
    for chunk in chunks(asset_ids):
        statement = (
            select(mine.media_asset_id)
            .join(theirs, (theirs.key == mine.key) & (theirs.media_asset_id != mine.media_asset_id))
            .outerjoin(my_group, (my_group.media_asset_id == mine.media_asset_id) & my_group.is_together)
            .outerjoin(their_group, (their_group.media_asset_id == theirs.media_asset_id) & their_group.is_together)
            .where(
                mine.media_asset_id.in_(chunk),
                or_(my_group.group_id.is_(None), my_group.group_id.is_distinct_from(their_group.group_id)),
            )
            .distinct()
        )
        found |= set((await connection.execute(statement)).scalars())
    return found


async def _in_groups_with(connection: AsyncConnection, asset_ids: Iterable[str]) -> set[str]:
    mine, theirs = aliased(AssetGroupMember), aliased(AssetGroupMember)
    found: set[str] = set()
    for chunk in chunks(asset_ids):
        statement = (
            select(theirs.media_asset_id)
            .join(mine, mine.group_id == theirs.group_id)
            .where(mine.media_asset_id.in_(chunk), mine.is_together, theirs.is_together)
            .distinct()
        )
        found |= set((await connection.execute(statement)).scalars())
    return found


async def _run_with(connection: AsyncConnection, fact: GroupFacts) -> set[str]:
    """The run of bracketed frames that this one is in. It is read in a window that grows until the run ends in it."""
    camera, _ = bracket_key(fact)
    if camera is None or fact.taken is None:
        return set()
    window = 2 * LONGEST_REACH
    while True:
        begin, end = fact.taken - window, fact.taken + window
        statement = select(GroupedAsset.facts).where(
            GroupedAsset.bracketed_by == camera,
            GroupedAsset.taken_us.between(microseconds(begin), microseconds(end)),
        )
        rows = (await connection.execute(statement)).scalars()
        frames = [msgspec.convert(payload, GroupFacts) for payload in rows]
        mine = [run for run in runs(frames) if any(fact in frame for frame in run)]
        times = [member.taken for run in mine for frame in run for member in frame]
        if all(time is not None and begin + LONGEST_REACH <= time <= end - LONGEST_REACH for time in times):
            return {member.asset_id for run in mine for frame in run for member in frame}
        window *= 2


def chunks(asset_ids: Iterable[str]) -> list[list[str]]:
    """The ids in lists that a statement can hold."""
    ids = list(asset_ids)
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
