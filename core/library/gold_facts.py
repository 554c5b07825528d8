"""What of a photo's row goes into its Gold file and the sidecar beside it?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.library import described
from core.library.embedding.wanted import Wanted
from core.library.layout import Tier
from core.library.photo_facts import NamedFace, facts_of
from core.library.readable_metadata import readable
from core.library.sidecar_facts import SidecarFacts


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
    ingested_at: datetime | None = None,
    is_described_by_person: bool = False,
) -> GoldFacts:
    """The facts of a row of ``file_versions`` with the faces of its asset; ``sha256`` is that of the original."""
    metadata = row["combined_metadata"] or {}
    ai = readable(metadata).get("ai") or {}
    sidecar = facts_of(
        {**row, "tier": Tier.GOLD},
        faces,
        original_filename,
        sha256,
        ingested_at=ingested_at,
        is_described_by_person=is_described_by_person,
    )
    wanted = Wanted(
        description=sidecar.description,
        is_described_by_person=is_described_by_person or described.is_described_by_person(ai),
        short_description=ai.get("shortDescription") or None,
        keywords=sidecar.keywords,
        rating=sidecar.rating,
        location=sidecar.location,
        people=sidecar.people,
        latitude=sidecar.latitude,
        longitude=sidecar.longitude,
        comment=_comment(row, ai),
    )
    return GoldFacts(sidecar, wanted, _json(row, metadata))


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
