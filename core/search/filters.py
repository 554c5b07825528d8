"""Which photos does a filter let through? Every filter of the contract, as conditions on the search index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Select, literal, or_, select
from sqlalchemy.orm import aliased

from core.db.clock_sql import is_clock
from core.db.search_sql import FACETS, FACTS, UNINDEXED_SHOWN, containing
from core.db.tables import CollectionPhoto, Face, FileVersion, Person
from core.search.terms import terms_of


class Filter(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a photo has to be; what is ``None`` (or an empty list) does not matter.

    ``start`` and ``end`` are zone-less ISO 8601 times, inclusive; ``min_confidence`` 0–100. ``people`` are ids or
    whole names, ``hashes`` perceptual hashes, any of which counts; ``tag`` is one whole keyword or tag.
    """

    query: str | None = None
    tier: str | None = None
    min_rating: int | None = None
    max_rating: int | None = None
    start: str | None = None
    end: str | None = None
    keywords: Sequence[str] = ()
    event_types: Sequence[str] = ()
    event_name: str | None = None
    location: str | None = None
    mime_types: Sequence[str] = ()
    camera: str | None = None
    lens: str | None = None
    min_confidence: float | None = None
    people: Sequence[str] = ()
    has_gps: bool | None = None
    collections: Sequence[str] = ()
    is_reviewed: bool | None = None
    is_favorite: bool | None = None
    hashes: Sequence[str] | None = None
    tag: str | None = None


def conditions(wanted: Filter, dialect: str, *, is_counting: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on :data:`core.db.search_sql.FACTS`; ``is_counting`` when all of what is found will be read.

    Without a tier, one version for each asset is let through: its best. What smart collections do not ask for, a whole
    ``tag``, is no condition here.
    """
    facets = list(_facets(wanted))
    # SQLite would rather walk the whole index of what is shown than begin with a list of a few photos
    is_list_first = is_counting and dialect == "sqlite" and _names_photos(wanted)
    found = [*_facts(wanted), *_words(wanted, dialect), *lists_of_photos(wanted)]
    if wanted.query and (terms := terms_of(wanted.query)):
        found.append(FACTS.c.id.in_(containing(dialect, terms)))
    if wanted.tier is None:
        found.append(UNINDEXED_SHOWN if is_list_first else FACTS.c.is_shown.is_(True))
    if facets:
        facet_id = FACTS.c.facet_id + 0 if is_list_first else FACTS.c.facet_id
        found.append(facet_id.in_(select(FACETS.c.id).where(*facets)))
    return found


def _names_photos(wanted: Filter) -> bool:
    """Whether there is a condition that is a list of photos, by which they are found soonest."""
    lists = (wanted.query, wanted.event_name, wanted.location, wanted.keywords, wanted.people, wanted.collections)
    return any(lists) or wanted.hashes is not None


def _facets(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.tier is not None:
        yield FACETS.c.tier == wanted.tier
    if wanted.min_rating is not None:
        yield FACETS.c.rating >= wanted.min_rating
    if wanted.max_rating is not None:
        yield FACETS.c.rating <= wanted.max_rating
    if wanted.event_types:
        yield FACETS.c.event_type.in_(wanted.event_types)
    if wanted.mime_types:
        yield FACETS.c.mime_type.in_(wanted.mime_types)
    if wanted.camera:
        yield FACETS.c.camera.icontains(wanted.camera, autoescape=True)
    if wanted.lens:
        yield FACETS.c.lens.icontains(wanted.lens, autoescape=True)


def _facts(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.start is not None or wanted.end is not None:
        yield is_clock(FACTS.c.captured_at)
    if wanted.start is not None:
        yield FACTS.c.captured_at >= wanted.start
    if wanted.end is not None:
        yield FACTS.c.captured_at <= wanted.end
    if wanted.min_confidence is not None:
        yield FACTS.c.confidence >= wanted.min_confidence
    for name in ("has_gps", "is_reviewed", "is_favorite"):
        if (value := getattr(wanted, name)) is not None:
            yield FACTS.c[name].is_(value)


def _words(wanted: Filter, dialect: str) -> Iterator[ColumnElement[bool]]:
    if wanted.event_name:
        yield FACTS.c.id.in_(containing(dialect, [wanted.event_name], ("events",)))
    if wanted.location:
        yield FACTS.c.id.in_(containing(dialect, [wanted.location], ("places",)))
    if wanted.keywords:
        yield or_(*(FACTS.c.id.in_(containing(dialect, [keyword], ("tags",))) for keyword in wanted.keywords))


def lists_of_photos(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """Conditions on the facts that the database has lists for: of people's photos, of collections, of hashes."""
    if wanted.people:
        them = select(Person.id).where(or_(Person.id.in_(wanted.people), Person.name.in_(wanted.people)))
        with_them = select(Face.photo_id).where(Face.person_id.in_(them), Face.ignored.is_(False))
        yield FACTS.c.version_id.in_(_versions_beside(with_them))
    if wanted.collections:
        members = select(CollectionPhoto.photo_id).where(CollectionPhoto.collection_id.in_(wanted.collections))
        yield FACTS.c.version_id.in_(_versions_beside(members))
    if wanted.hashes is not None:
        alike = select(FileVersion.id).where(FileVersion.perceptual_hash.in_(wanted.hashes))
        yield FACTS.c.version_id.in_(alike if wanted.hashes else select(literal("")).where(literal(False)))


def _versions_beside(versions: Select[str]) -> Select[str]:
    """All versions of the assets of these: faces and collections are those of a photo, whichever version has them."""
    other = aliased(FileVersion)
    assets = select(other.media_asset_id).where(other.id.in_(versions))
    return select(FileVersion.id).where(FileVersion.media_asset_id.in_(assets))
