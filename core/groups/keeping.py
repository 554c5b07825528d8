"""Keeps the groups as assets come: only those that share a key with the new one are looked at.

What comes out does not depend on the order in which files came: the neighbourhood of an asset is read to its end, and
its groups are formed anew from that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetGroup, AssetGroupMember, GroupedAsset, GroupKey, new_id, utc_now
from core.db.turns import Turn, take_turn
from core.db.upsert import insert_on_conflict
from core.groups.facts import Group, GroupFacts, Member, Place, Role
from core.groups.forming import form_groups
from core.groups.keys import bracket_key, keys_of
from core.groups.neighbourhood import beside_strangers, chunks, facts_of, neighbourhood, neighbours

_DIALECTS = ("postgresql", "sqlite")
_KEYS = {dialect: insert_on_conflict(dialect, GroupKey).on_conflict_do_nothing() for dialect in _DIALECTS}


def _upsert(dialect: str) -> Any:
    statement = insert_on_conflict(dialect, GroupedAsset)
    changed = {name: statement.excluded[name] for name in ("facts", "bracketed_by", "taken_us")}
    return statement.on_conflict_do_update(index_elements=["media_asset_id"], set_=changed)


_REMEMBER = {dialect: _upsert(dialect) for dialect in _DIALECTS}


async def keep_grouped(connection: AsyncConnection, facts: GroupFacts, *, is_new: bool = False) -> None:
    """Remembers what is known of an asset and brings it together with those that it belongs to.

    To be called in the transaction that records the asset, last: on PostgreSQL others wait until it ends. Of an asset
    that ``is_new`` nothing was known before; most of those stand alone, and cost three statements.
    """
    await take_turn(connection, Turn.GROUPING)
    await _remember(connection, facts, is_new=is_new)
    may_stand_alone = is_new and not facts.is_bracketed and facts.film_length is None
    if may_stand_alone and await neighbours(connection, [facts.asset_id]) == {facts.asset_id}:
        return
    await regroup(connection, [facts.asset_id])


async def keep_found_again(connection: AsyncConnection, asset_id: str, place: Place) -> None:
    """The bytes of an asset were found at another place, too: the files beside them may belong to it."""
    await keep_places(connection, {asset_id: place})


async def keep_places(connection: AsyncConnection, places: Mapping[str, Place]) -> None:
    """The files of these assets lie at these places, too, or by now: those beside them may belong to them.

    Where a file lay before is remembered: it does not leave its group by being moved. A folder of thousands costs a few
    statements; only where strangers meet are groups formed anew.
    """
    await take_turn(connection, Turn.GROUPING)
    for chunk in chunks(places):
        changed = []
        for asset_id, known in (await facts_of(connection, chunk)).items():
            if (place := places[asset_id]) not in known.places:
                found = sorted({*known.places, place}, key=lambda each: (each.directory, each.filename))
                changed.append(msgspec.structs.replace(known, places=tuple(found)))
        if not changed:
            continue
        await connection.execute(
            update(GroupedAsset)
            .where(GroupedAsset.media_asset_id == bindparam("asset_id"))
            .values(facts=bindparam("now_known")),
            [{"asset_id": facts.asset_id, "now_known": msgspec.to_builtins(facts)} for facts in changed],
        )
        keys = [{"key": key, "media_asset_id": facts.asset_id} for facts in changed for key in keys_of(facts)]
        await connection.execute(_KEYS[connection.dialect.name], keys)
        if strangers := await beside_strangers(connection, [facts.asset_id for facts in changed]):
            await regroup(connection, sorted(strangers))


async def forget_grouped(connection: AsyncConnection, asset_ids: Sequence[str]) -> None:
    """Takes assets that are about to be deleted out of everything that is kept here."""
    await take_turn(connection, Turn.GROUPING)
    left: set[str] = set()
    for chunk in chunks(asset_ids):
        tied = await neighbourhood(connection, chunk)
        left |= tied.keys() - set(asset_ids)
        shown = select(AssetGroup.id).where(AssetGroup.primary_asset_id.in_(chunk))
        for group_id in (await connection.execute(shown)).scalars().all():
            # another member is shown, and the last one takes the group with it
            others = select(AssetGroupMember.media_asset_id).where(
                AssetGroupMember.group_id == group_id, AssetGroupMember.media_asset_id.not_in(chunk)
            )
            other = (await connection.execute(others.order_by(AssetGroupMember.media_asset_id).limit(1))).scalar()
            if other is None:
                await connection.execute(delete(AssetGroupMember).where(AssetGroupMember.group_id == group_id))
                await connection.execute(delete(AssetGroup).where(AssetGroup.id == group_id))
            else:
                values = {"primary_asset_id": other, "is_primary_chosen": False}
                await connection.execute(update(AssetGroup).where(AssetGroup.id == group_id).values(values))
        for table in (AssetGroupMember, GroupKey, GroupedAsset):
            await connection.execute(delete(table).where(table.media_asset_id.in_(chunk)))
    if left:
        await regroup(connection, sorted(left))


async def is_known_place(connection: AsyncConnection, asset_id: str, place: Place) -> bool:
    """Whether nothing new is said by the asset's bytes being found at this place: it is known, or no group can be."""
    known = (await facts_of(connection, [asset_id])).get(asset_id)
    return known is None or place in known.places


async def regroup(connection: AsyncConnection, asset_ids: Sequence[str]) -> None:
    """Forms the groups of these assets, and of all that are tied to them, anew; writes only what changes."""
    facts = await neighbourhood(connection, asset_ids)
    stored = await _stored(connection, facts)
    apart = await _kept_apart(connection, facts)
    groups = form_groups(list(facts.values()), apart)
    await _settle(connection, groups, stored)


async def _remember(connection: AsyncConnection, facts: GroupFacts, *, is_new: bool) -> None:
    camera, taken_us = bracket_key(facts)
    row = {"facts": msgspec.to_builtins(facts), "bracketed_by": camera, "taken_us": taken_us}
    await connection.execute(_REMEMBER[connection.dialect.name], {"media_asset_id": facts.asset_id, **row})
    keys = keys_of(facts)
    if not is_new:
        gone = delete(GroupKey).where(GroupKey.media_asset_id == facts.asset_id, GroupKey.key.not_in(keys))
        await connection.execute(gone)
    rows = [{"key": key, "media_asset_id": facts.asset_id} for key in keys]
    await connection.execute(_KEYS[connection.dialect.name], rows)


class _Stored(msgspec.Struct):
    """A group as it is in the database."""

    id: str
    type: str
    reason: str
    primary: str
    is_primary_chosen: bool
    members: dict[str, Member]


async def _stored(connection: AsyncConnection, asset_ids: Iterable[str]) -> list[_Stored]:
    """The present groups of these assets."""
    found: dict[str, _Stored] = {}
    for chunk in chunks(asset_ids):
        statement = (
            select(
                AssetGroup, AssetGroupMember.media_asset_id, AssetGroupMember.role, AssetGroupMember.reason.label("why")
            )
            .join(AssetGroupMember, AssetGroupMember.group_id == AssetGroup.id)
            .where(AssetGroupMember.media_asset_id.in_(chunk), AssetGroupMember.is_together)
            .order_by(AssetGroup.created_at, AssetGroup.id)
        )
        for row in await connection.execute(statement):
            group = found.setdefault(
                row.id, _Stored(row.id, row.type, row.reason, row.primary_asset_id, row.is_primary_chosen, {})
            )
            group.members[row.media_asset_id] = Member(row.media_asset_id, Role(row.role), row.why)
    return list(found.values())


async def _kept_apart(connection: AsyncConnection, asset_ids: Iterable[str]) -> list[set[str]]:
    """Of each group that a person has dissolved, the members that are among these."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for chunk in chunks(asset_ids):
        statement = select(AssetGroupMember.group_id, AssetGroupMember.media_asset_id).where(
            AssetGroupMember.media_asset_id.in_(chunk), AssetGroupMember.is_together.is_(False)
        )
        for group_id, asset_id in await connection.execute(statement):
            found[group_id].add(asset_id)
    return list(found.values())


async def _settle(connection: AsyncConnection, groups: Sequence[Group], stored: Sequence[_Stored]) -> None:
    """Makes the stored groups those that were formed; a group keeps its id as long as one of its members."""
    successors: list[tuple[Group, _Stored | None]] = []
    free = list(stored)
    for group in groups:
        before = max(free, key=lambda old: len(old.members.keys() & group.asset_ids), default=None)
        if before is not None and before.members.keys() & group.asset_ids:
            free.remove(before)
        else:
            before = None
        successors.append((group, before))
    chosen = {old.primary for old in stored if old.is_primary_chosen}
    # whoever changes the group leaves the old one before it enters the new one
    for old in free:
        await connection.execute(delete(AssetGroupMember).where(AssetGroupMember.group_id == old.id))
        await connection.execute(delete(AssetGroup).where(AssetGroup.id == old.id))
    for group, before in successors:
        if before is not None and (gone := before.members.keys() - group.asset_ids):
            await connection.execute(
                delete(AssetGroupMember).where(
                    AssetGroupMember.group_id == before.id, AssetGroupMember.media_asset_id.in_(gone)
                )
            )
    for group, before in successors:
        await _write(connection, group, before, chosen)


async def _write(connection: AsyncConnection, group: Group, before: _Stored | None, chosen: set[str]) -> None:
    by_person = sorted(chosen & group.asset_ids)
    values: dict[str, Any] = {
        "type": group.type,
        "reason": group.reason,
        "primary_asset_id": by_person[0] if by_person else group.primary,
        "is_primary_chosen": bool(by_person),
    }
    if before is None:
        group_id = new_id()
        await connection.execute(insert(AssetGroup), {"id": group_id, "created_at": utc_now(), **values})
    else:
        group_id = before.id
        if (before.type, before.reason, before.primary, before.is_primary_chosen) != tuple(values.values()):
            await connection.execute(update(AssetGroup).where(AssetGroup.id == group_id).values(values))
    known = before.members if before is not None else {}
    new = [member for member in group.members if member.asset_id not in known]
    if new:
        await connection.execute(
            insert(AssetGroupMember),
            [
                {"group_id": group_id, "media_asset_id": one.asset_id, "role": one.role, "reason": one.reason}
                for one in new
            ],
        )
    for member in group.members:
        if member.asset_id in known and known[member.asset_id] != member:
            await connection.execute(
                update(AssetGroupMember)
                .where(AssetGroupMember.group_id == group_id, AssetGroupMember.media_asset_id == member.asset_id)
                .values(role=member.role, reason=member.reason)
            )
