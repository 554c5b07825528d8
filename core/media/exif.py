"""What does the camera say about a picture? EXIF in the shapes of the HTTP contract."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import floor, isfinite
from typing import BinaryIO, cast

from exifread.core.exif_header import ExifHeader
from exifread.tags.exif import GPS_TAGS

from core.media.coordinates import from_exif
from core.media.exif_block import find_exif
from core.media.facts import Exif, Format
from core.media.metadata_text import camera_name, clean, decoded, utc_offset, wall_clock

Tags = Mapping[str, object]

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")  # plain, RW2, ORF; exifread knows no BigTIFF

_MAX_WORK = 4 << 20
"""Bytes that exifread may read, a read counting as 64 more: about 0.1 s.

The EXIF of 200 camera models took up to 0.05 MiB; a crafted block could keep it busy for days.
"""
_READ_COSTS = 64
_MAX_TEXT = 65_536
_LONGEST_NUMBER = 8

# What exifread raises on tags that are cut off or of a wrong type, by mutating real files.
_BROKEN = (IndexError, KeyError, TypeError, ValueError, ArithmeticError, struct.error)

# Where GPS is a TIFF of its own (CR3), exifread does not know the names of its tags.
_GPS_BY_NUMBER = {f"Image Tag 0x{number:04X}": f"GPS {entry[0]}" for number, entry in GPS_TAGS.items()}

_ALTITUDE_BELOW = (1, 3)  # EXIF 3.0: below sea level, below the ellipsoid
_ISO_ELSEWHERE = 65_535  # EXIF 2.32, table 8: the speed did not fit and stands in another tag


class ExifTooLargeError(ValueError):
    """The EXIF takes more work than any camera's does: broken, or made to keep a reader busy."""


class _Rationed:
    """A stream for exifread that ends after a fixed amount of work, and never makes room for what a tag claims."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._work_left = _MAX_WORK
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, count: int) -> bytes:
        data = self._stream.read(min(count, _MAX_TEXT))
        self._work_left -= _READ_COSTS + len(data)
        if self._work_left < 0:
            raise ExifTooLargeError("it holds more than any camera writes")
        # Integers behind the end are 0 to exifread, but a float there ends it: make both alike.
        return data.ljust(count, b"\0") if count <= _LONGEST_NUMBER else data


def read_exif(stream: BinaryIO, size: int, known: Format) -> tuple[Exif, str | None]:
    """EXIF of a picture file of ``size`` bytes; all fields ``None`` where the format or the file has none.

    The second value says why EXIF that is there could not be read to its end; what stands before the broken place
    is returned all the same.
    """
    tags: dict[str, object] = {}
    trouble = None
    for block in find_exif(stream, size, known):
        try:
            _read_directories(block, tags)
        except _BROKEN as error:
            trouble = str(error) or type(error).__name__
    for by_number, name in _GPS_BY_NUMBER.items():
        if by_number in tags:
            tags.setdefault(name, tags.pop(by_number))
    return exif_of(tags), trouble


def _read_directories(block: BinaryIO, tags: dict[str, object]) -> None:
    """Add the tags of the main, the EXIF and the GPS directory to ``tags``, as far as they can be read.

    exifread's ``process_file`` would read thumbnails' directories too, and return nothing if one tag is broken.
    """
    block.seek(0)
    start = block.read(4)
    if start not in _TIFF_STARTS:
        raise ValueError("it does not begin as TIFF does")
    header = ExifHeader(cast(BinaryIO, _Rationed(block)), chr(start[0]), 0, 0, strict=False, detailed=False)
    header.tags = tags
    header.dump_ifd(header.s2n(4, 4), "Image")
    pointer = _number(tags, "ExifOffset")
    if pointer is not None:
        header.dump_ifd(int(pointer), "EXIF")


def exif_of(tags: Tags) -> Exif:
    """The contract's shapes of what exifread found. A tag of a wrong type is left out and costs no other."""
    original = _date(tags, "DateTimeOriginal")
    created = _date(tags, "DateTimeDigitized")
    changed = _date(tags, "DateTime")
    shutter = _shutter(_number(tags, "ExposureTime"))
    place = from_exif(
        _numbers(tags, "GPS GPSLatitude"),
        _text(tags, "GPS GPSLatitudeRef") or "",
        _numbers(tags, "GPS GPSLongitude"),
        _text(tags, "GPS GPSLongitudeRef") or "",
    )
    return Exif(
        camera=camera_name(_text(tags, "Make"), _text(tags, "Model")),
        lens=_text(tags, "LensModel"),
        aperture=_positive(_number(tags, "FNumber"), "f/{:.1f}"),
        shutter=shutter,
        shutter_speed=shutter,
        iso=_iso(tags),
        focal_length=_millimetres(_number(tags, "FocalLength")),
        date_time_original=original,
        create_date=created,
        modify_date=changed,
        date_time=original or created or changed,
        offset_time_original=_offset_of_capture(tags, original, created),
        offset_time=utc_offset(_text(tags, "OffsetTime") or ""),
        gps_latitude=place.latitude if place else None,
        gps_longitude=place.longitude if place else None,
        gps_altitude=_altitude(tags) if place else None,
        software=_text(tags, "Software"),
        flash=_raw(tags, "Flash"),
        white_balance=_raw(tags, "WhiteBalance"),
        exposure_mode=_raw(tags, "ExposureMode"),
        metering_mode=_raw(tags, "MeteringMode"),
        scene_type=_raw(tags, "SceneCaptureType"),
        color_space=_raw(tags, "ColorSpace"),
        orientation=_raw(tags, "Orientation"),
        x_resolution=_raw(tags, "XResolution"),
        y_resolution=_raw(tags, "YResolution"),
        resolution_unit=_raw(tags, "ResolutionUnit"),
        image_description=_text(tags, "ImageDescription"),
        gps_date_time_utc=_gps_time(tags),
    )


def _values(tags: Tags, name: str) -> object:
    """The values of a tag; TIFF/EP files keep in the main directory what EXIF keeps in its own."""
    for key in (name,) if name.startswith("GPS ") else (f"Image {name}", f"EXIF {name}"):
        tag = tags.get(key)
        if tag is not None:
            return getattr(tag, "values", None)
    return None


def _text(tags: Tags, name: str) -> str | None:
    values = _values(tags, name)
    if isinstance(values, list) and all(isinstance(value, int) and 0 <= value < 256 for value in values):
        values = bytes(values).split(b"\0", 1)[0]  # text that was stored as bytes
    if isinstance(values, bytes):
        values = decoded(values)
    return clean(values) if isinstance(values, str) else None


def _numbers(tags: Tags, name: str) -> list[float]:
    """The values of a tag that are finite numbers; all of them, or none."""
    values = _values(tags, name)
    numbers: list[float] = []
    for value in values if isinstance(values, list) else []:
        if isinstance(value, tuple) and len(value) == 1:
            (value,) = value  # exifread wraps floats so
        try:
            numbers.append(float(value))
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            return []
    return numbers if all(map(isfinite, numbers)) else []


def _number(tags: Tags, name: str) -> float | None:
    return next(iter(_numbers(tags, name)), None)


def _raw(tags: Tags, name: str) -> str | None:
    """The number as text (``16``, ``72``, ``0.5``): the contract sends these raw and the client names them."""
    number = _number(tags, name)
    return None if number is None else f"{number:.10g}"


def _date(tags: Tags, name: str) -> str | None:
    return wall_clock(_text(tags, name) or "")


def _positive(value: float | None, shape: str) -> str | None:
    return shape.format(value) if value is not None and value > 0 else None


def _shutter(seconds: float | None) -> str | None:
    """``1/125s``, n rounded, below a second; ``2s`` or ``1.3s`` from there on."""
    if seconds is None or seconds <= 0:
        return None
    if seconds < 1:
        return f"1/{floor(1 / seconds + 0.5)}s"
    return f"{round(seconds, 1):.10g}s"


def _millimetres(value: float | None) -> str | None:
    return _positive(value if value is None else round(value, 2), "{:.10g}mm")


def _iso(tags: Tags) -> str | None:
    for name in ("ISOSpeedRatings", "RecommendedExposureIndex", "ISOSpeed"):
        number = _number(tags, name)
        if number is not None and number > 0 and number != _ISO_ELSEWHERE:
            return f"{number:.10g}"
    return None


def _offset_of_capture(tags: Tags, original: str | None, created: str | None) -> str | None:
    """The offset of the moment of capture. That of digitising is as good where the camera did both at once."""
    offset = utc_offset(_text(tags, "OffsetTimeOriginal") or "")
    if offset is None and original in (created, None):
        offset = utc_offset(_text(tags, "OffsetTimeDigitized") or "")
    return offset


def _altitude(tags: Tags) -> float | None:
    metres = _number(tags, "GPS GPSAltitude")
    if metres is None:
        return None
    return round(-metres if _number(tags, "GPS GPSAltitudeRef") in _ALTITUDE_BELOW else metres, 2)


def _gps_time(tags: Tags) -> str | None:
    """Date and time stamp of the GPS receiver, zone-less ISO 8601 in UTC."""
    clock = _numbers(tags, "GPS GPSTimeStamp")
    date = wall_clock((_text(tags, "GPS GPSDate") or "") + " 00:00:00")
    if date is None or len(clock) != 3:
        return None
    hours, minutes, seconds = clock
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds <= 60):
        return None
    moment = datetime.fromisoformat(date) + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return moment.replace(microsecond=0).isoformat()
