"""The pictures of the library as bursts: one representative of each asset, read in one statement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, case, select
from sqlalchemy.orm import aliased

from core.bursts.forming import Burst, form_bursts, has_company, in_order
from core.bursts.likeness import Frame
from core.bursts.similar import Tagged, similar_groups
from core.db.engine import Database
from core.db.in_batches import BATCH, all_rows
from core.db.json_sql import json_text, utc_text
from core.db.tables import AssetGroup, AssetGroupMember, Face, FileVersion, MediaAsset
from core.groups.facts import GroupType
from core.library.layout import Tier
from core.media.clock import clock_of
from core.media.facts import HASH_BITS, CaptureSource
from core.pipeline.lookalikes import MIN_CONTRAST


class Representative(msgspec.Struct, frozen=True, gc=False):
    """The version of an asset that stands for it among bursts; see :class:`core.bursts.likeness.Frame`.

    ``came`` and ``asset_came`` are when version and asset were written down, ISO 8601 in UTC with milliseconds and
    ``Z``: as text, which is sent as it is, and sorted as times are. Not a row of the database: of tens of thousands of
    those, the garbage collector would let nobody else have a turn.
    """

    taken: datetime
    came: str
    id: str
    media_asset_id: str
    tier: str
    processing_state: str | None
    is_reviewed: bool | None
    filename: str
    asset_came: str
    file_path: str
    file_size: int
    file_hash: str
    perceptual_hash: str | None
    metadata_json: str | None
    group: str | None
    capture_source: str | None


class Analysis(msgspec.Struct, frozen=True):
    """``alone`` are the pictures in no burst, latest first; ``members`` those of the bursts, by their ids."""

    bursts: list[Burst]
    alone: list[Representative]
    members: Mapping[str, Representative]

    @property
    def pictures(self) -> int:
        """How many there are, in bursts or not."""
        return len(self.alone) + len(self.members)


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
    version = aliased(FileVersion)
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
    return (
        select(
            FileVersion.captured_at,
            utc_text(FileVersion.created_at),
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.processing_state,
            FileVersion.is_reviewed,
            MediaAsset.original_filename,
            utc_text(MediaAsset.created_at),
            FileVersion.file_path,
            FileVersion.file_size,
            FileVersion.file_hash,
            FileVersion.perceptual_hash,
            json_text(FileVersion.combined_metadata),
            group,
            FileVersion.capture_source,
        )
        .select_from(MediaAsset)
        .join(FileVersion, FileVersion.id == chosen)
    )


_REPRESENTATIVES = _representatives()

_UNDATED = (CaptureSource.FILE_MODIFIED, CaptureSource.INGESTED)

# a database goes from each face to its version, as long as it is not asked to put them together
_FACES = (
    select(FileVersion.media_asset_id)
    .join(Face, Face.photo_id == FileVersion.id)
    .where(FileVersion.archived_at.is_(None), Face.ignored.is_(False))
)


async def analyze(database: Database) -> Analysis:
    """All bursts of the library; the comparing is done in a thread."""
    pictures: list[Representative] = []
    faces: list[str] = []
    async with database.read() as connection:
        rows = await connection.stream(_REPRESENTATIVES, execution_options={"yield_per": BATCH})
        async for batch in rows.partitions():
            pictures += map(_representative, batch)
        on_assets = await connection.stream(_FACES, execution_options={"yield_per": BATCH})
        async for batch in on_assets.partitions():
            faces += [media_asset_id for (media_asset_id,) in batch]
    return await asyncio.to_thread(_analyze, pictures, faces)


def _representative(row: Any) -> Representative:
    taken = clock_of(row[0])
    if taken is not None:
        return Representative(taken, *row[1:])
    # the time of the row stands for it
    undated: tuple[Any, ...] = (*row[1:-1], CaptureSource.INGESTED.value)
    return Representative(datetime.fromisoformat(row[1].removesuffix("Z")), *undated)


def _analyze(pictures: list[Representative], faces: list[str]) -> Analysis:
    """``faces`` has the id of an asset once for each face on it."""
    pictures.sort(key=in_order)
    counted = Counter(faces)
    # most pictures are in no burst, and need not be looked at any closer
    company = has_company([picture.taken for picture in pictures])
    near = [picture for picture, is_near in zip(pictures, company, strict=True) if is_near]
    bursts, _ = form_bursts([_frame(picture, counted[picture.media_asset_id]) for picture in near])
    grouped = {frame.id for burst in bursts for frame in burst.frames}
    alone = [picture for picture in reversed(pictures) if picture.id not in grouped]
    members = {picture.id: picture for picture in near if picture.id in grouped}
    return Analysis(bursts, alone, members)


def _frame(picture: Representative, faces: int) -> Frame:
    metadata = _metadata(picture.metadata_json)
    exif, quality = metadata.exif or _Exif(), metadata.quality
    # the hash of a blank picture is noise
    is_blank = quality is not None and quality.contrast < MIN_CONTRAST
    bits = "" if is_blank else picture.perceptual_hash or ""
    return Frame(
        id=picture.id,
        filename=picture.filename,
        taken=picture.taken,
        created_at=datetime.fromisoformat(picture.came),
        file_size=picture.file_size,
        file_hash=picture.file_hash,
        settings=(exif.camera, exif.iso, exif.focal_length, exif.aperture),
        perceptual_hash=int(bits, 2) if len(bits) == HASH_BITS and not bits.strip("01") else None,
        sharpness=quality.sharpness if quality is not None else None,
        clipped=quality.highlights + quality.shadows if quality is not None else 0.0,
        faces=faces,
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
