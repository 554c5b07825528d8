"""What do people call a moment: which season, which part of the day?"""

from __future__ import annotations

from datetime import datetime, time

from core.media.facts import CaptureSource, CaptureTime, OffsetSource

TROPIC_LATITUDE = 23.44
"""Degrees north and south between which the year has no four seasons (the Earth's axial tilt)."""

_SEASONS = ("winter", "spring", "summer", "autumn")
MORNING, AFTERNOON, EVENING, NIGHT = "morning", "afternoon", "evening", "night"
_PARTS_OF_THE_DAY = ((5, NIGHT), (12, MORNING), (17, AFTERNOON), (22, EVENING), (24, NIGHT))
"""Hour before which each part ends."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def known_moment(captured: CaptureTime | None) -> datetime | None:
    """Return the wall clock at the place if anything but our own clock tells it."""
    if captured is None or not captured.is_dated:
        return None
    return captured.local


def season(moment: datetime, latitude: float | None) -> str | None:
    """Return the meteorological season (from the first of March, June, September, December in the north).

    ``None`` without a latitude, because the month alone does not tell, and between the tropics.
    """
    if latitude is None or not TROPIC_LATITUDE < abs(latitude) <= 90:
        return None
    quarter = moment.month % 12 // 3
    return _SEASONS[quarter if latitude > 0 else (quarter + 2) % 4]


def part_of_the_day(captured: CaptureTime | None) -> str | None:
    """Return ``morning``, ``afternoon``, ``evening`` or ``night`` if the hour at the place is known.

    It is not when a file name holds the date alone, which reads as midnight, nor when a video's clock is UTC and
    nothing tells the zone.
    """
    moment = known_moment(captured)
    if captured is None or moment is None:
        return None
    if captured.source is CaptureSource.FILENAME and moment.time() == time.min:
        return None
    is_open = captured.offset_minutes is None or captured.offset_source is OffsetSource.UTC
    if captured.source is CaptureSource.CONTAINER and is_open:
        return None
    return next(name for end, name in _PARTS_OF_THE_DAY if moment.hour < end)


def day(moment: datetime) -> str:
    """Return ``15 July 2023``, in English whatever the locale."""
    return f"{moment.day} {month(moment)}"


def month(moment: datetime) -> str:
    """Return ``July 2023``, in English whatever the locale."""
    return f"{_MONTHS[moment.month - 1]} {moment.year}"
