"""Events in the database, and what a day is compared with. Every function works in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Event, Person, new_id, utc_now
from core.db.turns import Turn, take_turn
from core.errors import BadRequest, NotFound
from core.events.detect import Birthday, Calendar, StoredEvent, is_on
from core.events.holiday_sets import holidays_in, is_known
from core.groups.neighbourhood import chunks
from core.settings.keys import DEFAULT_HOLIDAYS, ENABLED_HOLIDAYS
from core.settings.store import value_of

EventRow = Row[*tuple[Any, ...]]

TYPES = ("holiday", "birthday", "custom")
RECURRENCES = ("yearly", "monthly", "weekly")

UPCOMING = timedelta(days=30)
MOST_UPCOMING = 10
"""Events of the next days that the statistics tell (contract, events-settings)."""

# built once: they are asked for every photo
_BIRTHDAYS = (
    select(Person.id, Person.name, Person.birthdate)
    .where(Person.birthdate.is_not(None))
    .order_by(Person.created_at, Person.id)
)
_ENABLED_EVENTS = (
    select(Event.id, Event.name, Event.type, Event.date, Event.is_recurring, Event.recurring_type)
    .where(Event.is_enabled.is_(True))
    .order_by(Event.date, Event.id)
)


async def all_events(
    connection: AsyncConnection, event_type: str | None = None, *, enabled_only: bool = False
) -> Sequence[EventRow]:
    """Events by date."""
    statement = select(Event.__table__).order_by(Event.date, Event.id)
    if event_type is not None:
        statement = statement.where(Event.type == event_type)
    if enabled_only:
        statement = statement.where(Event.is_enabled.is_(True))
    return (await connection.execute(statement)).all()


async def find_event(connection: AsyncConnection, event_id: str) -> EventRow:
    """One event; raises :class:`NotFound`."""
    row = (await connection.execute(select(Event.__table__).where(Event.id == event_id))).first()
    if row is None:
        raise NotFound(f"There is no event {event_id}.")
    return row


async def add_event(connection: AsyncConnection, values: Mapping[str, Any]) -> EventRow:
    """Stores an event. Raises :class:`BadRequest` for a person who is not there."""
    await _require_person(connection, values)
    event_id = new_id()
    await connection.execute(insert(Event).values(id=event_id, created_at=utc_now(), **values))
    return await find_event(connection, event_id)


async def change_event(connection: AsyncConnection, event_id: str, values: Mapping[str, Any]) -> EventRow:
    """Changes some columns of an event. Raises :class:`NotFound`, and :class:`BadRequest` as :func:`add_event`."""
    await find_event(connection, event_id)
    await _require_person(connection, values)
    if values:
        await connection.execute(update(Event).where(Event.id == event_id).values(**values))
    return await find_event(connection, event_id)


async def remove_event(connection: AsyncConnection, event_id: str) -> str:
    """Removes an event and returns its name; raises :class:`NotFound`."""
    row = await find_event(connection, event_id)
    await connection.execute(delete(Event).where(Event.id == event_id))
    name: str = row.name
    return name


async def enable_events(connection: AsyncConnection, event_ids: Sequence[str], enabled: bool) -> list[str]:
    """Switches events on or off; returns the ids of those that there are."""
    found: list[str] = []
    for chunk in chunks(event_ids):
        changed = update(Event).where(Event.id.in_(chunk)).values(is_enabled=enabled).returning(Event.id)
        found += (await connection.execute(changed)).scalars()
    return found


async def count_by_type(connection: AsyncConnection) -> dict[str, int]:
    """How many events of each type there are."""
    rows = await connection.execute(select(Event.type, func.count().label("number")).group_by(Event.type))
    return {row.type: row.number for row in rows}


async def import_holidays(
    connection: AsyncConnection, wanted: Mapping[str, Mapping[str, date]], year: int, *, overwrite: bool
) -> tuple[int, int]:
    """Stores what :func:`holidays_by_code` found; returns how many were stored and how many were there already."""
    await take_turn(connection, Turn.IMPORTING_HOLIDAYS)
    imported = skipped = 0
    for code, holidays in wanted.items():
        stored = select(Event.name, Event.id).where(Event.type == "holiday", Event.country == code)
        known = {row.name: row.id for row in await connection.execute(stored)}
        for holiday, day in holidays.items():
            name = f"{holiday} ({year})"
            moment = datetime.combine(day, datetime.min.time(), UTC)
            if name not in known:
                values = {"id": new_id(), "name": name, "type": "holiday", "date": moment, "country": code}
                await connection.execute(insert(Event).values(**values, created_at=utc_now()))
                imported += 1
            elif overwrite:
                await connection.execute(update(Event).where(Event.id == known[name]).values(date=moment))
                imported += 1
            else:
                skipped += 1
    return imported, skipped


def holidays_by_code(codes: Sequence[str], year: int) -> dict[str, dict[str, date]]:
    """The holidays of each set by name, of a feast of several days the first. May take a second.

    Raises :class:`BadRequest` for a set that is not known.
    """
    for code in codes:
        if not is_known(code):
            raise BadRequest(f"There is no holiday set {code}; GET /api/events/holiday-sets lists those there are.")
    wanted: dict[str, dict[str, date]] = {}
    for code in codes:
        for day, name in holidays_in(code, year):
            wanted.setdefault(code, {}).setdefault(name, day)
    return wanted


async def calendar(connection: AsyncConnection) -> Calendar:
    """What days are compared with at present."""
    return await calendar_with(connection, await value_of(connection, ENABLED_HOLIDAYS))


async def calendar_with(connection: AsyncConnection, holidays: str | None) -> Calendar:
    """The same, where the setting of the holiday sets has been read already."""
    return Calendar(
        holiday_sets=enabled_sets(holidays),
        birthdays=[Birthday(row.id, row.name, row.birthdate.date()) for row in await connection.execute(_BIRTHDAYS)],
        events=[_stored_event(row) for row in await connection.execute(_ENABLED_EVENTS)],
    )


def enabled_sets(value: str | None) -> tuple[str, ...]:
    """The codes in the setting; what is no list of codes counts as the default."""
    try:
        codes = json.loads(DEFAULT_HOLIDAYS if value is None else value)
    except ValueError:
        codes = None
    if not isinstance(codes, list):
        codes = json.loads(DEFAULT_HOLIDAYS)
    return tuple(code for code in codes if isinstance(code, str))


def next_day(row: EventRow, today: date) -> date | None:
    """The next day of a stored event from today on; ``None`` if it is over."""
    event = _stored_event(row)
    if event.recurring is None:
        return event.day if today <= event.day <= today + UPCOMING else None
    coming = (today + timedelta(days=days) for days in range(UPCOMING.days + 1))
    return next((day for day in coming if is_on(day, event)), None)


def _stored_event(row: EventRow) -> StoredEvent:
    return StoredEvent(row.id, row.name, row.type, row.date.date(), row.recurring_type if row.is_recurring else None)


async def _require_person(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    person_id = values.get("person_id")
    if person_id is None:
        return
    if (await connection.execute(select(Person.id).where(Person.id == person_id))).first() is None:
        raise BadRequest(f"There is no person {person_id}.")
