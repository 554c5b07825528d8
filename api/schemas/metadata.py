"""What is in a photo's ``metadata``? For the OpenAPI document; the JSON itself is passed on unparsed."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from api.schemas.timestamp import Timestamp, WallClock
from core.ai.provider import Confidences, Coordinates, DetectedEvent, DetectedObject
from core.media.facts import Exif, Quality


class FaceDetection(Struct, rename="camel"):
    """Whether faces were looked for, how, and what went wrong."""

    attempted: bool
    timestamp: Timestamp
    method: str | None
    failed: bool
    error: str | UnsetType = UNSET


class Captured(Struct, rename="camel"):
    """When the picture was taken, which source and tag said so, and its offset from UTC in minutes where that is known.

    ``offset_source`` says what told the offset, ``confidence`` how sure all is, ``refused`` what was not believed.
    """

    local: WallClock
    source: str
    offset_minutes: int | None
    zone: str | None
    offset_source: str | UnsetType | None = UNSET
    confidence: str | UnsetType = UNSET
    subseconds: float | UnsetType = UNSET
    origin: str | UnsetType = UNSET
    refused: list[str] | UnsetType = UNSET


class Described(Struct, rename="camel"):
    """The words for a picture: a provider's, or only what a person wrote. Others may have left more in it.

    ``provider``, ``model``, ``promptVersion`` and ``describedAt`` tell who answered, with what and when,
    ``aiConfidenceScores`` how sure. ``givenByPerson`` names fields that a person gave or took away,
    ``tagsAddedByPerson`` and ``tagsRemovedByPerson`` single tags; no later answer takes their place.
    """

    ai_tags: list[str] | UnsetType = UNSET
    short_description: str | UnsetType = UNSET
    long_description: str | UnsetType | None = UNSET
    file_description: str | UnsetType = UNSET
    detected_objects: list[DetectedObject] | UnsetType = UNSET
    detected_events: list[DetectedEvent] | UnsetType = UNSET
    ai_confidence_scores: Confidences | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    place_name: str | UnsetType = UNSET
    gps_coordinates: Coordinates | UnsetType = UNSET
    model: str | UnsetType = UNSET
    prompt_version: str | UnsetType = UNSET
    described_at: Timestamp | UnsetType = UNSET
    given_by_person: list[str] | UnsetType = UNSET
    tags_added_by_person: list[str] | UnsetType = UNSET
    tags_removed_by_person: list[str] | UnsetType = UNSET


class ConflictCopy(Struct):
    """Which file in the same folder this is a copy of, and the sync program that made it after a conflict."""

    of: str
    program: str


class Place(Struct, rename="camel"):
    """Where the picture was taken, in words; ``isGivenByPerson`` if they are not the gazetteer's."""

    name: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    country_code: str | UnsetType | None = UNSET
    is_given_by_person: bool | UnsetType = UNSET


class CombinedMetadata(Struct, rename="camel"):
    """Everything measured and described; each part may be absent.

    ``title``, ``label``, ``embeddedDescription``, ``people``, ``keywordPaths`` and ``isRejected`` are what the file
    itself or a sidecar says; of ``people`` those whose faces are not known.
    """

    exif: Exif | UnsetType = UNSET
    ai: Described | UnsetType = UNSET
    face_detection: FaceDetection | UnsetType = UNSET
    face_detection_errors: list[str] | UnsetType = UNSET
    quality: Quality | UnsetType = UNSET
    capture_time: Captured | UnsetType = UNSET
    conflict_copy: ConflictCopy | UnsetType = UNSET
    title: str | UnsetType = UNSET
    label: str | UnsetType = UNSET
    embedded_description: str | UnsetType = UNSET
    people: list[str] | UnsetType = UNSET
    keyword_paths: list[list[str]] | UnsetType = UNSET
    is_rejected: bool | UnsetType = UNSET
    place: Place | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
