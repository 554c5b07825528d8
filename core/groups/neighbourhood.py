"""Whom may an asset belong to? Its neighbourhood, read through indexes to its end and no further."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Executable, bindparam, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import AssetGroupMember, GroupedAsset, GroupKey
from core.groups.brackets import LONGEST_REACH, runs
from core.groups.facts import GroupFacts
from core.groups.keys import bracket_key, microseconds

#: Ids in one statement: SQLite takes 32,766 parameters, asyncpg 32,767.
IDS_AT_ONCE = 10_000


_MINE, _THEIRS = aliased(GroupKey), aliased(GroupKey)
_MY_GROUP, _THEIR_GROUP = aliased(AssetGroupMember), aliased(AssetGroupMember)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)

# put together once: that takes SQLAlchemy longer than running them
_FACTS = select(GroupedAsset.facts).where(GroupedAsset.media_asset_id.in_(_IDS))

_NEAR = union(
    select(_THEIRS.media_asset_id).join(_MINE, _MINE.key == _THEIRS.key).where(_MINE.media_asset_id.in_(_IDS)),
    select(_THEIR_GROUP.media_asset_id)
    .join(_MY_GROUP, _MY_GROUP.group_id == _THEIR_GROUP.group_id)
    .where(_MY_GROUP.media_asset_id.in_(_IDS), _MY_GROUP.is_together, _THEIR_GROUP.is_together),
)

_BESIDE_STRANGERS = (
    select(_MINE.media_asset_id)
    .join(_THEIRS, (_THEIRS.key == _MINE.key) & (_THEIRS.media_asset_id != _MINE.media_asset_id))
    .outerjoin(_MY_GROUP, (_MY_GROUP.media_asset_id == _MINE.media_asset_id) & _MY_GROUP.is_together)
    .outerjoin(_THEIR_GROUP, (_THEIR_GROUP.media_asset_id == _THEIRS.media_asset_id) & _THEIR_GROUP.is_together)
    .where(
        _MINE.media_asset_id.in_(_IDS),
        or_(_MY_GROUP.group_id.is_(None), _MY_GROUP.group_id.is_distinct_from(_THEIR_GROUP.group_id)),
    )
    .distinct()
)

_FRAMES = select(GroupedAsset.facts).where(
    GroupedAsset.bracketed_by == bindparam("camera"),
    GroupedAsset.taken_us.between(bindparam("begin"), bindparam("end")),
)


async def neighbourhood(connection: AsyncConnection, asset_ids: Iterable[str]) -> dict[str, GroupFacts]:
    """Everything that is tied to these assets by keys, brackets or a present group, however many steps away."""
    found: dict[str, GroupFacts] = {}
    framed: set[str] = set()
    new = set(asset_ids)
    while new:
        read = await facts_of(connection, new)
        found |= read
        near = await neighbours(connection, read)
        for fact in read.values():
            if fact.asset_id not in framed:
                run = await _run_with(connection, fact)
                framed |= run
                near |= run
        # an asset without facts is tied to nothing
        new = near - found.keys() - new
    return found


async def facts_of(connection: AsyncConnection, asset_ids: Iterable[str]) -> dict[str, GroupFacts]:
    """What is known of these assets, of those that anything is known of."""
    found = {}
    for payload in await _asked(connection, _FACTS, asset_ids):
        facts = msgspec.convert(payload, GroupFacts)
        found[facts.asset_id] = facts
    return found


async def neighbours(connection: AsyncConnection, asset_ids: Iterable[str]) -> set[str]:
    """The assets that share a key or a group with one of these, these included."""
    return set(await _asked(connection, _NEAR, asset_ids))


async def beside_strangers(connection: AsyncConnection, asset_ids: Iterable[str]) -> set[str]:
    """Those of these assets that share a key with one that is not in their group."""
    return set(await _asked(connection, _BESIDE_STRANGERS, asset_ids))


async def _asked(connection: AsyncConnection, statement: Executable, asset_ids: Iterable[str]) -> list[Any]:
    """The first column of the answers."""
    return [
        value
        for chunk in chunks(asset_ids)
        for value in (await connection.execute(statement, {"ids": chunk})).scalars()
    ]


async def _run_with(connection: AsyncConnection, fact: GroupFacts) -> set[str]:
    """The run of bracketed frames that this one is in. It is read in a window that grows until the run ends in it."""
    camera, _ = bracket_key(fact)
    if camera is None or fact.taken is None:
        return set()
    window = 2 * LONGEST_REACH
    while True:
        begin, end = fact.taken - window, fact.taken + window
        between = {"camera": camera, "begin": microseconds(begin), "end": microseconds(end)}
        rows = (await connection.execute(_FRAMES, between)).scalars()
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
