"""What is known of a photo that is in the library, in the shape that providers of descriptions are given.

From its row, with what people have corrected since it came, and what was kept of the look at its pixels; no file is
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import CameraSettings, DetectedEvent, PhotoFacts
from core.db.tables import Face, FileVersion, StageResult
from core.library.photo_facts import position_of
from core.library.readable_metadata import readable
from core.media.clock import clock_of
from core.media.facts import (
    LOOK_VERSION,
    CaptureSource,
    CaptureTime,
    Confidence,
    Kind,
    Look,
    OffsetSource,
    Quality,
    Tagging,
)
from core.media.formats import FORMATS
from core.media.source_file import shown
from core.pipeline.know import SURE_FACE, camera_settings
from core.pipeline.look import STAGE
from core.pipeline.remembered_metadata import remembered_metadata
from core.places import Place

Word = TypeVar("Word", OffsetSource, Confidence)

_KINDS = {known.mime_type: known.kind for known in FORMATS}


async def stored_facts(connection: AsyncConnection, row: Mapping[str, Any]) -> PhotoFacts:
    """The facts of a row of ``file_versions``, with ``original_filename`` and ``asset_sha256`` of its asset."""
    metadata = readable(row["combined_metadata"])
    latitude, longitude = position_of(row, {})
    quality = metadata.get("quality")
    faces = await _face_heights(connection, row["media_asset_id"])
    width, height = row["width"] or 0, row["height"] or 0
    said = await remembered_metadata(connection, row["asset_sha256"] or "")
    is_event = row["event_type"] and row["event_name"]
    return PhotoFacts(
        kind=_KINDS.get(row["mime_type"], Kind.PHOTO),
        mime_type=row["mime_type"],
        width=width,
        height=height,
        original_filename=shown(row["original_filename"]),
        face_count=len(faces),
        captured=_captured(row),
        latitude=latitude,
        longitude=longitude,
        place=_place(metadata.get("place") or {}, latitude, longitude),
        camera=(metadata.get("exif") or {}).get("camera"),
        tagging=await _tagging(connection, row["asset_sha256"]),
        quality=msgspec.convert(quality, Quality, strict=False) if quality else None,
        duration=row["duration"],
        largest_face=max(faces, default=0) / max(1, min(width, height)),
        settings=CameraSettings() if said is None else camera_settings(said),
        description=(metadata.get("exif") or {}).get("imageDescription"),
        event=DetectedEvent(row["event_type"], row["event_name"], 1.0) if is_event else None,
    )


async def _face_heights(connection: AsyncConnection, asset_id: str) -> list[int]:
    """Of the faces that are told of in words, in pixels of the upright picture."""
    versions = select(FileVersion.id).where(FileVersion.media_asset_id == asset_id)
    statement = select(Face.bounding_box).where(
        Face.photo_id.in_(versions), Face.ignored.is_(False), Face.confidence >= SURE_FACE * 100
    )
    return [box[3] for box in (await connection.execute(statement)).scalars()]


async def _tagging(connection: AsyncConnection, sha256: str | None) -> Tagging | None:
    statement = select(StageResult.payload).where(
        StageResult.sha256 == sha256, StageResult.stage == STAGE, StageResult.version == LOOK_VERSION
    )
    payload = (await connection.execute(statement)).scalar_one_or_none()
    return None if payload is None else msgspec.msgpack.decode(payload, type=Look).tagging


def _captured(row: Mapping[str, Any]) -> CaptureTime | None:
    local = clock_of(row["captured_at"])
    if local is None:
        return None
    source = row["capture_source"]
    return CaptureTime(
        local=local,
        # what a person wrote into a sidecar is as good as what the camera wrote
        source=CaptureSource(source) if source in set(CaptureSource) else CaptureSource.EXIF_ORIGINAL,
        offset_minutes=row["capture_offset_minutes"],
        zone=row["time_zone"],
        offset_source=_known(OffsetSource, row["capture_offset_source"]),
        confidence=_known(Confidence, row["capture_confidence"]) or Confidence.UNKNOWN,
    )


def _known(words: type[Word], text: str | None) -> Word | None:
    return words(text) if text in set(words) else None


def _place(place: Mapping[str, Any], latitude: float | None, longitude: float | None) -> Place | None:
    if not (place.get("name") and place.get("country")):
        return None
    # where the place's own centre lies is not kept; that of the photo is the nearest to it that is known
    return Place(
        name=place["name"],
        region=place.get("region"),
        country=place["country"],
        country_code=place.get("countryCode") or "",
        latitude=latitude or 0.0,
        longitude=longitude or 0.0,
        distance_km=0.0,
        population=0,
    )
