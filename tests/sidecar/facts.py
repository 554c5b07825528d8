"""Anything that a sidecar may have to say, in any script."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from core.ai import Confidences
from core.library.sidecar_facts import FaceRegion, Provenance, SidecarFacts

letters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
texts = st.text(letters, min_size=1, max_size=12).filter(lambda text: text == text.strip())
shares = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1_000_000)
sides = st.integers(1, 1_000_000).map(lambda millionths: millionths / 1_000_000)
degrees = st.integers(-90_000_000, 90_000_000).map(lambda millionths: millionths / 1_000_000)
paths = st.lists(texts.filter(lambda text: not set(text) & set("/|")), min_size=2, max_size=3).map(tuple)
percents = st.integers(0, 100).map(lambda percent: percent / 100)
several = st.lists(texts, unique=True, max_size=4).map(tuple)
faces = st.lists(
    st.builds(FaceRegion, x=shares, y=shares, width=sides, height=sides, name=st.none()), min_size=1, max_size=3
).map(tuple)
provenances = st.builds(
    Provenance,
    value=st.sampled_from(["description", "tags", "faces", "place"]),
    provider=texts,
    version=st.none() | texts,
    confidence=st.none() | percents,
    made_at=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),
)


def facts_of_a_photo() -> st.SearchStrategy[SidecarFacts]:
    """Facts that are written and read back as they are."""
    return st.builds(
        SidecarFacts,
        title=st.none() | texts,
        description=st.none() | texts,
        label=st.none() | texts,
        keywords=several,
        keyword_paths=st.lists(paths, unique=True, max_size=3).map(tuple),
        ai_tags=several,
        tags_added=several,
        tags_removed=several,
        is_favorite=st.booleans(),
        is_reviewed=st.booleans(),
        rating=st.integers(-1, 5),
        captured=st.datetimes(),
        captured_offset_minutes=st.none() | st.integers(-840, 840),
        latitude=degrees,
        longitude=degrees.map(lambda value: value * 2),
        location=st.none() | texts,
        city=st.none() | texts,
        state=st.none() | texts,
        country=st.none() | texts,
        country_code=st.none() | texts,
        event_type=st.none() | texts,
        event_name=st.none() | texts,
        people=several,
        faces=faces,
        stored_width=st.integers(1, 100_000),
        stored_height=st.integers(1, 100_000),
        provider=st.none() | texts,
        confidences=st.none() | st.builds(Confidences, tags=percents),
        provenance=st.lists(provenances, max_size=3).map(tuple),
        tier=st.sampled_from([None, "silver", "gold"]),
        original_filename=st.none() | texts,
        ingested_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
