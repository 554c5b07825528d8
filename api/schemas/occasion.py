"""Occasions on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from api.schemas.texts import Name
from core.occasions.matching import OccasionState
from core.occasions.segments import OccasionKind
from core.occasions.store import OccasionRow


class Occasion(Struct, rename="camel"):
    """A trip, an outing or a party.

    ``title`` is proposed, ``name`` what a person has called it. ``startsAt`` and ``endsAt`` are zone-less ISO 8601
    times. ``eventCount`` of its ``photoCount`` photos were given its event; ``photoIds`` are the first of them.
    """

    id: str
    kind: OccasionKind
    state: OccasionState
    title: str
    name: str | None
    place: str | None
    starts_at: str
    ends_at: str
    photo_count: int
    event_count: int
    photo_ids: list[str]
    decided_at: datetime | None


class Occasions(Struct):
    """A page of occasions, the latest first, and how many there are."""

    occasions: list[Occasion]
    total: int


class OccasionAccepted(Struct):
    """How it is to be called, unless as it is."""

    name: Name | None = None


class OccasionName(Struct):
    """How it is to be called."""

    name: Name


_ids = msgspec.json.Decoder(list[str]).decode


def occasion_of(row: OccasionRow) -> Occasion:
    """A row of :mod:`core.occasions.store` as it goes over the wire."""
    return Occasion(
        id=row.id,
        kind=OccasionKind(row.kind),
        state=OccasionState(row.state),
        title=row.title,
        name=row.name,
        place=row.place,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        photo_count=row.photo_count,
        event_count=row.written_count,
        photo_ids=_ids(row.first_photos_json),
        decided_at=row.decided_at,
    )
