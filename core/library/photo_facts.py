"""What does a sidecar say of a version, going by its row?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.ai.provider import Confidences
from core.library import described
from core.library.face_regions import stored_region, stored_size
from core.library.readable_metadata import readable
from core.library.sidecar_facts import Provenance, SidecarFacts, digest_of
from core.media.clock import clock_of
from core.media.facts import Box, CaptureSource

GAZETTEER = "geonames"

_ORIENTATIONS = tuple("12345678")


class NamedFace(msgspec.Struct, frozen=True):
    """A face that nobody has said to ignore: its box in pixels of the upright picture, and whose it is, if known."""

    box: tuple[int, int, int, int]
    name: str | None


def facts_of(
    row: Mapping[str, Any],
    faces: Sequence[NamedFace],
    original_filename: str,
    sha256: str | None,
    *,
    ingested_at: datetime | None = None,
    is_described_by_person: bool = False,
) -> SidecarFacts:
    """The facts of a row of ``file_versions`` with the faces of its asset, in their order; ``sha256`` is that of the
    original.
    """
    metadata = readable(row["combined_metadata"])
    ai, place = metadata.get("ai") or {}, metadata.get("place") or {}
    is_described_by_person = is_described_by_person or described.is_described_by_person(ai)
    captured = _captured(row)
    latitude, longitude = position_of(row, ai)
    facts = SidecarFacts(
        title=metadata.get("title") or None,
        description=_description(metadata, is_described_by_person=is_described_by_person),
        label=metadata.get("label") or None,
        keywords=tuple(dict.fromkeys([*(row["keywords"] or ()), *(ai.get("aiTags") or ())])),
        keyword_paths=_paths(metadata, place),
        ai_tags=described.machine_tags(ai),
        tags_added=described.added_tags(ai),
        tags_removed=described.removed_tags(ai),
        is_favorite=bool(row["is_favorite"]),
        is_reviewed=bool(row["is_reviewed"]),
        rating=row["rating"] or (-1 if metadata.get("isRejected") else 0),
        captured=captured,
        captured_offset_minutes=row["capture_offset_minutes"] if captured else None,
        latitude=latitude,
        longitude=longitude,
        location=row["location"] or None,
        city=place.get("name") or None,
        state=place.get("region") or None,
        country=place.get("country") or None,
        country_code=place.get("countryCode") or None,
        event_type=row["event_type"] or None,
        event_name=row["event_name"] or None,
        people=tuple(dict.fromkeys([*(face.name for face in faces if face.name), *(metadata.get("people") or ())])),
        provider=ai.get("provider"),
        provider_version=ai.get("version"),
        confidences=_confidences(ai),
        provenance=_provenance(row, metadata, faces, is_described_by_person=is_described_by_person),
        tier=row["tier"],
        perceptual_hash=row["perceptual_hash"],
        original_filename=original_filename,
        sha256=sha256,
        ingested_at=ingested_at,
    )
    return _with_regions(facts, row, metadata, faces)


def orientation_of(metadata: Mapping[str, Any]) -> int:
    """EXIF's orientation, 1 to 8, of a version's metadata."""
    text = str((readable(metadata).get("exif") or {}).get("orientation") or "")
    return int(text) if text in _ORIENTATIONS else 1


def position_of(row: Mapping[str, Any], ai: Mapping[str, Any]) -> tuple[float | None, float | None]:
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


def _description(metadata: Mapping[str, Any], *, is_described_by_person: bool) -> str | None:
    """A person's words, else the file's own, else a machine's."""
    ai = metadata.get("ai") or {}
    if is_described_by_person and "longDescription" in ai and ai["longDescription"] is None:
        # a person has taken it away
        return None
    embedded = None if is_described_by_person else metadata.get("embeddedDescription")
    return embedded or ai.get("longDescription") or ai.get("shortDescription") or None


def place_path(place: Mapping[str, Any]) -> tuple[str, ...] | None:
    """A place as a keyword with levels: ``("Places", "France", "Nice")``."""
    names = tuple(name for key in ("country", "region", "name") if (name := place.get(key)))
    return ("Places", *names) if names else None


def _paths(metadata: Mapping[str, Any], place: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    given = [tuple(path) for path in metadata.get("keywordPaths") or ()]
    return tuple(dict.fromkeys([*filter(None, [place_path(place)]), *given]))


def _captured(row: Mapping[str, Any]) -> datetime | None:
    if row["capture_source"] in (None, CaptureSource.FILE_MODIFIED, CaptureSource.INGESTED):
        return None
    return clock_of(row["captured_at"])


def _confidences(ai: Mapping[str, Any]) -> Confidences | None:
    scores = ai.get("aiConfidenceScores")
    return msgspec.convert(scores, Confidences, strict=False) if scores else None


def _provenance(
    row: Mapping[str, Any], metadata: Mapping[str, Any], faces: Sequence[NamedFace], *, is_described_by_person: bool
) -> tuple[Provenance, ...]:
    ai, looked_at = metadata.get("ai") or {}, (metadata.get("faceDetection") or {}).get("timestamp")
    made_at = _moment(looked_at)
    scores = _confidences(ai) or Confidences()
    found = []
    if provider := ai.get("provider"):
        answered_at = _moment(ai.get(described.DESCRIBED_AT)) or made_at
        source = (ai.get(described.MODEL), ai.get(described.PROMPT_VERSION))

        def add(value: str, confidence: float, digest: str | None = None) -> None:
            made = Provenance(value, provider, ai.get("version"), confidence or None, answered_at, *source, digest)
            found.append(made)

        is_made = not (is_described_by_person or metadata.get("embeddedDescription"))
        if is_made and (text := _description(metadata, is_described_by_person=False)):
            add("description", scores.description, digest_of(text))
        if described.machine_tags(ai):
            add("tags", scores.tags)
    detector = (metadata.get("faceDetection") or {}).get("method")
    if faces and detector:
        found.append(Provenance("faces", detector, None, scores.faces or None, made_at))
    place = metadata.get("place") or {}
    if place and not place.get("isGivenByPerson"):
        found.append(Provenance("place", GAZETTEER, None, None, made_at))
    if _captured(row) is not None:
        found.append(Provenance("captured", row["capture_source"]))
    return tuple(found)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(microsecond=0) if text else None
    except ValueError:
        # clients may store any text there
        return None


def _with_regions(
    facts: SidecarFacts, row: Mapping[str, Any], metadata: Mapping[str, Any], faces: Sequence[NamedFace]
) -> SidecarFacts:
    width, height = row["width"], row["height"]
    if not (width and height):
        return facts
    orientation = orientation_of(metadata)
    stored = stored_size(width, height, orientation)
    regions = tuple(stored_region(Box(*face.box), width, height, orientation, face.name) for face in faces)
    return msgspec.structs.replace(facts, faces=regions, stored_width=stored[0], stored_height=stored[1])
