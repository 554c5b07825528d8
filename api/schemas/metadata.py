"""What is in a photo's ``metadata``? For the OpenAPI document; the JSON itself is passed on unparsed."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from api.schemas.timestamp import Timestamp, WallClock
from core.ai.provider import Description
from core.media.facts import Exif, Quality


class FaceDetection(Struct, rename="camel"):
    """Whether faces were looked for, how, and what went wrong."""

    attempted: bool
    timestamp: Timestamp
    method: str | None
    failed: bool
    error: str | UnsetType = UNSET


class Captured(Struct, rename="camel"):
    """When the picture was taken, which source said so, and its offset from UTC in minutes where that is known."""

    local: WallClock
    source: str
    offset_minutes: int | None
    zone: str | None


class CombinedMetadata(Struct, rename="camel"):
    """Everything measured and described; each part may be absent."""

    exif: Exif | UnsetType = UNSET
    ai: Description | UnsetType = UNSET
    face_detection: FaceDetection | UnsetType = UNSET
    face_detection_errors: list[str] | UnsetType = UNSET
    quality: Quality | UnsetType = UNSET
    capture_time: Captured | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
