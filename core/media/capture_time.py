"""When was a picture taken?

The order of trust is that of the contract: what the camera wrote when the shutter opened, when it made the file, when
the file was last changed; then the UTC clock of a video container, a date in the file's name, and at last, marked as
such, when the file was written or taken in. All of it yields the wall clock at the place; UTC is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from core.media.facts import CaptureSource, CaptureTime, Confidence, OffsetSource
from core.media.file_name_time import named_time
from core.media.metadata import Metadata, Precision, Said, WrittenTime
from core.media.precedence import impossible

_MAX_OFFSET = timedelta(hours=14)
_OFFSET_STEP = timedelta(minutes=15)
_MAX_GPS_LAG = timedelta(minutes=2)
"""How far camera and satellite clock may differ beside whole quarters of an hour, for their difference to be an offset.

Receivers repeat their last fix and clocks drift, so some minutes happen; every quarter hour is an offset to somebody,
so a difference in the middle of one proves nothing.
"""

_AT_ONCE = timedelta(seconds=1)
_FUTURE = timedelta(days=1)
"""How far a clock may be ahead of the ingestion: no zone is further from another than a day and an hour."""

_LOCAL_CLOCKS = ("CANON", "NIKON", "GOPRO")
"""Makers whose movies keep local time where the format wants UTC (ExifTool's notes on QuickTime's dates)."""

ZoneAt = Callable[[float, float], str | None]
"""Latitude and longitude in degrees → IANA zone name."""


class Zones(msgspec.Struct, frozen=True):
    """IANA names: of the coordinates, of the folder as its owner set it, and of the owner's home."""

    place: str | None = None
    folder: str | None = None
    home: str | None = None


def capture_time(
    metadata: Metadata,
    original_filename: str,
    ingested_at: datetime,
    zones: Zones,
    modified_at: datetime | None = None,
) -> CaptureTime:
    """The wall clock when and where a picture was taken, with its source, how sure it is and what is known of its zone.

    ``ingested_at`` and ``modified_at``, the file's own time stamp if it is worth anything, have zones. A moment that is
    known in UTC (a container's time, a Pixel's file name, the last two) is told in the zone of the coordinates, else of
    the folder, else of the home, else in UTC. The offset of a camera's wall clock is, first found: what was written
    with it, with the date of digitising if that was at once, with that of the last change; the difference to the GPS
    receiver's UTC; the zone of the coordinates; that of the folder.
    """
    refused = [f"{item.origin} says {item.text!r}: {item.reason}" for item in metadata.refused]
    found = next(_candidates(metadata, original_filename, ingested_at, zones, modified_at, refused))
    return msgspec.structs.replace(found, zone=zones.place, refused=tuple(refused))


def _candidates(
    metadata: Metadata,
    original_filename: str,
    ingested_at: datetime,
    zones: Zones,
    modified_at: datetime | None,
    refused: list[str],
) -> Iterator[CaptureTime]:
    for said, source in (
        (metadata.taken, CaptureSource.EXIF_ORIGINAL),
        (metadata.digitized, CaptureSource.EXIF_CREATED),
        (metadata.changed, CaptureSource.EXIF_CHANGED),
    ):
        if said is not None and _is_possible(said, ingested_at, refused):
            yield _by_the_camera(metadata, said, source, zones)
    named = named_time(original_filename)
    if named is not None and impossible(named) is not None:
        named = None
    container = metadata.container_time
    if container is not None:
        as_written = Said(WrittenTime(container.value.replace(tzinfo=None), 0), container.origin)
        if _is_possible(as_written, ingested_at, refused):
            yield _by_the_container(metadata, container, named, zones)
    if named is not None and _is_possible(Said(named, "the file's name"), ingested_at, refused):
        yield _by_the_name(named, zones)
    if modified_at is not None:
        stamp = Said(WrittenTime(modified_at.astimezone(UTC).replace(tzinfo=None), 0), "the file's time stamp")
        if _is_possible(stamp, ingested_at, refused):
            yield _told(modified_at, CaptureSource.FILE_MODIFIED, zones, Confidence.UNKNOWN)
    yield _told(ingested_at, CaptureSource.INGESTED, zones, Confidence.UNKNOWN)


def _is_possible(said: Said[WrittenTime], ingested_at: datetime, refused: list[str]) -> bool:
    written = said.value
    utc = written.local - timedelta(minutes=written.offset_minutes or 0)
    reason = impossible(written)
    if reason is None and utc > ingested_at.astimezone(UTC).replace(tzinfo=None) + _FUTURE:
        reason = "it lies in the future"
    if reason is not None:
        refused.append(f"{said.origin} says '{written.local.isoformat(sep=' ')}': {reason}")
    return reason is None


def _by_the_camera(metadata: Metadata, said: Said[WrittenTime], source: CaptureSource, zones: Zones) -> CaptureTime:
    written = said.value
    offset, offset_source = _camera_offset(metadata, said, zones)
    if written.precision in (Precision.YEAR, Precision.MONTH, Precision.DAY) or source is CaptureSource.EXIF_CHANGED:
        confidence = Confidence.ESTIMATED
    elif offset_source in (None, OffsetSource.COORDINATES, OffsetSource.FOLDER):
        confidence = Confidence.LIKELY
    else:
        confidence = Confidence.CERTAIN
    return CaptureTime(
        written.local,
        source,
        offset,
        offset_source=offset_source,
        confidence=confidence,
        origin=said.origin,
    )


def _by_the_container(
    metadata: Metadata, container: Said[datetime], named: WrittenTime | None, zones: Zones
) -> CaptureTime:
    """A movie's clock keeps UTC, says the format. Where the name has the wall clock, their difference is the offset."""
    utc = container.value
    numbers = utc.astimezone(UTC).replace(tzinfo=None)
    is_named = named is not None and named.offset_minutes is None and named.precision is not Precision.DAY
    if named is not None and is_named:
        began, offset = _recording(metadata, named.local, numbers, zones)
        if offset:
            local = began + timedelta(minutes=offset)
            return _container_time(local, offset, OffsetSource.FILENAME, Confidence.CERTAIN, container.origin)
        if offset == 0 and zones.place is None:
            # either the place is in the zone of UTC, or this camera keeps local time
            return _container_time(numbers, None, None, Confidence.LIKELY, container.origin)
    make = metadata.make.value.upper() if metadata.make else ""
    if make.startswith(_LOCAL_CLOCKS):
        offset, source = _zone_offset(numbers, zones)
        return _container_time(numbers, offset, source, Confidence.LIKELY, container.origin)
    confidence = Confidence.ESTIMATED if zones.place is None else Confidence.CERTAIN
    return _told(utc, CaptureSource.CONTAINER, zones, confidence, container.origin)


def _recording(metadata: Metadata, named: datetime, clock: datetime, zones: Zones) -> tuple[datetime, int | None]:
    """When a recording began by the container's clock, and by what offset its name differs from that.

    Phones name a film when it begins and write the clock when it ends, others write it when it begins. Where both would
    make an offset, that of a zone the owner named is the likelier, then that of whole hours.
    """
    length = timedelta(seconds=metadata.duration.value if metadata.duration else 0)
    zones_of_owner = filter(None, map(_zone_info, (zones.folder, zones.home)))
    usual = {_minutes(named.replace(tzinfo=zone).utcoffset()) for zone in zones_of_owner}
    found = [
        (offset not in usual, offset % 60 != 0, began, offset)
        for began in (clock - length, clock)
        if (offset := _offset_between(named, began)) is not None
    ]
    if not found:
        return clock, None
    *_, began, offset = min(found)
    return began, offset


def _container_time(
    local: datetime, offset: int | None, source: OffsetSource | None, confidence: Confidence, origin: str
) -> CaptureTime:
    return CaptureTime(
        local, CaptureSource.CONTAINER, offset, offset_source=source, confidence=confidence, origin=origin
    )


def _by_the_name(named: WrittenTime, zones: Zones) -> CaptureTime:
    if named.offset_minutes is not None:
        return _told(named.local.replace(tzinfo=UTC), CaptureSource.FILENAME, zones, Confidence.ESTIMATED)
    offset, source = _zone_offset(named.local, zones)
    return CaptureTime(
        named.local, CaptureSource.FILENAME, offset, offset_source=source, confidence=Confidence.ESTIMATED
    )


def _told(
    moment: datetime, source: CaptureSource, zones: Zones, confidence: Confidence, origin: str | None = None
) -> CaptureTime:
    """A moment that is known in UTC, as a clock on the wall would show it."""
    named = (
        (zones.place, OffsetSource.COORDINATES),
        (zones.folder, OffsetSource.FOLDER),
        (zones.home, OffsetSource.HOME),
    )
    known = ((found, source) for name, source in named if (found := _zone_info(name)) is not None)
    zone, offset_source = next(known, (None, OffsetSource.UTC))
    told = moment.astimezone(zone or UTC)
    return CaptureTime(
        told.replace(tzinfo=None),
        source,
        _minutes(told.utcoffset()),
        offset_source=offset_source,
        confidence=confidence,
        origin=origin,
    )


def _camera_offset(metadata: Metadata, said: Said[WrittenTime], zones: Zones) -> tuple[int | None, OffsetSource | None]:
    written = said.value
    for other, tag in (
        (said, OffsetSource.OFFSET_TIME_ORIGINAL if said is metadata.taken else None),
        (metadata.taken, OffsetSource.OFFSET_TIME_ORIGINAL),
        (metadata.digitized, OffsetSource.OFFSET_TIME_DIGITIZED),
        (metadata.changed, OffsetSource.OFFSET_TIME),
    ):
        if other is None or other.value.offset_minutes is None:
            continue
        if other is metadata.digitized and abs(other.value.local - written.local) > _AT_ONCE:
            continue  # a scan: it was digitised elsewhere
        return other.value.offset_minutes, _tag_of(metadata, other, tag)
    if metadata.gps_time is not None:
        offset = _offset_between(written.local, metadata.gps_time.value.replace(tzinfo=None))
        if offset is not None:
            return offset, OffsetSource.GPS
    return _zone_offset(written.local, zones)


def _tag_of(metadata: Metadata, said: Said[WrittenTime], tag: OffsetSource | None) -> OffsetSource:
    """EXIF has offsets in tags of their own; everywhere else they stand in the date."""
    if not said.origin.startswith("exif:"):
        return OffsetSource.WRITTEN
    if tag is not None:
        return tag
    return OffsetSource.OFFSET_TIME_DIGITIZED if said is metadata.digitized else OffsetSource.OFFSET_TIME


def _offset_between(local: datetime, utc: datetime) -> int | None:
    """The offset that two clocks tell which showed the same moment, one of them UTC; ``None`` if they did not."""
    difference = local - utc
    offset = round(difference / _OFFSET_STEP) * _OFFSET_STEP
    if abs(difference - offset) > _MAX_GPS_LAG or abs(offset) > _MAX_OFFSET:
        return None
    return _minutes(offset)


def _zone_offset(local: datetime, zones: Zones) -> tuple[int | None, OffsetSource | None]:
    for name, source in ((zones.place, OffsetSource.COORDINATES), (zones.folder, OffsetSource.FOLDER)):
        zone = _zone_info(name)
        if zone is not None:
            return _minutes(local.replace(tzinfo=zone).utcoffset()), source
    return None, None


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
