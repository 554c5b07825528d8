"""The proposals as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.json_sql import json_array, json_object
from core.db.tables import DuplicateGroup, DuplicateMember, FileVersion, MediaAsset
from core.duplicates.facts import Decision, Kind
from core.errors import NotFound

GroupRow = Row[*tuple[Any, ...]]


def _best_version(column: Any, version: Any) -> Any:
    """Of a member's versions that are visible, the one to show."""
    return (
        select(column)
        .where(version.media_asset_id == DuplicateMember.media_asset_id, version.archived_at.is_(None))
        # gold, then silver, then bronze: their names are in that order backwards, but for gold
        .order_by(version.tier != "gold", version.tier.desc(), version.created_at.desc())
        .limit(1)
        .correlate(DuplicateMember)
        .scalar_subquery()
    )


def _groups() -> Any:
    version = aliased(FileVersion)
    member = json_object(
        assetId=DuplicateMember.media_asset_id,
        photoId=_best_version(version.id, version),
        originalFilename=MediaAsset.original_filename,
        fileSize=_best_version(version.file_size, version),
        kind=DuplicateMember.kind,
        similarity=DuplicateMember.similarity,
        reason=DuplicateMember.reason,
        isArchived=DuplicateMember.is_archived,
    )
    members = (
        select(json_array(member))
        .join(MediaAsset, MediaAsset.id == DuplicateMember.media_asset_id)
        .where(DuplicateMember.group_id == DuplicateGroup.id)
        .correlate(DuplicateGroup)
        .scalar_subquery()
    )
    return select(DuplicateGroup.__table__, members.label("members_json"))


_GROUPS = _groups()


def _visible_members() -> Any:
    """How many members of a group are still there to choose from."""
    is_visible = (
        select(FileVersion.id)
        .where(FileVersion.media_asset_id == DuplicateMember.media_asset_id, FileVersion.archived_at.is_(None))
        .correlate(DuplicateMember)
        .exists()
    )
    return (
        select(func.count())
        .select_from(DuplicateMember)
        .where(DuplicateMember.group_id == DuplicateGroup.id, is_visible)
        .correlate(DuplicateGroup)
        .scalar_subquery()
    )


_IS_OPEN: tuple[ColumnElement[bool], ...] = (DuplicateGroup.decision.is_(None), _visible_members() > 1)


async def list_duplicates(
    connection: AsyncConnection,
    *,
    kind: Kind | None = None,
    decision: Decision | None = None,
    limit: int,
    offset: int = 0,
) -> tuple[Sequence[GroupRow], int]:
    """Proposals, newest first, with their members, and how many there are; with ``decision`` those that had it."""
    is_wanted = list(_IS_OPEN) if decision is None else [DuplicateGroup.decision == decision]
    if kind is not None:
        is_wanted.append(DuplicateGroup.kind == kind)
    page = _GROUPS.where(*is_wanted).order_by(DuplicateGroup.created_at.desc(), DuplicateGroup.id)
    rows = (await connection.execute(page.limit(limit).offset(offset))).all()
    count = select(func.count()).select_from(DuplicateGroup).where(*is_wanted)
    return rows, (await connection.execute(count)).scalar_one()


def count_open() -> Select[int]:
    """Asks how many proposals wait for a decision: as many as :func:`list_duplicates` has of those that are open."""
    return select(func.count()).select_from(DuplicateGroup).where(*_IS_OPEN)


async def find_duplicates(connection: AsyncConnection, group_id: str) -> GroupRow:
    """One group, decided or not; raises :class:`NotFound`."""
    row: GroupRow | None = (await connection.execute(_GROUPS.where(DuplicateGroup.id == group_id))).first()
    if row is None:
        raise NotFound(f"There is no group of duplicates {group_id}.")
    return row
