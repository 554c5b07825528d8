"""Writes the proposals that were formed, and nothing else: what people have decided is left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.tables import DuplicateGroup, DuplicateMember, utc_now
from core.duplicates.decided import read_decided
from core.duplicates.facts import Group
from core.groups.neighbourhood import chunks

_GROUPS_AT_ONCE = 500
"""Groups that are written before others have their turn."""


class Formed(msgspec.Struct, frozen=True):
    """The groups to propose, and the ids of those that waited for a decision when forming them began."""

    groups: Sequence[Group]
    waited: frozenset[str]


async def settle(database: Database, formed: Formed) -> tuple[int, int]:
    """Makes the proposals those that were formed, but for what people have decided since.

    What was decided is proposed no more, and what was taken back stays for the next time. Writes only what changes.
    Returns how many groups are proposed, and how many of them are new.
    """
    async with database.write() as connection:
        columns = (DuplicateGroup.id, DuplicateGroup.keeper_id, DuplicateGroup.keeper_reason, DuplicateGroup.created_at)
        # whoever decides one of them waits until this is over, and finds it, or not
        undecided = select(*columns).where(DuplicateGroup.decision.is_(None)).with_for_update()
        stored = {row.id: row for row in await all_rows(connection, undecided)}
        decided = await read_decided(connection)
        wanted = {group.id: group for group in formed.groups if decided.allows(group)}
        await _write(connection, stored, wanted, formed.waited)
    return len(wanted), len(wanted.keys() - stored.keys())


async def _write(
    connection: AsyncConnection, stored: Mapping[str, Any], wanted: Mapping[str, Group], waited: Set[str]
) -> None:
    changed = {
        group_id
        for group_id, row in stored.items()
        if group_id in wanted
        and (row.keeper_id, row.keeper_reason) != (wanted[group_id].keeper, wanted[group_id].keeper_reason)
    }
    for chunk in chunks(sorted(((stored.keys() & waited) - wanted.keys()) | changed)):
        await connection.execute(delete(DuplicateMember).where(DuplicateMember.group_id.in_(chunk)))
        await connection.execute(delete(DuplicateGroup).where(DuplicateGroup.id.in_(chunk)))
    now = utc_now()
    written = [group for group_id, group in wanted.items() if group_id not in stored or group_id in changed]
    for start in range(0, len(written), _GROUPS_AT_ONCE):
        some = written[start : start + _GROUPS_AT_ONCE]
        since = {group.id: stored[group.id].created_at if group.id in stored else now for group in some}
        await connection.execute(insert(DuplicateGroup), [_group_row(group, since[group.id]) for group in some])
        await connection.execute(insert(DuplicateMember), [row for group in some for row in _member_rows(group)])


def _group_row(group: Group, created_at: datetime) -> dict[str, Any]:
    return {
        "id": group.id,
        "kind": group.kind,
        "similarity": group.similarity,
        "keeper_id": group.keeper,
        "keeper_reason": group.keeper_reason,
        "created_at": created_at,
    }


def _member_rows(group: Group) -> list[dict[str, Any]]:
    """The keeper, who is tied to nobody, and its copies."""
    keeper: dict[str, Any] = {"media_asset_id": group.keeper, "kind": None, "similarity": None, "reason": None}
    copies: list[dict[str, Any]] = [
        {"media_asset_id": one.asset_id, "kind": one.kind, "similarity": one.similarity, "reason": one.reason}
        for one in group.members
    ]
    return [{"group_id": group.id, **row} for row in (keeper, *copies)]
