"""When was a picture taken?

The order of trust is that of the contract: what the camera wrote when the shutter opened, when it made the file, when
the file was last changed; then the UTC clock of a video container, a date in the file's name, and at last the moment
the file was taken in. All of it yields the wall clock at the place; UTC is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.media.facts import CaptureSource, CaptureTime, Exif, Identity

_YEAR_AFTER = 1900
_YEAR_BEFORE = 2100

# 20230506_070809…, as phones name files, alone or behind the usual prefixes; Screenshot_20230506-070809.
_NAME_WITH_TIME = re.compile(
    r"(?:(?P<prefix>IMG|VID|PXL|MVIMG|DSC|Screenshot)[_-])?(?P<date>[0-9]{8})[_-](?P<time>[0-9]{6})", re.IGNORECASE
)
# IMG-20230506-WA0001: WhatsApp names only the day (LibrePhotos and Immich's FAQ have the same rule).
_NAME_WITH_DAY = re.compile(r"(?:IMG|VID)-(?P<date>[0-9]{8})-WA[0-9]+", re.IGNORECASE)
# Google's Pixel phones alone name their files after UTC.
_UTC_PREFIX = "PXL"

_MAX_OFFSET = timedelta(hours=14)
_OFFSET_STEP = timedelta(minutes=15)
_MAX_GPS_LAG = timedelta(minutes=2)
"""How far camera and satellite clock may differ beside whole quarters of an hour, for their difference to be an offset.

Receivers repeat their last fix and clocks drift, so some minutes happen; every quarter hour is an offset to somebody,
so a difference in the middle of one proves nothing.
"""

ZoneAt = Callable[[float, float], str | None]
"""Latitude and longitude in degrees → IANA zone name."""


def capture_time(
    identity: Identity,
    original_filename: str,
    ingested_at: datetime,
    zone_at: ZoneAt,
    home_zone: str | None = None,
) -> CaptureTime:
    """The wall clock when and where a picture was taken, with its source and what is known of its zone.

    ``ingested_at`` has a zone. ``zone`` comes from the coordinates alone. A moment that is known in UTC (a container's
    time, a Pixel's file name, the ingestion) is told in the zone of the coordinates, else in ``home_zone``, else in
    UTC. The offset of a camera's wall clock is, first found: ``offset_time_original``, ``offset_time``, the
    difference to the GPS receiver's UTC, the zone of the coordinates at that time.
    """
    exif = identity.exif
    zone = None
    if exif.gps_latitude is not None and exif.gps_longitude is not None:
        zone = zone_at(exif.gps_latitude, exif.gps_longitude)

    for text, source in (
        (exif.date_time_original, CaptureSource.EXIF_ORIGINAL),
        (exif.create_date, CaptureSource.EXIF_CREATED),
        (exif.date_time, CaptureSource.EXIF_CHANGED),
    ):
        local = _plausible(text)
        if local is not None:
            return CaptureTime(local, source, _camera_offset(exif, local, zone), zone)

    container = identity.container_time_utc
    if container is not None and _YEAR_AFTER < container.year < _YEAR_BEFORE:
        return _told_in_zone(container, CaptureSource.CONTAINER, zone, home_zone)
    named = _named_time(original_filename)
    if named is not None and named.tzinfo is not None:
        return _told_in_zone(named, CaptureSource.FILENAME, zone, home_zone)
    if named is not None:
        return CaptureTime(named, CaptureSource.FILENAME, _zone_offset(named, zone), zone)
    return _told_in_zone(ingested_at, CaptureSource.INGESTED, zone, home_zone)


def _plausible(text: str | None) -> datetime | None:
    """A zone-less ISO 8601 date of our time, or ``None``: cameras without a set clock write 1900, 2155 and worse."""
    if text is None:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    return local.replace(tzinfo=None) if _YEAR_AFTER < local.year < _YEAR_BEFORE else None


def _named_time(filename: str) -> datetime | None:
    """The date a file name begins with; with zone UTC where its maker writes UTC."""
    name = PurePath(filename).name
    match = _NAME_WITH_TIME.match(name)
    day = _NAME_WITH_DAY.match(name)
    try:
        if match is not None:
            named = datetime.strptime(match["date"] + match["time"], "%Y%m%d%H%M%S")
        elif day is not None:
            named = datetime.strptime(day["date"], "%Y%m%d")
        else:
            return None
    except ValueError:
        return None
    if not _YEAR_AFTER < named.year < _YEAR_BEFORE:
        return None
    is_utc = match is not None and (match["prefix"] or "").upper() == _UTC_PREFIX
    return named.replace(tzinfo=UTC) if is_utc else named


def _told_in_zone(moment: datetime, source: CaptureSource, zone: str | None, home_zone: str | None) -> CaptureTime:
    place = _zone_info(zone) or _zone_info(home_zone)
    told = moment.astimezone(place) if place else moment.astimezone(UTC)
    return CaptureTime(told.replace(tzinfo=None), source, _minutes(told.utcoffset()), zone)


def _camera_offset(exif: Exif, local: datetime, zone: str | None) -> int | None:
    for text in (exif.offset_time_original, exif.offset_time):
        offset = _written_offset(text)
        if offset is not None:
            return offset
    offset = _gps_offset(exif, local)
    return _zone_offset(local, zone) if offset is None else offset


def _written_offset(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        offset = datetime.strptime(text, "%z").utcoffset()
    except ValueError:
        return None
    return _minutes(offset) if offset is not None and abs(offset) <= _MAX_OFFSET else None


def _gps_offset(exif: Exif, local: datetime) -> int | None:
    utc = _plausible(exif.gps_date_time_utc)
    if utc is None:
        return None
    difference = local - utc
    offset = round(difference / _OFFSET_STEP) * _OFFSET_STEP
    if abs(difference - offset) > _MAX_GPS_LAG or abs(offset) > _MAX_OFFSET:
        return None
    return _minutes(offset)


def _zone_offset(local: datetime, zone: str | None) -> int | None:
    place = _zone_info(zone)
    return _minutes(local.replace(tzinfo=place).utcoffset()) if place else None


def _zone_info(zone: str | None) -> ZoneInfo | None:
    """``None`` also where this machine's zone database does not know the zone: its offset is unknown then."""
    if zone is None:
        return None
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _minutes(offset: timedelta | None) -> int | None:
    return None if offset is None else round(offset.total_seconds() / 60)
