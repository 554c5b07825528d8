"""Events: stored ones, and which of them, or of the holidays and birthdays, a day may be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.event import (
    AutoDetect,
    AutoDetected,
    BulkResult,
    DateRange,
    Event,
    EventChange,
    EventCluster,
    EventRemoved,
    EventStatistics,
    EventsToggle,
    HolidayImport,
    HolidaysImported,
    NewEvent,
    PhotoDate,
    Upcoming,
    day_of,
    event_of,
    moment_of,
)
from api.schemas.photo import photo_of
from core.access import Scope
from core.db.tables import utc_now
from core.events.assign import assign_events
from core.events.clusters import clusters_of, recent_detections
from core.events.detect import Match, detected
from core.events.holiday_sets import HolidaySet, known_sets
from core.events.store import (
    MOST_UPCOMING,
    UPCOMING,
    add_event,
    all_events,
    calendar,
    change_event,
    count_by_type,
    enable_events,
    find_event,
    holidays_by_code,
    import_holidays,
    next_day,
    remove_event,
)
from core.search.dates import first_moment, last_moment


@get("/api/events", tags=["Events"])
async def list_events(
    context: NamedDependency[ApiContext],
    event_type: Annotated[str | None, QueryParameter(name="type")] = None,
    enabled_only: Annotated[bool, QueryParameter(name="enabledOnly")] = False,
) -> list[Event]:
    """Stored events by date."""
    async with context.bench.database.read() as connection:
        return [event_of(row) for row in await all_events(connection, event_type, enabled_only=enabled_only)]


@post("/api/events", tags=["Events"])
async def make_event(context: NamedDependency[ApiContext], data: JSONBody[NewEvent]) -> Event:
    """Stores an event."""
    values = msgspec.structs.asdict(data) | {"date": moment_of(data.date)}
    async with context.bench.database.write() as connection:
        return event_of(await add_event(connection, values))


@get("/api/events/holiday-sets", tags=["Events"])
async def list_holiday_sets() -> Sequence[HolidaySet]:
    """The sets of holidays that can be switched on, with the setting ``enabled_holidays``; one for each country.

    The two of the contract, of the United States and the United Kingdom, come first.
    """
    return await asyncio.to_thread(known_sets, utc_now().year)


@post("/api/events/detect", tags=["Events"], status_code=200, opt={SCOPE: Scope.READ})
async def detect_events(context: NamedDependency[ApiContext], data: JSONBody[PhotoDate]) -> list[Match]:
    """What a day may be: holidays, birthdays, stored events. The day is taken as it is written."""
    day = day_of(data.photo_date)
    async with context.bench.database.read() as connection:
        known = await calendar(connection)
    return await detected(day, known)


@get("/api/events/statistics", tags=["Events"])
async def get_statistics(context: NamedDependency[ApiContext]) -> EventStatistics:
    """How many events there are, and which come next."""
    today = utc_now().date()
    async with context.bench.database.read() as connection:
        counted = await count_by_type(connection)
        events = await all_events(connection, enabled_only=True)
        recent = await recent_detections(connection, utc_now() - UPCOMING)
    coming = sorted(
        ((day, row) for row in events if (day := next_day(row, today)) is not None), key=lambda pair: pair[0]
    )
    upcoming = [
        Upcoming(row.id, row.name, day.isoformat(), row.type, (day - today).days) for day, row in coming[:MOST_UPCOMING]
    ]
    return EventStatistics(sum(counted.values()), counted, upcoming, recent)


@get("/api/events/clusters", tags=["Events"])
async def list_clusters(
    context: NamedDependency[ApiContext],
    start_date: Annotated[str | None, QueryParameter(name="startDate")] = None,
    end_date: Annotated[str | None, QueryParameter(name="endDate")] = None,
) -> list[EventCluster]:
    """Photos by their event, the largest event first."""
    start = None if start_date is None else first_moment(start_date)
    end = None if end_date is None else last_moment(end_date)
    async with context.bench.database.read() as connection:
        found = await clusters_of(connection, start, end)
    return [
        EventCluster(
            event_type=cluster.event_type,
            event_name=cluster.event_name,
            photo_count=len(cluster.photos),
            date_range=DateRange(cluster.start, cluster.end),
            photos=[photo_of(row) for row in cluster.photos],
        )
        for cluster in found
    ]


@get("/api/events/by-type/{event_type:str}", tags=["Events"])
async def list_by_type(context: NamedDependency[ApiContext], event_type: FromPath[str]) -> list[Event]:
    """Stored events of one type."""
    async with context.bench.database.read() as connection:
        return [event_of(row) for row in await all_events(connection, event_type)]


@post("/api/events/bulk-toggle", tags=["Events"], status_code=200)
async def toggle_events(context: NamedDependency[ApiContext], data: JSONBody[EventsToggle]) -> BulkResult:
    """Switches events on or off."""
    wanted = list(dict.fromkeys(data.event_ids))
    async with context.bench.database.write() as connection:
        changed = await enable_events(connection, wanted, data.enabled)
    errors = [f"There is no event {event_id}." for event_id in wanted if event_id not in set(changed)]
    events = "1 event was" if len(changed) == 1 else f"{len(changed)} events were"
    message = f"{events} switched {'on' if data.enabled else 'off'}."
    return BulkResult(not errors, len(changed), errors, message)


@post("/api/events/auto-detect", tags=["Events"], status_code=200)
async def auto_detect(context: NamedDependency[ApiContext], data: JSONBody[AutoDetect]) -> AutoDetected:
    """Gives photos the event that their day is."""
    async with context.bench.database.write() as connection:
        known = await calendar(connection)
        processed, detected = await assign_events(connection, known, data.photo_ids, again=data.force_redetect)
    return AutoDetected(True, processed, detected, [], f"{detected} of {processed} photos were given an event.")


@post("/api/events/import-holidays", tags=["Events"], status_code=200)
async def store_holidays(context: NamedDependency[ApiContext], data: JSONBody[HolidayImport]) -> HolidaysImported:
    """Stores the holidays of a year as events."""
    wanted = await asyncio.to_thread(holidays_by_code, data.country_codes, data.year)
    async with context.bench.database.write() as connection:
        imported, skipped = await import_holidays(connection, wanted, data.year, overwrite=data.overwrite_existing)
    return HolidaysImported(True, imported, skipped, [], f"{imported} holidays were stored, {skipped} were there.")


@get("/api/events/{event_id:str}", tags=["Events"])
async def get_event(context: NamedDependency[ApiContext], event_id: FromPath[str]) -> Event:
    """One stored event."""
    async with context.bench.database.read() as connection:
        return event_of(await find_event(connection, event_id))


@put("/api/events/{event_id:str}", tags=["Events"])
async def update_event(
    context: NamedDependency[ApiContext], event_id: FromPath[str], data: JSONBody[EventChange]
) -> Event:
    """Changes an event; what is not told stays."""
    values: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    if isinstance(data.date, str):
        values["date"] = moment_of(data.date)
    async with context.bench.database.write() as connection:
        return event_of(await change_event(connection, event_id, values))


@delete("/api/events/{event_id:str}", tags=["Events"], status_code=200)
async def delete_event(context: NamedDependency[ApiContext], event_id: FromPath[str]) -> EventRemoved:
    """Removes a stored event."""
    async with context.bench.database.write() as connection:
        name = await remove_event(connection, event_id)
    return EventRemoved(True, f"The event {name} was removed.")


ROUTES = [
    list_events,
    make_event,
    list_holiday_sets,
    detect_events,
    get_statistics,
    list_clusters,
    list_by_type,
    toggle_events,
    auto_detect,
    store_holidays,
    get_event,
    update_event,
    delete_event,
]
