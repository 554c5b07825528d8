"""The pictures of the library as bursts: one representative of each asset, read in one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Text, and_, case, cast, func, literal_column, select
from sqlalchemy.orm import aliased

from core.bursts.forming import Burst, form_bursts, has_company, in_order
from core.bursts.likeness import Frame
from core.bursts.similar import Tagged, similar_groups
from core.db.engine import Database
from core.db.in_batches import BATCH, all_rows
from core.db.json_sql import json_text
from core.db.tables import AssetGroup, AssetGroupMember, Face, FileVersion, MediaAsset
from core.groups.facts import GroupType
from core.library.layout import Tier
from core.media.clock import clock_of
from core.media.facts import HASH_BITS, CaptureSource
from core.pipeline.lookalikes import MIN_CONTRAST


class Representative(msgspec.Struct, frozen=True, gc=False):
    """The version of an asset that stands for it among bursts; see :class:`core.bursts.likeness.Frame`.

    ``came`` is ``created_at`` as text, without its zone: few of them are read, and texts are in the same order.
    ``told`` is what the database was asked to tell of it. Not a row of the database: of tens of thousands of those, the
    garbage collector would let nobody else have a turn.
    """

    taken: datetime
    came: str
    id: str
    media_asset_id: str
    tier: str
    processing_state: str | None
    is_reviewed: bool | None
    filename: str
    file_size: int
    file_hash: str
    perceptual_hash: str | None
    metadata_json: str | None
    faces: int
    group: str | None
    capture_source: str | None
    told: str


class Analysis(msgspec.Struct, frozen=True):
    """``alone`` are the ids of the pictures in no burst, latest first; ``pictures`` all of them by their ids."""

    bursts: list[Burst]
    alone: list[str]
    pictures: Mapping[str, Representative]


class _Exif(msgspec.Struct, rename="camel"):
    camera: str | None = None
    iso: str | None = None
    focal_length: str | None = None
    aperture: str | None = None


class _Quality(msgspec.Struct):
    sharpness: float = 0.0
    contrast: float = 1.0
    highlights: float = 0.0
    shadows: float = 0.0
    subject_sharpness: float | None = None
    face_sharpness: float | None = None


class _Metadata(msgspec.Struct):
    exif: _Exif | None = None
    quality: _Quality | None = None


_decode = msgspec.json.Decoder(_Metadata, strict=False).decode


def _representatives() -> Any:
    """Bronze that has not become Silver yet, else Silver, else Gold, as they are: images, not archived."""
    version, found_on = aliased(FileVersion), aliased(FileVersion)
    rank = case(
        (and_(version.tier == Tier.BRONZE, version.processing_state.is_distinct_from("promoted")), 0),
        (version.tier == Tier.SILVER, 1),
        (version.tier == Tier.GOLD, 2),
        else_=3,
    )
    # from asset to asset: numbering the versions of all assets takes SQLite three times as long
    chosen = (
        select(version.id)
        .where(
            version.media_asset_id == MediaAsset.id,
            version.archived_at.is_(None),
            version.mime_type.like("image/%"),
        )
        .order_by(rank, version.created_at.desc(), version.id)
        .limit(1)
        .correlate(MediaAsset)
        .scalar_subquery()
    )
    group = (
        select(AssetGroupMember.group_id)
        .join(AssetGroup, AssetGroup.id == AssetGroupMember.group_id)
        .where(
            AssetGroupMember.media_asset_id == MediaAsset.id,
            AssetGroupMember.is_together,
            AssetGroup.type == GroupType.BURST,
        )
        .correlate(MediaAsset)
        .scalar_subquery()
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
            FileVersion.captured_at,
            cast(FileVersion.created_at, Text()),
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.processing_state,
            FileVersion.is_reviewed,
            MediaAsset.original_filename,
            FileVersion.file_size,
            FileVersion.file_hash,
            FileVersion.perceptual_hash,
            json_text(FileVersion.combined_metadata),
            func.coalesce(faces.c.faces, 0),
            group,
            FileVersion.capture_source,
        )
        .select_from(MediaAsset)
        .join(FileVersion, FileVersion.id == chosen)
        .outerjoin(faces, faces.c.media_asset_id == MediaAsset.id)
    )


_REPRESENTATIVES = _representatives()

_UNDATED = (CaptureSource.FILE_MODIFIED, CaptureSource.INGESTED)

_NOTHING: ColumnElement[str] = literal_column("''", Text())


async def analyze(database: Database, told: ColumnElement[str] = _NOTHING) -> Analysis:
    """All bursts of the library; the comparing is done in a thread.

    ``told`` is what is told of each picture, made of the columns of :class:`FileVersion` and :class:`MediaAsset`.
    """
    pictures: list[Representative] = []
    async with database.read() as connection:
        rows = await connection.stream(_REPRESENTATIVES.add_columns(told), execution_options={"yield_per": BATCH})
        async for batch in rows.partitions():
            pictures += map(_representative, batch)
    return await asyncio.to_thread(_analyze, pictures)


def _representative(row: Any) -> Representative:
    taken = clock_of(row[0])
    if taken is not None:
        return Representative(taken, *row[1:])
    # the time of the row stands for it
    undated: tuple[Any, ...] = (*row[1:-2], CaptureSource.INGESTED.value, row[-1])
    return Representative(datetime.fromisoformat(row[1]), *undated)


def _analyze(pictures: list[Representative]) -> Analysis:
    pictures.sort(key=in_order)
    # most pictures are in no burst, and need not be looked at any closer
    company = has_company([picture.taken for picture in pictures])
    bursts, _ = form_bursts([_frame(one) for one, is_near in zip(pictures, company, strict=True) if is_near])
    grouped = {frame.id for burst in bursts for frame in burst.frames}
    alone = [picture.id for picture in reversed(pictures) if picture.id not in grouped]
    return Analysis(bursts, alone, {picture.id: picture for picture in pictures})


def _frame(picture: Representative) -> Frame:
    metadata = _metadata(picture.metadata_json)
    exif, quality = metadata.exif or _Exif(), metadata.quality
    # the hash of a blank picture is noise
    is_blank = quality is not None and quality.contrast < MIN_CONTRAST
    bits = "" if is_blank else picture.perceptual_hash or ""
    return Frame(
        id=picture.id,
        filename=picture.filename,
        taken=picture.taken,
        created_at=datetime.fromisoformat(picture.came).replace(tzinfo=UTC),
        file_size=picture.file_size,
        file_hash=picture.file_hash,
        settings=(exif.camera, exif.iso, exif.focal_length, exif.aperture),
        perceptual_hash=int(bits, 2) if len(bits) == HASH_BITS and not bits.strip("01") else None,
        sharpness=quality.sharpness if quality is not None else None,
        clipped=quality.highlights + quality.shadows if quality is not None else 0.0,
        faces=picture.faces,
        subject_sharpness=quality.subject_sharpness if quality is not None else None,
        face_sharpness=quality.face_sharpness if quality is not None else None,
        group=picture.group,
        is_dated=picture.capture_source not in _UNDATED,
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
