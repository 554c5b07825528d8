"""Bursts and photos that are alike, on the wire."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.metadata import CombinedMetadata
from api.schemas.person import Id, Ids
from api.schemas.photo import MediaAsset, Photo
from api.schemas.raw_json import JsonOf, raw_json
from api.schemas.timestamp import Timestamp, WallClock, timestamp
from core.errors import BadRequest


class BurstPhoto(Struct, rename="camel", gc=False):
    """A picture as the burst page shows it."""

    id: str
    file_path: str
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]
    media_asset: MediaAsset
    created_at: Timestamp
    file_size: int
    file_hash: str
    tier: str
    processing_state: str | None


class BurstGroup(Struct, rename="camel"):
    """``averageSimilarity`` is 0–1, ``timeSpan`` in milliseconds, ``suggestedBest`` the id of a photo."""

    id: str
    photos: list[BurstPhoto]
    suggested_best: str
    average_similarity: float
    time_span: int
    group_reason: str


class BurstAnalysis(Struct, rename="camel"):
    """``totalPhotos`` counts one picture for each asset."""

    groups: list[BurstGroup]
    total_photos: int
    ungrouped_photos: list[BurstPhoto]


class BurstNotice(Struct, rename="camel"):
    """A burst with whole photos; its times are those of the camera."""

    id: str
    photos: list[Photo]
    start_time: WallClock
    end_time: WallClock
    count: int


class BurstNotices(Struct, rename="camel"):
    """The bursts among the latest photos, and those in none."""

    groups: list[BurstNotice]
    total_photos: int
    ungrouped_photos: list[Photo]


class SimilarGroup(Struct, rename="camel"):
    """Photos that may be of one motif."""

    photos: list[Photo]
    similarity_score: float
    suggested: Photo


class BurstSelection(Struct, rename="camel"):
    """The photos of one burst to keep."""

    group_id: Id
    selected_photo_ids: Ids


class BurstDecision(Struct, rename="camel"):
    """``selections``, or the same as JSON text in ``body``, as the client's helper wraps it."""

    selections: list[BurstSelection] | UnsetType = UNSET
    ungrouped_photos: Ids | None = None
    body: Annotated[str, Meta(max_length=64_000_000)] | UnsetType = UNSET


class BurstsProcessed(Struct):
    """``errors``: a sentence for each photo or burst for which it did not work out."""

    processed: int
    promoted: int
    errors: list[str]


def unwrapped(decision: BurstDecision) -> tuple[list[BurstSelection], list[str]]:
    """Selections and ungrouped photos, from whichever form. Raises :class:`BadRequest`."""
    if isinstance(decision.selections, UnsetType) and isinstance(decision.body, str):
        try:
            decision = msgspec.json.decode(decision.body, type=BurstDecision)
        except msgspec.DecodeError as error:
            raise BadRequest(f"body holds no selections: {error}.") from error
    if isinstance(decision.selections, UnsetType):
        raise BadRequest("selections is missing: a list of bursts with the photos of each to keep.")
    return decision.selections, decision.ungrouped_photos or []


def burst_photo_of(row: Any) -> BurstPhoto:
    """A row of :func:`core.bursts.reading.analyze`."""
    file_path: str = row.file_path
    return BurstPhoto(
        id=row.id,
        file_path=file_path,
        metadata=raw_json(row.metadata_json),
        media_asset=MediaAsset(
            row.media_asset_id,
            row.original_filename,
            timestamp(row.asset_created_at),
            file_path.rpartition("/")[2],
            file_path,
        ),
        created_at=timestamp(row.created_at),
        file_size=row.file_size,
        file_hash=row.file_hash,
        tier=row.tier,
        processing_state=row.processing_state,
    )
