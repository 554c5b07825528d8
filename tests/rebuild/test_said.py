"""What a sidecar says outranks what is measured and described anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from core.library.described import TAGS_ADDED, TAGS_REMOVED, with_answer
from core.library.photo_facts import NamedFace, facts_of
from core.library.sidecar_facts import FaceRegion, Provenance, SidecarFacts
from core.media.facts import Box, FaceFinding, Look, Quality
from core.rebuild.said import Region, said_columns, said_faces

MEASURED: dict[str, Any] = {
    "tier": "silver",
    "metadata": {
        "ai": {"aiTags": ["beach", "sea"], "longDescription": "A beach.", "provider": "builtin", "version": "1"},
        "captureTime": {"local": "2024-07-26T12:00:00", "source": "exif-original", "offsetMinutes": 120, "zone": None},
        "place": {"name": "Nice", "region": "PACA", "country": "France", "countryCode": "FR"},
    },
    "captured_at": "2024-07-26T12:00:00",
    "capture_source": "exif-original",
    "capture_offset_minutes": 120,
    "gps_latitude": None,
    "gps_longitude": None,
    "rating": 0,
    "keywords": [],
    "location": None,
    "is_favorite": False,
    "is_reviewed": False,
    "perceptual_hash": None,
    "width": 400,
    "height": 300,
}
LOOK = Look(400, 300, "0" * 64, Quality(1, 0.5, 0.5, 0, 0), FaceFinding((), "hog-640"), None, b"", b"")


def sidecar(**said: Any) -> SidecarFacts:
    """What the sidecar says that we wrote ourselves, and somebody has edited."""
    row = {**dict.fromkeys(("event_type", "event_name")), **MEASURED, "combined_metadata": MEASURED["metadata"]}
    ours = facts_of(row, [NamedFace((1, 2, 30, 40), None)], "a.jpg", "ab")
    return SidecarFacts(**{name: getattr(ours, name) for name in SidecarFacts.__struct_fields__} | said)


def test_a_sidecar_that_nobody_edited_changes_nothing() -> None:
    said = said_columns(MEASURED, sidecar())
    assert said.columns == MEASURED | {"metadata": said.columns["metadata"]}
    scores = said.columns["metadata"]["ai"].pop("aiConfidenceScores", None)
    assert scores is None
    assert said.columns["metadata"] == MEASURED["metadata"]
    assert not said.is_described


def test_what_a_model_said_comes_back_as_the_models() -> None:
    ai = {"aiTags": ["kite"], "longDescription": "A girl with a kite.", "provider": "ollama", "version": "llava"}
    ai |= {"model": "llava", "promptVersion": "p1", "describedAt": "2026-01-31T12:00:00Z"}
    row = {**dict.fromkeys(("event_type", "event_name")), **MEASURED, "combined_metadata": {"ai": ai}}
    facts = facts_of(row, [], "a.jpg", "ab")
    said = said_columns(MEASURED, facts)
    assert not said.is_described
    assert said.columns["metadata"]["ai"] == ai
    edited = said_columns(MEASURED, SidecarFacts(**{**_fields(facts), "description": "Our Emma."}))
    assert edited.is_described
    assert edited.columns["metadata"]["ai"]["givenByPerson"] == ["longDescription"]


def _fields(facts: SidecarFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in SidecarFacts.__struct_fields__}


def test_what_a_person_said_comes_back() -> None:
    said = said_columns(
        MEASURED,
        sidecar(
            title="Ferien",
            description="Oma am Strand",
            keywords=("beach", "Oma", "sea"),
            rating=4,
            captured=datetime(1974, 7, 26, 12),
            captured_offset_minutes=None,
            latitude=43.5,
            longitude=7.25,
            location="Nizza",
            city="Nizza",
            event_type="birthday",
            event_name="Omas Geburtstag",
            people=("Oma",),
        ),
    )
    columns, metadata = said.columns, said.columns["metadata"]
    assert said.is_described
    assert (metadata["title"], metadata["ai"]["longDescription"]) == ("Ferien", "Oma am Strand")
    assert (columns["keywords"], metadata["ai"]["aiTags"]) == (["Oma"], ["beach", "sea"])
    assert (columns["rating"], columns["location"], metadata["place"]["name"]) == (4, "Nizza", "Nizza")
    assert (columns["event_type"], columns["event_name"]) == ("birthday", "Omas Geburtstag")
    assert (columns["gps_latitude"], columns["gps_longitude"]) == (43.5, 7.25)
    assert (columns["captured_at"], columns["capture_source"]) == ("1974-07-26T12:00:00", "sidecar")
    assert metadata["people"] == ["Oma"]


def test_a_rejected_photo_stays_rejected() -> None:
    said = said_columns(MEASURED, sidecar(rating=-1))
    assert (said.columns["rating"], said.columns["metadata"]["isRejected"]) == (0, True)


def test_tags_that_a_person_took_away_stay_away() -> None:
    said = said_columns(MEASURED, sidecar(keywords=("Oma", "sea", "beach"), ai_tags=("sea",)))
    assert (said.columns["keywords"], said.columns["metadata"]["ai"]["aiTags"]) == (["Oma", "beach"], ["sea"])


def test_tags_that_a_person_took_away_and_added_are_known_as_such() -> None:
    ours = sidecar(keywords=("Oma", "sea", "Kuchen"), ai_tags=("sea", "dog"), tags_added=("Kuchen",))
    said = said_columns(MEASURED, msgspec.structs.replace(ours, tags_removed=("beach",)))
    ai = said.columns["metadata"]["ai"]
    assert (said.columns["keywords"], ai["aiTags"]) == (["Oma"], ["sea", "Kuchen"])
    # another program has taken the dog out of the keywords
    assert (ai[TAGS_ADDED], ai[TAGS_REMOVED]) == (["Kuchen"], ["beach", "dog"])
    answered = with_answer(ai, {"aiTags": ["beach", "sea", "kite", "dog"]})
    assert answered["aiTags"] == ["sea", "kite", "Kuchen"]


def test_favourites_and_what_was_confirmed_come_back() -> None:
    said = said_columns(MEASURED, sidecar(is_favorite=True, is_reviewed=True))
    assert (said.columns["is_favorite"], said.columns["is_reviewed"]) == (True, True)


def test_the_words_of_another_provider_are_kept_as_they_are() -> None:
    said = said_columns(
        MEASURED,
        sidecar(description="Waves.", keywords=("waves",), ai_tags=("waves",), provider="ollama", provider_version="x"),
    )
    ai = said.columns["metadata"]["ai"]
    assert (ai["provider"], ai["version"], ai["longDescription"], ai["aiTags"]) == ("ollama", "x", "Waves.", ["waves"])
    assert said.columns["keywords"] == []


def test_the_sidecar_that_names_a_face_says_whose_it_is() -> None:
    face = FaceRegion(x=0.5, y=0.5, width=0.2, height=0.2, name="Anna")
    moved = FaceRegion(x=0.51, y=0.5, width=0.2, height=0.2, name="Anne")
    other = FaceRegion(x=0.1, y=0.1, width=0.1, height=0.1)
    said = said_faces(LOOK, 1, [SidecarFacts(faces=(face, other)), SidecarFacts(faces=(moved,))])
    assert said.regions == (
        Region(Box(x=160, y=120, width=80, height=60), "Anna"),
        Region(Box(x=20, y=15, width=40, height=30), None),
    )
    assert not said.is_complete


def test_a_sidecar_of_the_same_detector_names_every_face_that_counts() -> None:
    made = (Provenance("faces", "hog-640"),)
    assert said_faces(LOOK, 1, [SidecarFacts(provenance=made)]).is_complete
    assert not said_faces(LOOK, 1, [SidecarFacts(provenance=(Provenance("faces", "centerface-640"),))]).is_complete
