"""Which photos look like this one? By the bits in which perceptual hashes are equal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.search_sql import FACTS
from core.db.tables import FileVersion, MediaAsset
from core.media.facts import HASH_BITS

_BATCH = 500
"""Hashes whose photos are fetched at a time."""


class Similar(msgspec.Struct, frozen=True):
    """A photo that looks like another. ``similarity`` is the share of equal bits in per cent, rounded."""

    id: str
    file_path: str
    perceptual_hash: str
    tier: str
    original_filename: str
    similarity: int


def is_hash(text: str) -> bool:
    """Whether this is a perceptual hash: 64 characters of 0 and 1."""
    return len(text) == HASH_BITS and not text.strip("01")


async def similar_hashes(database: Database, perceptual_hash: str, threshold: float) -> Mapping[str, int]:
    """The hashes in the library that are at least so similar, with their similarity in per cent, most alike first.

    The database hands over all of them as one text, from its index; 100,000 take some 30 ms, none of it on the event
    loop.
    """
    hashes = FileVersion.perceptual_hash
    statement = select(func.aggregate_strings(hashes, "")).where(func.length(hashes) == HASH_BITS)
    async with database.read() as connection:
        text = (await connection.execute(statement)).scalar_one()
    return await asyncio.to_thread(_compare, text or "", perceptual_hash, threshold)


def _compare(text: str, perceptual_hash: str, threshold: float) -> Mapping[str, int]:
    import numpy as np

    bits = np.frombuffer(text.encode("latin-1", "replace"), np.uint8).reshape(-1, HASH_BITS)
    equal = (bits == np.frombuffer(perceptual_hash.encode(), np.uint8)).sum(axis=1)
    similarity = np.floor(equal * 100 / HASH_BITS + 0.5).astype(int)
    near = np.flatnonzero(similarity >= threshold)
    ordered = near[np.argsort(-equal[near], kind="stable")]
    return {text[index * HASH_BITS : (index + 1) * HASH_BITS]: int(similarity[index]) for index in ordered}


async def similar_photos(database: Database, photo_id: str, threshold: float, limit: int) -> list[Similar]:
    """Photos that look like a version, most alike first; of each other asset, its best version.

    Empty where the version is unknown or has no hash.
    """
    async with database.read() as connection:
        own = (
            await connection.execute(
                select(FileVersion.media_asset_id, FileVersion.perceptual_hash).where(FileVersion.id == photo_id)
            )
        ).first()
    if own is None or own.perceptual_hash is None or not is_hash(own.perceptual_hash):
        return []
    alike = await similar_hashes(database, own.perceptual_hash, threshold)
    hashes = list(alike)
    found: list[Similar] = []
    async with database.read() as connection:
        for start in range(0, len(hashes), _BATCH):
            if len(found) >= limit:
                break
            found += await _photos_with(connection, hashes[start : start + _BATCH], alike, own.media_asset_id)
    return sorted(found, key=lambda photo: (-photo.similarity, photo.id))[:limit]


async def _photos_with(
    connection: AsyncConnection, hashes: Sequence[str], alike: Mapping[str, int], but_for: str
) -> list[Similar]:
    statement = (
        select(
            FileVersion.id,
            FileVersion.file_path,
            FileVersion.perceptual_hash,
            FileVersion.tier,
            MediaAsset.original_filename,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .join(FACTS, FACTS.c.version_id == FileVersion.id)
        .where(
            FileVersion.perceptual_hash.in_(hashes),
            FileVersion.media_asset_id != but_for,
            FACTS.c.is_shown.is_(True),
        )
    )
    rows = await connection.execute(statement)
    return [
        Similar(row.id, row.file_path, perceptual_hash, row.tier, row.original_filename, alike[perceptual_hash])
        for row in rows
        if (perceptual_hash := row.perceptual_hash) is not None
    ]
