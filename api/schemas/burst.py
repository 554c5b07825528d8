"""Bursts and photos that are alike, on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Text, cast

from api.schemas.asset_text import ASSET, with_display_filename
from api.schemas.metadata import CombinedMetadata
from api.schemas.person import Id, Ids
from api.schemas.photo import MediaAsset, Photo
from api.schemas.raw_json import JsonOf
from api.schemas.timestamp import Timestamp, WallClock
from core.bursts.reading import Analysis, Representative
from core.db.json_sql import json_object, utc_text
from core.db.tables import FileVersion
from core.errors import BadRequest

_BATCH: Final = 250
"""Pictures that are put together in one go: less than a millisecond."""


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


class _BurstNumbers(Struct, rename="camel"):
    id: str
    suggested_best: str
    average_similarity: float
    time_span: int
    group_reason: str
    best_reason: str


class BurstGroup(_BurstNumbers, rename="camel"):
    """``averageSimilarity`` is 0–1, ``timeSpan`` in milliseconds, ``suggestedBest`` the id of a photo, and
    ``bestReason`` why.
    """

    photos: list[BurstPhoto]


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


class BurstRestored(Struct):
    """``restored`` are the ids of the photos that are again what they were."""

    restored: list[str]


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


BURST_PHOTO: Final = cast(
    json_object(
        id=FileVersion.id,
        filePath=FileVersion.file_path,
        fileSize=FileVersion.file_size,
        fileHash=FileVersion.file_hash,
        tier=FileVersion.tier,
        processingState=FileVersion.processing_state,
        createdAt=utc_text(FileVersion.created_at),
        mediaAsset=ASSET,
    ),
    Text(),
)
"""What the database tells of each picture for :func:`encoded_bursts`: a :class:`BurstPhoto` without its metadata."""


def encoded_bursts(analysis: Analysis) -> Iterator[bytes]:
    """A :class:`BurstAnalysis` piece by piece: as a whole it would keep everybody else from being answered."""
    yield b'{"totalPhotos":%d,"groups":[' % len(analysis.pictures)
    before = ""
    for burst in analysis.bursts:
        photos = ",".join([_photo_text(analysis.pictures[frame.id]) for frame in burst.frames])
        group = _BurstNumbers(burst.id, burst.best, burst.likeness, burst.span_ms, burst.reason, burst.best_reason)
        yield f'{before}{{"photos":[{photos}],'.encode() + msgspec.json.encode(group)[1:]
        before = ","
    yield b'],"ungroupedPhotos":['
    for start in range(0, len(analysis.alone), _BATCH):
        alone = analysis.alone[start : start + _BATCH]
        photos = ",".join([_photo_text(analysis.pictures[photo_id]) for photo_id in alone])
        yield b"," * bool(start) + photos.encode()
    yield b"]}"


def _photo_text(picture: Representative) -> str:
    return f'{with_display_filename(picture.told[:-1])},"metadata":{picture.metadata_json or "null"}}}'
