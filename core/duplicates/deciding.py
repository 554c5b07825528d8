"""What a person says of copies; it is remembered for ever, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, DuplicateGroup, DuplicateMember, FileVersion, MediaAsset, utc_now
from core.db.upsert import insert_on_conflict
from core.duplicates.facts import Decision
from core.errors import BadRequest, NotFound
from core.groups import members_of
from core.library.layout import Tier
from core.media.source_file import shown
from core.pipeline.together import archive_together, unarchive_together
from core.pipeline.workbench import Workbench

DECIDED, TAKEN_BACK = "DUPLICATES_DECIDED", "DUPLICATES_REOPENED"
"""Actions of the history."""


async def decide(bench: Workbench, group_id: str, decision: Decision, keep: Iterable[str] | None = None) -> None:
    """Records what is to become of the members of a group.

    With ``archive`` all but ``keep`` are put away, with all that belongs to them; who says nothing keeps the proposed
    one. Nothing is deleted. Safe to repeat. Raises :class:`NotFound`, and :class:`BadRequest` where nothing would stay,
    something else would have to go, or it was decided differently before.
    """
    async with bench.database.read() as connection:
        group, members = await _group(connection, group_id)
        kept = _kept(group, members, decision, keep)
        gone = [member for member in members if member.media_asset_id not in kept]
        if gone and set(await members_of(connection, [member.media_asset_id for member in gone])) & kept:
            raise BadRequest(
                "What is to be kept belongs to what is to be archived, and would go with it. Dissolve their group "
                "first, or keep both."
            )
    if group.decision not in (None, decision):
        raise BadRequest(f"It was decided before ({group.decision}). Take that back first.")
    archived = []
    for member in gone:
        if member.photo_id is not None:
            await archive_together(bench, member.photo_id)
            archived.append(member.media_asset_id)
    async with bench.database.write() as connection:
        await _hold(connection, group, members)
        now = utc_now()
        changed = await connection.execute(
            update(DuplicateGroup)
            .where(DuplicateGroup.id == group_id, DuplicateGroup.decision.is_(None))
            .values(decision=decision, decided_at=now)
        )
        if archived:
            await connection.execute(
                update(DuplicateMember)
                .where(DuplicateMember.group_id == group_id, DuplicateMember.media_asset_id.in_(archived))
                .values(is_archived=True)
            )
        if changed.rowcount:
            await _tell(connection, members, DECIDED, _SENTENCES[decision])


async def take_back(bench: Workbench, group_id: str) -> None:
    """Makes a decision a proposal again, and brings back what it had put away. Raises :class:`NotFound`."""
    async with bench.database.read() as connection:
        group, members = await _group(connection, group_id)
        gone = [member.media_asset_id for member in members if member.is_archived]
        hidden = await _hidden_versions(connection, gone)
    if group.decision is None:
        return
    for photo_id in hidden:
        await unarchive_together(bench, photo_id)
    async with bench.database.write() as connection:
        await connection.execute(
            update(DuplicateGroup).where(DuplicateGroup.id == group_id).values(decision=None, decided_at=None)
        )
        await connection.execute(
            update(DuplicateMember).where(DuplicateMember.group_id == group_id).values(is_archived=False)
        )
        await _tell(connection, members, TAKEN_BACK, "What was decided about {names} as duplicates was taken back.")


_SENTENCES = {
    Decision.KEEP: "{names} are copies of one picture, and all of them are kept.",
    Decision.ARCHIVE: "{names} are copies of one picture; not all of them are kept.",
    Decision.NOT_DUPLICATES: "{names} are no duplicates of each other.",
}


def _kept(group: Any, members: Sequence[Any], decision: Decision, keep: Iterable[str] | None) -> set[str]:
    everything = {member.media_asset_id for member in members}
    if decision is not Decision.ARCHIVE:
        return everything
    kept = {group.keeper_id} if keep is None else set(keep)
    if strangers := kept - everything:
        raise BadRequest(f"{', '.join(sorted(strangers))}: no members of the group {group.id}.")
    if not any(member.photo_id is not None for member in members if member.media_asset_id in kept):
        raise BadRequest("One of the pictures has to stay, and be visible.")
    return kept


async def _group(connection: AsyncConnection, group_id: str) -> tuple[Any, Sequence[Any]]:
    """The group, and its members with their versions that are visible; raises :class:`NotFound`."""
    group = (await connection.execute(select(DuplicateGroup.__table__).where(DuplicateGroup.id == group_id))).first()
    if group is None:
        raise NotFound(f"There is no group of duplicates {group_id}.")
    photo = (
        select(FileVersion.id)
        .where(FileVersion.media_asset_id == DuplicateMember.media_asset_id, FileVersion.archived_at.is_(None))
        .order_by(FileVersion.tier != Tier.SILVER, FileVersion.id)
        .limit(1)
        .correlate(DuplicateMember)
        .scalar_subquery()
    )
    statement = (
        select(
            DuplicateMember.media_asset_id,
            DuplicateMember.kind,
            DuplicateMember.similarity,
            DuplicateMember.reason,
            DuplicateMember.is_archived,
            MediaAsset.original_filename,
            photo.label("photo_id"),
        )
        .join(MediaAsset, MediaAsset.id == DuplicateMember.media_asset_id)
        .where(DuplicateMember.group_id == group_id)
        .order_by(MediaAsset.original_filename, MediaAsset.id)
    )
    return group, (await connection.execute(statement)).all()


async def _hold(connection: AsyncConnection, group: Any, members: Sequence[Any]) -> None:
    """Lets nobody else change the group until the transaction ends; one that is gone is brought back.

    The pass that ran meanwhile has dropped it where it saw that a member was put away already, but not yet why.
    """
    held = select(DuplicateGroup.id).where(DuplicateGroup.id == group.id).with_for_update()
    if (await connection.execute(held)).first() is not None:
        return
    columns = ("media_asset_id", "kind", "similarity", "reason")
    rows = [{"group_id": group.id} | {name: getattr(member, name) for name in columns} for member in members]
    # on PostgreSQL one that was written anew while it was waited for is not found, and there all the same
    for table, values in ((DuplicateGroup, [dict(group._mapping)]), (DuplicateMember, rows)):
        await connection.execute(insert_on_conflict(connection.dialect.name, table).on_conflict_do_nothing(), values)


async def _hidden_versions(connection: AsyncConnection, asset_ids: Sequence[str]) -> list[str]:
    """A version of each asset that is wholly hidden, by which it can be brought back."""
    statement = (
        select(FileVersion.id, FileVersion.media_asset_id, FileVersion.archived_at)
        .where(FileVersion.media_asset_id.in_(asset_ids))
        .where(FileVersion.processing_state.is_distinct_from("deleted"))
        .where(FileVersion.processing_state.is_distinct_from("superseded"))
        .order_by(FileVersion.tier != Tier.SILVER, FileVersion.id)
    )
    hidden: dict[str, str] = {}
    visible: set[str] = set()
    for row in await connection.execute(statement):
        if row.archived_at is None:
            visible.add(row.media_asset_id)
        hidden.setdefault(row.media_asset_id, row.id)
    return [photo_id for asset_id, photo_id in hidden.items() if asset_id not in visible]


async def _tell(connection: AsyncConnection, members: Sequence[Any], action: str, sentence: str) -> None:
    details = sentence.format(names=", ".join(shown(member.original_filename) for member in members))
    await connection.execute(
        insert(AssetHistory),
        [
            {"media_asset_id": member.media_asset_id, "action": action, "details": details, "timestamp": utc_now()}
            for member in members
        ],
    )
