"""What of a photo's row goes into its Gold file and the sidecar beside it?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.ai.provider import Confidences
from core.library.embedding.wanted import Wanted
from core.library.face_regions import stored_region, stored_size
from core.library.sidecar_facts import SidecarFacts
from core.media.facts import Box, CaptureSource


class NamedFace(msgspec.Struct, frozen=True):
    """A face that nobody has said to ignore: its box in pixels of the upright picture, and whose it is, if known."""

    box: tuple[int, int, int, int]
    name: str | None


class GoldFacts(msgspec.Struct, frozen=True):
    """The same facts for the sidecar, for EXIF (its XMP is built from ``sidecar``), and as JSON for videos."""

    sidecar: SidecarFacts
    wanted: Wanted
    json: bytes


def gold_facts(
    row: Mapping[str, Any],
    faces: Sequence[NamedFace],
    original_filename: str,
    sha256: str,
    *,
    is_described_by_person: bool = False,
) -> GoldFacts:
    """The facts of a row of ``file_versions`` with the faces of its asset; ``sha256`` is that of the original."""
    metadata = row["combined_metadata"] or {}
    ai = metadata.get("ai") or {}
    people = tuple(dict.fromkeys(face.name for face in faces if face.name))
    keywords = tuple(dict.fromkeys([*(row["keywords"] or ()), *(ai.get("aiTags") or ())]))
    description = ai.get("longDescription") or ai.get("shortDescription") or None
    latitude, longitude = _position(row, ai)
    sidecar = SidecarFacts(
        description=description,
        keywords=keywords,
        rating=row["rating"] or 0,
        captured=_captured(row),
        captured_offset_minutes=row["capture_offset_minutes"] if _captured(row) else None,
        latitude=latitude,
        longitude=longitude,
        location=row["location"] or None,
        people=people,
        provider=ai.get("provider"),
        provider_version=ai.get("version"),
        confidences=_confidences(ai),
        perceptual_hash=row["perceptual_hash"],
        original_filename=original_filename,
        sha256=sha256,
    )
    wanted = Wanted(
        description=description,
        is_described_by_person=is_described_by_person,
        short_description=ai.get("shortDescription") or None,
        keywords=keywords,
        rating=max(row["rating"] or 0, 0),
        people=people,
        latitude=latitude,
        longitude=longitude,
        comment=_comment(row, ai),
    )
    return GoldFacts(_with_faces(sidecar, row, metadata, faces), wanted, _json(row, metadata))


def _with_faces(
    sidecar: SidecarFacts, row: Mapping[str, Any], metadata: Mapping[str, Any], faces: Sequence[NamedFace]
) -> SidecarFacts:
    width, height = row["width"], row["height"]
    if not (width and height and faces):
        return sidecar
    text = str((metadata.get("exif") or {}).get("orientation") or "")
    orientation = int(text) if text.isdigit() else 1
    stored = stored_size(width, height, orientation)
    regions = tuple(stored_region(Box(*face.box), width, height, orientation, face.name) for face in faces)
    return msgspec.structs.replace(sidecar, faces=regions, stored_width=stored[0], stored_height=stored[1])


def _position(row: Mapping[str, Any], ai: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Measured beats guessed; the pair (0, 0) is what broken receivers write."""
    guess = ai.get("gpsCoordinates") or {}
    for latitude, longitude in (
        (row["gps_latitude"], row["gps_longitude"]),
        (guess.get("latitude"), guess.get("longitude")),
    ):
        if latitude is None or longitude is None or (latitude, longitude) == (0, 0):
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None, None


def _captured(row: Mapping[str, Any]) -> datetime | None:
    if not row["captured_at"] or row["capture_source"] in (None, CaptureSource.FILE_MODIFIED, CaptureSource.INGESTED):
        return None
    return datetime.fromisoformat(row["captured_at"])


def _confidences(ai: Mapping[str, Any]) -> Confidences | None:
    scores = ai.get("aiConfidenceScores")
    return msgspec.convert(scores, Confidences, strict=False) if scores else None


def _comment(row: Mapping[str, Any], ai: Mapping[str, Any]) -> str | None:
    """The JSON of contract, behaviour §14; ``None`` when it would say nothing."""
    found = {
        "eventType": row["event_type"],
        "eventName": row["event_name"],
        "location": row["location"],
        "perceptualHash": row["perceptual_hash"],
        "aiConfidence": ai.get("aiConfidenceScores"),
        "detectedObjects": ai.get("detectedObjects"),
        "detectedEvents": ai.get("detectedEvents"),
    }
    said = {key: value for key, value in found.items() if value}
    return json.dumps(said, ensure_ascii=True, separators=(",", ":")) if said else None


def _json(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> bytes:
    said = {
        "metadata": metadata,
        "rating": row["rating"],
        "keywords": row["keywords"],
        "eventType": row["event_type"],
        "eventName": row["event_name"],
        "location": row["location"],
        "perceptualHash": row["perceptual_hash"],
    }
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True).encode()
