"""Who belongs together: for everything that moves, promotes, archives or deletes a photo, and for showing groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.json_sql import json_array, json_object
from core.db.tables import AssetGroup, AssetGroupMember, FileVersion, MediaAsset
from core.errors import NotFound
from core.groups.facts import GroupType
from core.groups.neighbourhood import chunks


async def members_of(
    connection: AsyncConnection, asset_ids: Iterable[str], types: Iterable[GroupType] = tuple(GroupType)
) -> list[str]:
    """These assets and all that belong to them, each once: what is done to one is done to all of these.

    Each asset is followed by its companions, primary first. Who lets a person choose among the frames of a burst asks
    for the other ``types`` only.
    """
    wanted = list(dict.fromkeys(asset_ids))
    companions: dict[str, list[str]] = {}
    mine, theirs = aliased(AssetGroupMember), aliased(AssetGroupMember)
    for chunk in chunks(wanted):
        statement = (
            select(mine.media_asset_id, theirs.media_asset_id.label("companion"))
            .join(theirs, theirs.group_id == mine.group_id)
            .join(AssetGroup, AssetGroup.id == mine.group_id)
            .join(MediaAsset, MediaAsset.id == theirs.media_asset_id)
            .where(
                mine.media_asset_id.in_(chunk), mine.is_together, theirs.is_together, AssetGroup.type.in_(tuple(types))
            )
            .order_by(theirs.media_asset_id != AssetGroup.primary_asset_id, MediaAsset.original_filename, MediaAsset.id)
        )
        for asset_id, companion in await connection.execute(statement):
            companions.setdefault(asset_id, []).append(companion)
    return list(dict.fromkeys(one for asset_id in wanted for one in (asset_id, *companions.get(asset_id, ()))))


async def are_together(connection: AsyncConnection, one: str, other: str) -> bool:
    """Whether two assets are in one group; such a pair is never a duplicate of which one may go."""
    return other in await members_of(connection, [one])


def _groups() -> Any:
    version = aliased(FileVersion)
    photo = (
        select(version.id)
        .where(version.media_asset_id == AssetGroupMember.media_asset_id, version.archived_at.is_(None))
        # gold, then silver, then bronze: their names are in that order backwards, but for gold
        .order_by(version.tier != "gold", version.tier.desc(), version.created_at.desc())
        .limit(1)
        .correlate(AssetGroupMember)
        .scalar_subquery()
    )
    member = json_object(
        assetId=AssetGroupMember.media_asset_id,
        photoId=photo,
        originalFilename=MediaAsset.original_filename,
        role=AssetGroupMember.role,
        reason=AssetGroupMember.reason,
    )
    members = (
        select(json_array(member))
        .join(MediaAsset, MediaAsset.id == AssetGroupMember.media_asset_id)
        .where(AssetGroupMember.group_id == AssetGroup.id)
        .correlate(AssetGroup)
        .scalar_subquery()
    )
    return select(AssetGroup.__table__, members.label("members_json"))


_GROUPS = _groups()

GroupRow = Row[*tuple[Any, ...]]


async def list_groups(
    connection: AsyncConnection,
    *,
    group_type: GroupType | None = None,
    dissolved: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[Sequence[GroupRow], int]:
    """Groups, newest first, with their members, and how many there are altogether."""
    is_wanted: list[ColumnElement[bool]] = [
        AssetGroup.dissolved_at.is_not(None) if dissolved else AssetGroup.dissolved_at.is_(None)
    ]
    if group_type is not None:
        is_wanted.append(AssetGroup.type == group_type)
    page = _GROUPS.where(*is_wanted).order_by(AssetGroup.created_at.desc(), AssetGroup.id).limit(limit).offset(offset)
    rows = (await connection.execute(page)).all()
    count = select(func.count()).select_from(AssetGroup).where(*is_wanted)
    return rows, (await connection.execute(count)).scalar_one()


async def find_group(connection: AsyncConnection, group_id: str) -> GroupRow:
    """One group, dissolved or not; raises :class:`NotFound`."""
    row: GroupRow | None = (await connection.execute(_GROUPS.where(AssetGroup.id == group_id))).first()
    if row is None:
        raise NotFound(f"There is no group {group_id}.")
    return row
