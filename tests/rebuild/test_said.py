"""What a sidecar says outranks what is measured and described anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.library.sidecar_facts import FaceRegion, SidecarFacts
from core.media.facts import Box, FaceFinding, Look, Quality
from core.rebuild.said import NamedBox, named_boxes, said_columns

MEASURED: dict[str, Any] = {
    "metadata": {
        "ai": {"aiTags": ["beach", "sea"], "longDescription": "A beach.", "provider": "builtin", "version": "1"},
        "captureTime": {"local": "2024-07-26T12:00:00", "source": "exif-original", "offsetMinutes": 120, "zone": None},
    },
    "captured_at": "2024-07-26T12:00:00",
    "capture_offset_minutes": 120,
    "gps_latitude": None,
    "gps_longitude": None,
}
LOOK = Look(400, 300, "0" * 64, Quality(1, 0.5, 0.5, 0, 0), FaceFinding((), "hog-640"), None, b"", b"")


def test_a_sidecar_that_nobody_edited_changes_nothing_that_was_measured() -> None:
    facts = SidecarFacts(
        description="A beach.",
        keywords=("beach", "sea"),
        captured=datetime(2024, 7, 26, 12),
        captured_offset_minutes=120,
        provider="builtin",
        provider_version="1",
    )
    said = said_columns(MEASURED, facts)
    nothing = {"rating": 0, "keywords": [], "location": None, "event_type": None, "event_name": None}
    assert said == MEASURED | nothing


def test_words_rating_place_and_date_of_a_person_come_back() -> None:
    facts = SidecarFacts(
        description="Oma am Strand",
        keywords=("beach", "Oma", "sea"),
        rating=4,
        captured=datetime(1974, 7, 26, 12),
        latitude=43.5,
        longitude=7.25,
        location="Nizza",
        event_type="birthday",
        event_name="Omas Geburtstag",
    )
    said = said_columns(MEASURED, facts)
    assert said["keywords"] == ["Oma"]
    assert said["metadata"]["ai"]["longDescription"] == "Oma am Strand"
    assert said["metadata"]["ai"]["aiTags"] == ["beach", "sea"]
    assert (said["rating"], said["location"]) == (4, "Nizza")
    assert (said["event_type"], said["event_name"]) == ("birthday", "Omas Geburtstag")
    assert (said["gps_latitude"], said["gps_longitude"]) == (43.5, 7.25)
    assert (said["captured_at"], said["capture_offset_minutes"]) == ("1974-07-26T12:00:00", None)
    assert said["metadata"]["captureTime"]["local"] == "1974-07-26T12:00:00"


def test_tags_and_keywords_are_told_apart_where_the_sidecar_does() -> None:
    facts = SidecarFacts(keywords=("Oma", "sea", "beach"), ai_tags=("sea",), tier="silver")
    said = said_columns(MEASURED, facts)
    assert (said["keywords"], said["metadata"]["ai"]["aiTags"]) == (["Oma", "beach"], ["sea"])


def test_the_words_of_another_provider_are_kept_as_they_are() -> None:
    facts = SidecarFacts(description="Waves.", keywords=("waves", "foam"), provider="ollama", provider_version="llava")
    said = said_columns(MEASURED, facts)
    ai = said["metadata"]["ai"]
    assert (ai["provider"], ai["version"], ai["longDescription"]) == ("ollama", "llava", "Waves.")
    assert ai["aiTags"] == ["waves", "foam"]
    assert said["keywords"] == []


def test_the_first_sidecar_says_whose_a_face_is() -> None:
    face = FaceRegion(x=0.5, y=0.5, width=0.2, height=0.2, name="Anna")
    moved = FaceRegion(x=0.51, y=0.5, width=0.2, height=0.2, name="Anne")
    other = FaceRegion(x=0.1, y=0.1, width=0.1, height=0.1, name="Bob")
    nobody = FaceRegion(x=0.9, y=0.9, width=0.1, height=0.1)
    found = named_boxes(LOOK, 1, [SidecarFacts(faces=(face, nobody)), SidecarFacts(faces=(moved, other))])
    assert found == [
        NamedBox(Box(x=160, y=120, width=80, height=60), "Anna"),
        NamedBox(Box(x=20, y=15, width=40, height=30), "Bob"),
    ]
