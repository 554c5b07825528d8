"""Keeps the proposals in line with the pairs that were found, and with what people have decided."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.tables import (
    AssetGroupMember,
    CollectionPhoto,
    DuplicateGroup,
    DuplicatePair,
    Face,
    FileVersion,
    MediaAsset,
)
from core.duplicates.decided import Decided, read_decided
from core.duplicates.facts import Found, Kind
from core.duplicates.forming import form_groups
from core.duplicates.keeper import Candidate
from core.duplicates.settling import Formed, settle
from core.duplicates.stored_shot import SHOT_COLUMNS, shot_of
from core.duplicates.suggestion import signs_of_editing
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.media.source_file import shown

_FORMAT_RANKS = {"image/jpeg": 1, "image/webp": 1, "image/avif": 1, "image/gif": 0} | dict.fromkeys(
    ("image/png", "image/tiff", "image/heic", "image/heif"), 2
)
_RAW_RANK = 3


async def propose(database: Database) -> tuple[int, int]:
    """Forms the groups of all pairs that nobody has decided yet, anew; writes only what changes.

    Returns how many groups there are, and how many of them are new.
    """
    return await settle(database, await form(database))


async def form(database: Database) -> Formed:
    """The groups as they should be."""
    async with database.read() as connection:
        waited = await all_rows(connection, select(DuplicateGroup.id).where(DuplicateGroup.decision.is_(None)))
        decided = await read_decided(connection)
        pairs, apart = await _undecided_pairs(connection, decided)
        assets = {one for pair in pairs for one in (pair.one, pair.other)}
        candidates = await _candidates(connection, assets, decided.kept)
    # both may be long: others have their turn meanwhile
    groups = await asyncio.to_thread(form_groups, pairs, candidates, apart)
    return Formed(groups, frozenset(row.id for row in waited))


async def _undecided_pairs(connection: AsyncConnection, decided: Decided) -> tuple[list[Found], Mapping[str, Set[str]]]:
    """The pairs of which nobody has said anything, and whose assets do not belong together (any more, or yet).

    With them, for each asset, the groups with whose other members it is never proposed.
    """
    statement = select(DuplicatePair.__table__).order_by(DuplicatePair.one_id, DuplicatePair.other_id)
    rows = await all_rows(connection, statement)
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for asset_id, group_ids in decided.groups.items():
        groups[asset_id] |= group_ids
    assets = {one for row in rows for one in (row.one_id, row.other_id)}
    for chunk in chunks(sorted(assets)):
        together = select(AssetGroupMember.media_asset_id, AssetGroupMember.group_id).where(
            AssetGroupMember.media_asset_id.in_(chunk), AssetGroupMember.is_together
        )
        for asset_id, group_id in await connection.execute(together):
            groups[asset_id].add(group_id)
    return await asyncio.to_thread(_apart, rows, groups), groups


def _apart(rows: Sequence[Any], groups: Mapping[str, Set[str]]) -> list[Found]:
    """The pairs that are in no group together."""
    nowhere: Set[str] = frozenset()
    return [
        Found(row.one_id, row.other_id, Kind(row.kind), row.similarity, row.reason)
        for row in rows
        if not groups.get(row.one_id, nowhere) & groups.get(row.other_id, nowhere)
    ]


async def _candidates(connection: AsyncConnection, asset_ids: Set[str], kept: Set[str]) -> dict[str, Candidate]:
    """The assets that are visible, each by its best version."""
    found: dict[str, Candidate] = {}
    rank = case((FileVersion.tier == Tier.GOLD, 0), (FileVersion.tier == Tier.SILVER, 1), else_=2)
    for chunk in chunks(sorted(asset_ids)):
        statement = (
            select(
                MediaAsset.id,
                FileVersion.id.label("photo_id"),
                FileVersion.tier,
                FileVersion.width,
                FileVersion.height,
                FileVersion.file_size,
                FileVersion.mime_type,
                FileVersion.rating,
                FileVersion.is_favorite,
                FileVersion.gps_latitude,
                *SHOT_COLUMNS,
            )
            .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
            .where(MediaAsset.id.in_(chunk), FileVersion.archived_at.is_(None))
            .order_by(rank, FileVersion.created_at.desc(), FileVersion.id)
        )
        faces, named = await _faces(connection, chunk)
        collected = await _collected(connection, chunk)
        for row in await all_rows(connection, statement):
            if row.id not in found:
                said = named.get(row.id, 0) + collected.get(row.id, 0)
                found[row.id] = _candidate(row, faces.get(row.id, 0), said, row.id in kept)
    return found


def _candidate(row: Any, faces: int, said: int, is_kept: bool) -> Candidate:
    shot = shot_of(row)
    is_dated = shot.captured is not None and shot.captured.is_dated
    return Candidate(
        asset_id=row.id,
        name=shown(row.original_filename),
        created_at=row.created_at,
        width=row.width or 0,
        height=row.height or 0,
        file_size=row.file_size,
        is_kept=is_kept,
        is_gold=row.tier == Tier.GOLD,
        said=said + bool(row.rating) + bool(row.is_favorite),
        known=(shot.exif.camera is not None) + is_dated + (row.gps_latitude is not None),
        signs_of_editing=signs_of_editing(shot.filename, shot.exif),
        format_rank=_FORMAT_RANKS.get(row.mime_type, _RAW_RANK),
        faces=faces,
    )


async def _faces(connection: AsyncConnection, asset_ids: Sequence[str]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Faces of each asset, and how many of them have a name."""
    statement = (
        select(FileVersion.media_asset_id, func.count(), func.count(Face.person_id))
        .join(Face, Face.photo_id == FileVersion.id)
        .where(FileVersion.media_asset_id.in_(asset_ids), FileVersion.archived_at.is_(None), Face.ignored.is_(False))
        .group_by(FileVersion.media_asset_id)
    )
    rows = (await connection.execute(statement)).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


async def _collected(connection: AsyncConnection, asset_ids: Sequence[str]) -> dict[str, int]:
    statement = (
        select(FileVersion.media_asset_id, func.count())
        .join(CollectionPhoto, CollectionPhoto.photo_id == FileVersion.id)
        .where(FileVersion.media_asset_id.in_(asset_ids))
        .group_by(FileVersion.media_asset_id)
    )
    return {row[0]: row[1] for row in await connection.execute(statement)}
