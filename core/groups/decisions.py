"""What a person says of a group: that it is none, that it is one after all, and which member to show."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetGroup, AssetGroupMember, AssetHistory, MediaAsset, utc_now
from core.errors import BadRequest, NotFound
from core.groups.keeping import regroup

DISSOLVED, RESTORED = "UNGROUPED", "REGROUPED"
"""Actions of the history."""


async def dissolve(connection: AsyncConnection, group_id: str) -> None:
    """Lets the members go their own ways, for good: no rule brings them together again. Twice is as good as once.

    Raises :class:`NotFound`.
    """
    members = await _members(connection, group_id)
    now = utc_now()
    changed = await connection.execute(
        update(AssetGroup).where(AssetGroup.id == group_id, AssetGroup.dissolved_at.is_(None)).values(dissolved_at=now)
    )
    if not changed.rowcount:
        return
    await connection.execute(
        update(AssetGroupMember).where(AssetGroupMember.group_id == group_id).values(is_together=False)
    )
    await _tell(connection, members, DISSOLVED, "The group of {names} was dissolved; each stands alone from now on.")
    # with others each of them may still belong together
    await regroup(connection, list(members))


async def restore(connection: AsyncConnection, group_id: str) -> None:
    """Takes a dissolution back: the rules decide again, and may find another group by now. Raises :class:`NotFound`.

    The group itself is forgotten.
    """
    members = await _members(connection, group_id)
    dissolved = select(AssetGroup.dissolved_at).where(AssetGroup.id == group_id)
    if (await connection.execute(dissolved)).scalar_one() is None:
        return
    await connection.execute(delete(AssetGroupMember).where(AssetGroupMember.group_id == group_id))
    await connection.execute(delete(AssetGroup).where(AssetGroup.id == group_id))
    await _tell(connection, members, RESTORED, "The dissolution of the group of {names} was taken back.")
    await regroup(connection, list(members))


async def choose_primary(connection: AsyncConnection, group_id: str, asset_id: str) -> None:
    """Shows this member for the group, whatever the rules would show; remembered while it is a member.

    Raises :class:`NotFound`, and :class:`BadRequest` for an asset that is no member.
    """
    if asset_id not in await _members(connection, group_id):
        raise BadRequest(f"The asset {asset_id} is no member of the group {group_id}.")
    await connection.execute(
        update(AssetGroup).where(AssetGroup.id == group_id).values(primary_asset_id=asset_id, is_primary_chosen=True)
    )


async def _members(connection: AsyncConnection, group_id: str) -> dict[str, str]:
    """Ids and names of the members."""
    statement = (
        select(MediaAsset.id, MediaAsset.original_filename)
        .join(AssetGroupMember, AssetGroupMember.media_asset_id == MediaAsset.id)
        .where(AssetGroupMember.group_id == group_id)
        .order_by(MediaAsset.original_filename, MediaAsset.id)
    )
    members = {row.id: row.original_filename for row in await connection.execute(statement)}
    if not members:
        raise NotFound(f"There is no group {group_id}.")
    return members


async def _tell(connection: AsyncConnection, members: dict[str, str], action: str, sentence: str) -> None:
    details = sentence.format(names=", ".join(members.values()))
    await connection.execute(
        insert(AssetHistory),
        [
            {"media_asset_id": asset_id, "action": action, "details": details, "timestamp": utc_now()}
            for asset_id in members
        ],
    )
