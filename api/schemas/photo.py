"""Which fields does a photo have on the wire?

The contract's Photo: one version of an asset. What the database holds as JSON (metadata, keywords, faces) is passed on
as the text that it is. Lists hold thousands, so the garbage collector is told that there are no cycles (``gc=False``).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Struct, UnsetType

from api.schemas.history import HistoryEntry
from api.schemas.metadata import CombinedMetadata
from api.schemas.raw_json import JsonOf, raw_json
from api.schemas.timestamp import Timestamp, WallClock, timestamp, wall_clock
from core.library.photos import PhotoRow
from core.media.clock import clock_of


class MediaAsset(Struct, rename="camel", gc=False):
    """What all versions of a photo share. ``display_filename`` and ``file_path`` are those of the version around it."""

    id: str
    original_filename: str
    created_at: Timestamp
    display_filename: str
    file_path: str


class DetectedFace(Struct, rename="camel"):
    """A face: ``bounding_box`` is x, y, width, height in pixels after orientation, ``confidence`` 0–100."""

    id: str
    bounding_box: tuple[int, int, int, int]
    confidence: int
    person_id: str | None


class Photo(Struct, rename="camel", gc=False):
    """One version. Nullable columns are always present; what is not known of place and time is left out."""

    id: str
    media_asset_id: str
    tier: str
    file_path: str
    file_hash: str
    file_size: int
    mime_type: str
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]
    is_reviewed: bool | None
    rating: int | None
    keywords: Annotated[msgspec.Raw, JsonOf(list[str] | None)]
    location: str | None
    event_type: str | None
    event_name: str | None
    perceptual_hash: str | None
    ai_short_description: str | None
    processing_state: str | None
    created_at: Timestamp
    is_favorite: bool
    detected_faces: Annotated[msgspec.Raw, JsonOf(list[DetectedFace])]
    media_asset: MediaAsset
    captured_at: WallClock | UnsetType = UNSET
    gps_latitude: str | UnsetType = UNSET
    gps_longitude: str | UnsetType = UNSET
    is_superseded: bool | UnsetType = UNSET
    history: list[HistoryEntry] | UnsetType = UNSET


class FilenamePreview(Struct):
    """A file name with its extension."""

    filename: str


def photo_of(row: PhotoRow, is_superseded: bool | UnsetType = UNSET) -> Photo:
    """A row of :mod:`core.library.photos` as it goes over the wire."""
    file_path: str = row.file_path
    latitude, longitude = row.gps_latitude, row.gps_longitude
    return Photo(
        id=row.id,
        media_asset_id=row.media_asset_id,
        tier=row.tier,
        file_path=file_path,
        file_hash=row.file_hash,
        file_size=row.file_size,
        mime_type=row.mime_type,
        metadata=raw_json(row.metadata_json),
        is_reviewed=row.is_reviewed,
        rating=row.rating,
        keywords=raw_json(row.keywords_json),
        location=row.location,
        event_type=row.event_type,
        event_name=row.event_name,
        perceptual_hash=row.perceptual_hash,
        ai_short_description=row.ai_short_description,
        processing_state=row.processing_state,
        created_at=timestamp(row.created_at),
        is_favorite=row.is_favorite,
        detected_faces=raw_json(row.faces_json),
        media_asset=MediaAsset(
            row.media_asset_id,
            row.original_filename,
            timestamp(row.asset_created_at),
            file_path.rpartition("/")[2],
            file_path,
        ),
        captured_at=UNSET if clock_of(row.captured_at) is None else wall_clock(row.captured_at),
        gps_latitude=UNSET if latitude is None else degrees(latitude),
        gps_longitude=UNSET if longitude is None else degrees(longitude),
        is_superseded=is_superseded,
    )


def degrees(value: float) -> str:
    """Six decimals are 11 cm, and more than any camera knows."""
    return f"{value:.6f}"
