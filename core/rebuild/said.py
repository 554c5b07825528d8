"""What do the sidecars of a photo say? It outranks what was measured and described anew: a person may have said it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.ai.provider import MAX_TAGS
from core.library.face_regions import upright_box
from core.library.sidecar_facts import FaceRegion, SidecarFacts
from core.media.facts import Box, Look
from core.pipeline.rewritten import SAME_FACE, shared_area

#: Of a face that a person has drawn, in per cent.
DRAWN_CONFIDENCE = 100


def said_columns(columns: Mapping[str, Any], facts: SidecarFacts) -> dict[str, Any]:
    """The columns of a version, with what its sidecar says put in place of what was measured or described anew."""
    metadata: dict[str, Any] = dict(columns["metadata"] or {})
    ai: dict[str, Any] = dict(metadata.get("ai") or {})
    tags = _tags(ai, facts)
    if tags is not None:
        ai["aiTags"] = tags
    described = set(ai.get("aiTags", ()))
    changed: dict[str, Any] = {
        "rating": facts.rating,
        "keywords": [keyword for keyword in facts.keywords if keyword not in described],
        "location": facts.location,
        "event_type": facts.event_type,
        "event_name": facts.event_name,
    }
    if facts.description is not None and facts.description not in (
        ai.get("longDescription"),
        ai.get("shortDescription"),
    ):
        ai |= {"longDescription": facts.description}
    if facts.provider is not None:
        ai |= {"provider": facts.provider, "version": facts.provider_version}
    if facts.confidences is not None:
        ai["aiConfidenceScores"] = msgspec.to_builtins(facts.confidences)
    if ai:
        metadata["ai"] = ai
    if facts.captured is not None and facts.captured.isoformat(timespec="seconds") != str(columns["captured_at"])[:19]:
        changed["captured_at"] = facts.captured.isoformat(timespec="seconds")
        changed["capture_offset_minutes"] = facts.captured_offset_minutes
        metadata["captureTime"] = dict(metadata.get("captureTime") or {}) | {
            "local": changed["captured_at"],
            "offsetMinutes": facts.captured_offset_minutes,
        }
    if facts.latitude is not None:
        changed |= {"gps_latitude": facts.latitude, "gps_longitude": facts.longitude}
    return {**columns, **changed, "metadata": metadata or None}


def _tags(ai: Mapping[str, Any], facts: SidecarFacts) -> list[str] | None:
    """The tags that no person gave, ``None`` where they are those that were found anew."""
    if facts.tier is not None:
        return list(facts.ai_tags)
    # a sidecar that does not tell them apart: whoever described the photo is asked anew only if it was this machine
    is_elsewhere = facts.provider is not None and facts.provider != ai.get("provider")
    return list(facts.keywords[:MAX_TAGS]) if is_elsewhere else None


class NamedBox(msgspec.Struct, frozen=True):
    """Where a person is, in pixels of the upright picture."""

    box: Box
    name: str


def named_boxes(look: Look, orientation: int, sidecars: Sequence[SidecarFacts]) -> list[NamedBox]:
    """The people that the regions of the sidecars name; of two on one face the first sidecar's."""
    found: list[NamedBox] = []
    for facts in sidecars:
        for region in facts.faces:
            box = _box(region, look, orientation)
            if region.name and not any(is_same_face(box, other.box) for other in found):
                found.append(NamedBox(box, region.name))
    return found


def is_same_face(one: Box, other: Box) -> bool:
    """Whether two boxes are of one face."""
    return shared_area(_list(one), _list(other)) >= SAME_FACE


def _box(region: FaceRegion, look: Look, orientation: int) -> Box:
    return upright_box(region, look.width, look.height, orientation)


def _list(box: Box) -> list[int]:
    return [box.x, box.y, box.width, box.height]
