"""The pictures of the library as bursts: one representative of each asset, read in one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from core.bursts.forming import Burst, form_bursts
from core.bursts.likeness import Frame
from core.bursts.similar import Tagged, similar_groups
from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.json_sql import json_text
from core.db.tables import Face, FileVersion, MediaAsset
from core.library.layout import Tier
from core.media.facts import HASH_BITS


class Analysis(msgspec.Struct, frozen=True):
    """``rows`` are the columns of every representative by its id."""

    bursts: list[Burst]
    alone: list[Frame]
    rows: Mapping[str, Any]


class _Exif(msgspec.Struct, rename="camel"):
    camera: str | None = None
    iso: str | None = None
    focal_length: str | None = None
    aperture: str | None = None


class _Quality(msgspec.Struct):
    sharpness: float = 0.0
    highlights: float = 0.0
    shadows: float = 0.0


class _Metadata(msgspec.Struct):
    exif: _Exif | None = None
    quality: _Quality | None = None


_decode = msgspec.json.Decoder(_Metadata, strict=False).decode


def _representatives() -> Any:
    """Bronze that has not become Silver yet, else Silver, else Gold, as they are: images, not archived."""
    found_on = aliased(FileVersion)
    rank = case(
        (and_(FileVersion.tier == Tier.BRONZE, FileVersion.processing_state.is_distinct_from("promoted")), 0),
        (FileVersion.tier == Tier.SILVER, 1),
        (FileVersion.tier == Tier.GOLD, 2),
        else_=3,
    )
    chosen = (
        select(
            FileVersion.id,
            func.row_number()
            .over(
                partition_by=FileVersion.media_asset_id,
                order_by=(rank, FileVersion.created_at.desc(), FileVersion.id),
            )
            .label("place"),
        )
        .where(FileVersion.archived_at.is_(None), FileVersion.mime_type.like("image/%"))
        .subquery()
    )
    faces = (
        select(found_on.media_asset_id, func.count().label("faces"))
        .join(Face, Face.photo_id == found_on.id)
        .where(found_on.archived_at.is_(None), Face.ignored.is_(False))
        .group_by(found_on.media_asset_id)
        .subquery()
    )
    return (
        select(
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.file_path,
            FileVersion.file_hash,
            FileVersion.file_size,
            FileVersion.processing_state,
            FileVersion.perceptual_hash,
            FileVersion.captured_at,
            FileVersion.created_at,
            json_text(FileVersion.combined_metadata).label("metadata_json"),
            MediaAsset.original_filename,
            MediaAsset.created_at.label("asset_created_at"),
            func.coalesce(faces.c.faces, 0).label("faces"),
        )
        .join(chosen, and_(chosen.c.id == FileVersion.id, chosen.c.place == 1))
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .outerjoin(faces, faces.c.media_asset_id == FileVersion.media_asset_id)
    )


_REPRESENTATIVES = _representatives()


async def analyze(database: Database) -> Analysis:
    """All bursts of the library; the comparing is done in a thread."""
    async with database.read() as connection:
        rows = await all_rows(connection, _REPRESENTATIVES)
    return await asyncio.to_thread(_analyze, rows)


def _analyze(rows: Sequence[Any]) -> Analysis:
    bursts, alone = form_bursts([_frame(row) for row in rows])
    return Analysis(bursts, alone, {row.id: row for row in rows})


def _frame(row: Any) -> Frame:
    metadata = _metadata(row.metadata_json)
    exif, quality = metadata.exif or _Exif(), metadata.quality
    bits = row.perceptual_hash or ""
    return Frame(
        id=row.id,
        filename=row.original_filename,
        taken=datetime.fromisoformat(row.captured_at or row.created_at.isoformat()).replace(tzinfo=None),
        created_at=row.created_at,
        file_size=row.file_size,
        file_hash=row.file_hash,
        settings=(exif.camera, exif.iso, exif.focal_length, exif.aperture),
        perceptual_hash=int(bits, 2) if len(bits) == HASH_BITS and not bits.strip("01") else None,
        sharpness=quality.sharpness if quality is not None else None,
        clipped=quality.highlights + quality.shadows if quality is not None else 0.0,
        faces=row.faces,
    )


def _metadata(text: str | None) -> _Metadata:
    try:
        return _decode(text) if text is not None else _Metadata()
    except msgspec.ValidationError:
        # a person may have written anything into it
        return _Metadata()


class _Described(msgspec.Struct, rename="camel"):
    ai_tags: list[str] = []
    ai_confidence_scores: dict[str, float | None] = {}


class _WithWords(msgspec.Struct):
    ai: _Described | None = None


_decode_words = msgspec.json.Decoder(_WithWords, strict=False).decode


async def similar_of_tier(database: Database, tier: str, threshold: float) -> list[list[str]]:
    """The ids of photos of a tier that are alike, the one to suggest first; see :mod:`core.bursts.similar`."""
    statement = (
        select(
            FileVersion.id,
            FileVersion.created_at,
            json_text(FileVersion.combined_metadata).label("metadata_json"),
            MediaAsset.original_filename,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.tier == tier, FileVersion.archived_at.is_(None))
    )
    async with database.read() as connection:
        rows = await all_rows(connection, statement)
    return await asyncio.to_thread(_similar, rows, threshold)


def _similar(rows: Sequence[Any], threshold: float) -> list[list[str]]:
    photos = []
    for row in rows:
        words = _words(row.metadata_json)
        photos.append(
            Tagged(
                row.id,
                row.original_filename,
                row.created_at,
                frozenset(tag.casefold() for tag in words.ai_tags),
                words.ai_confidence_scores.get("tags") or 0.0,
            )
        )
    return [[photo.id for photo in group] for group in similar_groups(photos, threshold)]


def _words(text: str | None) -> _Described:
    try:
        return (_decode_words(text).ai if text is not None else None) or _Described()
    except msgspec.ValidationError:
        return _Described()
