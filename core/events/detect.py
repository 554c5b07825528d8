"""What may a day be? Holidays, then birthdays, then stored events (contract, behaviour §10)."""

from __future__ import annotations

import asyncio
import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, timedelta

import msgspec

from core.events.holiday_sets import all_at_hand, holidays_in

ON_THE_DAY = 100
NEAR_HOLIDAY, NEAR_BIRTHDAY, NEAR_STORED = 80, 75, 85
"""Confidences (0–100) of the contract, on the day and near it."""

HOLIDAY_WINDOW = BIRTHDAY_WINDOW = timedelta(days=2)
STORED_WINDOW = timedelta(days=1)

ASSIGNED_FROM = 80
"""A match of at least this confidence becomes a photo's event by itself."""


class Match(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a day may be. ``confidence`` 0–100; ``age`` for birthdays, as turned on that day."""

    event_id: str
    event_name: str
    event_type: str
    confidence: int
    person_id: str | None = None
    person_name: str | None = None
    age: int | None = None


class Birthday(msgspec.Struct, frozen=True):
    """When somebody was born."""

    person_id: str
    name: str
    born: date


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as its owner wrote it down. ``recurring`` is ``yearly``, ``monthly``, ``weekly`` or ``None``."""

    id: str
    name: str
    type: str
    day: date
    recurring: str | None = None


class Calendar(msgspec.Struct, frozen=True):
    """Everything that a day is compared with."""

    holiday_sets: Collection[str] = ()
    birthdays: Sequence[Birthday] = ()
    events: Sequence[StoredEvent] = ()


def detect(day: date, calendar: Calendar) -> list[Match]:
    """Everything that the day may be, in the order of the contract; of holidays, the nearest first.

    May take a second where a set of a country is asked for the first time: see :func:`detected`.
    """
    return [
        *_holidays(day, calendar.holiday_sets),
        *(match for birthday in calendar.birthdays if (match := _birthday(day, birthday)) is not None),
        *(match for event in calendar.events if (match := _stored(day, event)) is not None),
    ]


async def detected(day: date, calendar: Calendar) -> list[Match]:
    """The same for who must not be kept waiting: in a thread, unless all sets are at hand."""
    if all_at_hand(calendar.holiday_sets):
        return detect(day, calendar)
    return await asyncio.to_thread(detect, day, calendar)


def best(matches: Iterable[Match]) -> Match | None:
    """The match that becomes a photo's event by itself: the surest, the first of equals; ``None`` if none is."""
    sure = [match for match in matches if match.confidence >= ASSIGNED_FROM]
    return max(sure, key=lambda match: match.confidence, default=None)


def _holidays(day: date, codes: Iterable[str]) -> list[Match]:
    years = sorted({(day - min(day - date.min, HOLIDAY_WINDOW)).year, (day + min(date.max - day, HOLIDAY_WINDOW)).year})
    # a name that several sets have, or several days, is told once
    nearest: dict[str, timedelta] = {}
    for code in dict.fromkeys(codes):
        for year in years:
            for holiday, name in holidays_in(code, year):
                apart = abs(day - holiday)
                if apart <= HOLIDAY_WINDOW:
                    nearest[name] = min(apart, nearest.get(name, apart))
    return [
        Match(f"holiday_{_slug(name)}", name, "holiday", NEAR_HOLIDAY if apart else ON_THE_DAY)
        for name, apart in sorted(nearest.items(), key=lambda pair: pair[1])
    ]


def _years(day: date) -> range:
    return range(max(day.year - 1, date.min.year), min(day.year + 1, date.max.year) + 1)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _birthday(day: date, birthday: Birthday) -> Match | None:
    anniversary = min((_in_year(birthday.born, year) for year in _years(day)), key=lambda one: abs(day - one))
    apart = abs(day - anniversary)
    age = anniversary.year - birthday.born.year
    if apart > BIRTHDAY_WINDOW or age < 0 or day < birthday.born:
        return None
    return Match(
        event_id=f"birthday_{birthday.person_id}",
        event_name=f"{birthday.name}'s Birthday",
        event_type="birthday",
        confidence=NEAR_BIRTHDAY if apart else ON_THE_DAY,
        person_id=birthday.person_id,
        person_name=birthday.name,
        age=age,
    )


def is_on(day: date, event: StoredEvent) -> bool:
    """Whether a stored event is on that very day."""
    return not _apart(day, event)


def _apart(day: date, event: StoredEvent) -> timedelta:
    """How far the day is from the nearest day of a stored event."""
    match event.recurring:
        case "yearly":
            return min(abs(day - _in_year(event.day, year)) for year in _years(day))
        case "monthly":
            return min(abs(day - one) for one in _in_months(event.day.day, day))
        case "weekly":
            days = abs(day - event.day).days % 7
            return timedelta(days=min(days, 7 - days))
        case _:
            return abs(day - event.day)


def _stored(day: date, event: StoredEvent) -> Match | None:
    apart = _apart(day, event)
    if apart > STORED_WINDOW:
        return None
    return Match(event.id, event.name, event.type, NEAR_STORED if apart else ON_THE_DAY)


def _in_year(day: date, year: int) -> date:
    """The anniversary; who was born on a 29th of February has it on the 28th in other years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _in_months(number: int, day: date) -> Iterator[date]:
    """The days of that number in the month of ``day`` and those beside it; of a short month its last day."""
    for apart in (-1, 0, 1):
        year, month = divmod(day.year * 12 + day.month - 1 + apart, 12)
        if date.min.year <= year <= date.max.year:
            yield date(year, month + 1, min(number, monthrange(year, month + 1)[1]))
