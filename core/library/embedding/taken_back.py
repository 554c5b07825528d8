"""What does a file say that a person does not say any more?

What a file says was taken into the library when it came, so whatever the library says otherwise since is a person's
word, in the library or in a sidecar. The file itself tells what that was: its bytes are still the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.library.embedding.wanted import TakenBack, Wanted
from core.media.metadata import Metadata, value_of
from core.media.precedence import Source, choose


def taken_back(said: Mapping[Source, Metadata], wanted: Wanted) -> TakenBack:
    """What of ``said``, by the parts of a file, the library contradicts.

    A caption is contradicted only by a person's description. What the library never took, because another part of the
    file was believed, is nobody's word, and is left alone.
    """
    own = choose(said)
    keywords = tuple(word for word in value_of(own.keywords) or () if word not in wanted.keywords)
    locations: tuple[str | None, ...] = ()
    if value_of(own.location) != wanted.location:
        locations = tuple(value_of(each.location) for each in said.values())
    descriptions: tuple[str | None, ...] = ()
    if wanted.is_described_by_person and value_of(own.description) != wanted.description:
        descriptions = tuple(value_of(each.description) for each in said.values())
    return TakenBack(
        keywords=keywords,
        locations=_others(locations, wanted.location),
        descriptions=_others(descriptions, wanted.description),
        is_rating=own.rating is not None and own.rating.value != wanted.rating,
    )


def is_still_said(said: Metadata, wanted: Wanted) -> str | None:
    """What of ``wanted.taken_back`` a part of a file says in spite of it; ``None`` if nothing."""
    gone = wanted.taken_back
    if any(word in gone.keywords for word in value_of(said.keywords) or ()):
        return "a keyword"
    if value_of(said.location) in gone.locations:
        return "the location"
    if value_of(said.description) in gone.descriptions:
        return "the caption"
    if gone.is_rating and value_of(said.rating) not in (None, 0, wanted.rating):
        return "the rating"
    return None


def _others(texts: tuple[str | None, ...], now: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text and text != now))
