"""Events on the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Row

from api.schemas.photo import Photo
from api.schemas.tag import TagName
from api.schemas.texts import Name, Text
from api.schemas.timestamp import Timestamp, timestamp
from core.errors import BadRequest

EventType = Literal["holiday", "birthday", "custom"]
Recurring = Literal["yearly", "monthly", "weekly"]


class Event(Struct, rename="camel"):
    """A stored event."""

    id: str
    name: str
    type: str
    date: Timestamp
    is_recurring: bool | None
    recurring_type: str | None
    country: str | None
    region: str | None
    person_id: str | None
    is_enabled: bool | None
    description: str | None
    created_at: Timestamp


class NewEvent(Struct, rename="camel"):
    """An event to store. ``date`` is a day, or a moment, whose day counts as it is written."""

    name: Name
    date: Text
    type: EventType = "custom"
    is_recurring: bool = False
    recurring_type: Recurring | None = None
    country: Name | None = None
    region: Name | None = None
    person_id: Name | None = None
    is_enabled: bool = True
    description: Text | None = None


class EventChange(Struct, rename="camel"):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    date: Text | UnsetType = UNSET
    type: EventType | UnsetType = UNSET
    is_recurring: bool | UnsetType = UNSET
    recurring_type: Recurring | UnsetType | None = UNSET
    country: Name | UnsetType | None = UNSET
    region: Name | UnsetType | None = UNSET
    person_id: Name | UnsetType | None = UNSET
    is_enabled: bool | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET


class PhotoDate(Struct, rename="camel"):
    """The day that is asked about."""

    photo_date: Text


class EventRemoved(Struct):
    """What was done, for people."""

    success: bool
    message: str


class Upcoming(Struct, rename="camel"):
    """An event of the next 30 days."""

    id: str
    name: str
    date: str
    type: str
    days_until: int


class EventStatistics(Struct, rename="camel"):
    """How many events there are, and which come next. ``recent_detections`` counts photos of the last 30 days."""

    total_events: int
    events_by_type: dict[str, int]
    upcoming_events: list[Upcoming]
    recent_detections: int


class EventsToggle(Struct, rename="camel"):
    """Events to switch on or off."""

    event_ids: list[TagName]
    enabled: bool


class BulkResult(Struct, rename="camel"):
    """How many were changed, and what is wrong with the others."""

    success: bool
    updated_count: int
    errors: list[str]
    message: str


class DateRange(Struct):
    """The first and the last moment, zone-less ISO 8601."""

    start: str
    end: str


class EventCluster(Struct, rename="camel"):
    """The photos of one event."""

    event_type: str
    event_name: str
    photo_count: int
    date_range: DateRange
    photos: list[Photo]


class AutoDetect(Struct, rename="camel"):
    """Which photos to give an event to: all without one, unless they are named or it is forced."""

    photo_ids: list[TagName] | None = None
    force_redetect: bool = False


class AutoDetected(Struct, rename="camel"):
    """How many photos had a date, and how many were given an event."""

    success: bool
    processed_count: int
    detected_count: int
    errors: list[str]
    message: str


class HolidayImport(Struct, rename="camel"):
    """Whose holidays of which year to store as events."""

    country_codes: Annotated[list[Name], Meta(min_length=1)]
    year: Annotated[int, Meta(ge=1800, le=2200)]
    overwrite_existing: bool = False


class HolidaysImported(Struct, rename="camel"):
    """How many were stored, and how many were there already."""

    success: bool
    imported_count: int
    skipped_count: int
    errors: list[str]
    message: str


def day_of(text: str) -> date:
    """The calendar day that is written, whatever zone stands behind it. Raises :class:`BadRequest`."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise BadRequest(f"{text} is no date; write 2024-07-26.") from error


def moment_of(text: str) -> datetime:
    """The day that is written as the database keeps it. Raises :class:`BadRequest`."""
    return datetime.combine(day_of(text), datetime.min.time(), UTC)


def event_of(row: Row[*tuple[Any, ...]]) -> Event:
    """A row of :mod:`core.events.store` as it goes over the wire."""
    return Event(
        id=row.id,
        name=row.name,
        type=row.type,
        date=timestamp(row.date),
        is_recurring=row.is_recurring,
        recurring_type=row.recurring_type,
        country=row.country,
        region=row.region,
        person_id=row.person_id,
        is_enabled=row.is_enabled,
        description=row.description,
        created_at=timestamp(row.created_at),
    )
