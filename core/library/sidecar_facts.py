"""What can a sidecar say about a picture?

Plain records, so that the main process can name them without loading lxml.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from core.ai.provider import Confidences


class FaceRegion(msgspec.Struct, frozen=True):
    """A face in the picture as it is stored, before EXIF's orientation turns it.

    ``x`` and ``y`` are the centre, all four numbers shares (0–1) of the stored width and height. ``name`` is ``None``
    while nobody knows the person.
    """

    x: float
    y: float
    width: float
    height: float
    name: str | None = None


class Provenance(msgspec.Struct, frozen=True):
    """Where a value that no person gave comes from.

    ``value`` says which (``description``, ``tags``, ``faces``, ``place``, ``captured``), ``provider`` and ``version``
    who made it, ``confidence`` how sure that is, 0 to 1, ``made_at`` when, in UTC and whole seconds. A language model
    is named by ``model``, and the version of what it was asked by ``prompt_version``. ``digest`` tells whether the
    description beside it is still the one that was made (:func:`digest_of`).
    """

    value: str
    provider: str
    version: str | None = None
    confidence: float | None = None
    made_at: datetime | None = None
    model: str | None = None
    prompt_version: str | None = None
    digest: str | None = None


def digest_of(text: str | None) -> str:
    """Sixteen hexadecimal digits of a text's SHA-256, in which no two texts of one photo will ever agree."""
    return hashlib.sha256((text or "").encode()).hexdigest()[:16]


class SidecarFacts(msgspec.Struct, frozen=True):
    """The fields that Pictallion writes into a sidecar and reads from it; what is empty or ``None`` is not written.

    ``ai_tags`` are those of the ``keywords`` that no person gave, ``tags_added`` those that a person put among a
    machine's, ``tags_removed`` what a person does not want to be told of any more, in no ``keywords``.
    ``event_type`` is one of the contract's words, ``event_name`` its name; ``label`` a colour or another word by which
    people sort. ``tier`` is that of the file beside the sidecar.
    ``keywords`` are flat, ``keyword_paths`` from the root (``("Places", "France", "Nice")``); no level holds ``/`` or
    ``|``. ``rating`` is -1 (rejected) to 5, where 0 means none. With
    ``is_reviewed`` a person has confirmed what is said. ``captured`` is the wall clock at the place, only if
    something better than the time of ingest tells it, ``captured_offset_minutes`` its distance east of UTC.
    ``latitude`` and ``longitude`` are decimal degrees, given together. ``people`` names everybody in the picture, with
    or without a region. ``stored_width`` and ``stored_height`` are the pixels that ``faces`` refer to, before
    orientation. ``location`` is the owner's own words for the place; ``city``, ``state``, ``country`` and
    ``country_code`` are from the gazetteer. ``provider`` and ``provider_version`` tell who described the picture,
    ``confidences`` how sure. ``ingested_at`` is when the original came, aware, in UTC.
    """

    title: str | None = None
    description: str | None = None
    label: str | None = None
    keywords: tuple[str, ...] = ()
    keyword_paths: tuple[tuple[str, ...], ...] = ()
    ai_tags: tuple[str, ...] = ()
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()
    rating: int = 0
    is_favorite: bool = False
    is_reviewed: bool = False
    captured: datetime | None = None
    captured_offset_minutes: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    location: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    country_code: str | None = None
    event_type: str | None = None
    event_name: str | None = None
    people: tuple[str, ...] = ()
    faces: tuple[FaceRegion, ...] = ()
    stored_width: int | None = None
    stored_height: int | None = None
    provider: str | None = None
    provider_version: str | None = None
    confidences: Confidences | None = None
    provenance: tuple[Provenance, ...] = ()
    tier: str | None = None
    perceptual_hash: str | None = None
    original_filename: str | None = None
    sha256: str | None = None
    ingested_at: datetime | None = None
