"""When do two readers say the same, and which differences are right?"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from core.media.exif import is_caption
from core.media.metadata import EmbeddedVideo, Metadata, PeopleRegions, Position, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.precedence import Source
from core.media.written_time import is_blank_date, written_time
from tests.referee.fields import FIELDS

Tags = dict[str, Any]

_DATES = ("taken", "digitized", "changed")
_CLOCK_PARTS = ("SubSec", "OffsetTime", "TimeCreated", "DigitalCreationTime", "Ref", "GPSDateStamp")


def theirs_of(source: Source, field: str, tags: Tags) -> Tags:
    """Exiftool's tags for a field; none where there are only those that complete another (a fraction, a hemisphere)."""
    found = {name: tags[name] for name in FIELDS[source][field] if name in tags and tags[name] not in ("", None)}
    is_whole = any(not any(part in name.partition(":")[2] for part in _CLOCK_PARTS) for name in found)
    return found if is_whole else {}


def same(field: str, said: Said[Any] | None, theirs: Tags) -> bool:
    """Whether exiftool has our value under one of the field's names."""
    if said is None:
        return False
    value = said.value
    if field in _DATES:
        return any(_same_time(value, name, theirs) for name in theirs)
    if field in ("gps_time", "container_time"):
        return _same_moment(value, theirs)
    if field == "position":
        return _same_position(value, theirs)
    if field == "altitude":
        return _same_altitude(value, theirs)
    if isinstance(value, PeopleRegions):
        return _same_regions(value, theirs)
    if isinstance(value, EmbeddedVideo):
        return any(str(value.length) in str(their) for their in theirs.values())
    if field in ("keywords", "creators", "people"):
        return _same_words(value, theirs)
    if field == "copyright":
        return any(_text(their) == value.replace("; ", " ") or _text(their) == value for their in theirs.values())
    if field == "flash":
        return any(_flash(their) == value for their in theirs.values())
    if field == "rating":
        return any(_stars(name, their) == value for name, their in theirs.items())
    if field == "sequence_number":
        return any(_sequence(name, their) == value for name, their in theirs.items())
    return any(_same_value(value, their) for their in theirs.values())


def _text(value: object) -> str:
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    return clean(str(value)) or ""


def _same_value(ours: object, theirs: object) -> bool:
    if isinstance(theirs, list) and theirs:
        return any(_same_value(ours, item) for item in theirs)
    if isinstance(ours, (int, float)):
        number = _number(theirs)
        return number is not None and abs(number - ours) <= 1e-6 * max(1.0, abs(ours)) + (
            0.0051 if isinstance(ours, float) and ours == round(ours, 2) else 0
        )
    return _text(theirs) == ours


def _number(value: object) -> float | None:
    """A number or a fraction, whatever stands beside it."""
    match = re.match(r"\s*(?:f/)?([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?:/([0-9.]+))?(?![0-9:])", str(value))
    if match is None:
        return None
    try:
        return float(match[1]) / float(match[2] or 1)
    except (ValueError, ZeroDivisionError):
        return None


def _same_time(ours: WrittenTime, name: str, theirs: Tags) -> bool:
    group, _, tag = name.partition(":")
    text = _text(theirs[name])
    if group == "IPTC":
        clock = theirs.get({"DateCreated": "IPTC:TimeCreated"}.get(tag, "IPTC:DigitalCreationTime"))
        return _equal(ours, written_time(f"{text} {clock}" if clock else text))
    fraction = {
        "DateTimeOriginal": "SubSecTimeOriginal",
        "CreateDate": "SubSecTimeDigitized",
        "ModifyDate": "SubSecTime",
    }
    offset = {"DateTimeOriginal": "OffsetTimeOriginal", "CreateDate": "OffsetTimeDigitized", "ModifyDate": "OffsetTime"}
    exif = [
        next((str(theirs[key]) for key in (f"IFD0:{part}", f"ExifIFD:{part}") if key in theirs), None)
        for part in (fraction.get(tag, ""), offset.get(tag, ""))
    ]
    return _equal(ours, written_time(text, *exif))


def _equal(ours: WrittenTime, theirs: WrittenTime | None) -> bool:
    return theirs is not None and (ours.local, ours.offset_minutes) == (theirs.local, theirs.offset_minutes)


def _same_moment(ours: datetime, theirs: Tags) -> bool:
    stamp = theirs.get("GPS:GPSTimeStamp")
    texts = [f"{theirs.get('GPS:GPSDateStamp', '')} {stamp}"] if stamp else [_text(value) for value in theirs.values()]
    for text in texts:
        written = written_time(text)
        if written is not None:
            utc = written.local.replace(tzinfo=UTC) - timedelta(minutes=written.offset_minutes or 0)
            if abs(utc - ours) <= timedelta(seconds=1):
                return True
    return False


def _same_position(ours: Position, theirs: Tags) -> bool:
    for group, ref in (("GPS", True), ("XMP-exif", False)):
        north, east = _number(theirs.get(f"{group}:GPSLatitude")), _number(theirs.get(f"{group}:GPSLongitude"))
        if north is None or east is None:
            continue
        if ref:
            north = -abs(north) if str(theirs.get("GPS:GPSLatitudeRef", "")).upper().startswith("S") else north
            east = -abs(east) if str(theirs.get("GPS:GPSLongitudeRef", "")).upper().startswith("W") else east
        return abs(north - ours.latitude) < 2e-6 and abs(east - ours.longitude) < 2e-6
    for value in theirs.values():
        numbers = [float(part) for part in re.findall(r"[+-]?[0-9]+(?:\.[0-9]+)?", str(value))]
        for north, east in pairwise(numbers):
            if {round(abs(north), 4), round(abs(east), 4)} == {
                round(abs(ours.latitude), 4),
                round(abs(ours.longitude), 4),
            }:
                return True
    return False


def _same_altitude(ours: float, theirs: Tags) -> bool:
    for group in ("GPS", "XMP-exif"):
        metres = _number(theirs.get(f"{group}:GPSAltitude"))
        if metres is not None:
            is_below = str(theirs.get(f"{group}:GPSAltitudeRef", 0)) in ("1", "3")
            return abs((-abs(metres) if is_below else metres) - ours) < 0.0051
    return False


def _same_regions(ours: PeopleRegions, theirs: Tags) -> bool:
    for value in theirs.values():
        if not isinstance(value, dict):
            continue
        names = [
            _text(region.get("Name") or region.get("PersonDisplayName") or "")
            for region in value.get("RegionList") or value.get("Regions") or []
            if str(region.get("Type", "Face")) == "Face"
        ]
        if names == [region.name or "" for region in ours.regions]:
            return True
    return False


def _same_words(ours: tuple[str, ...], theirs: Tags) -> bool:
    """Ours are flat, without repetitions; of trees the leaves."""
    words: dict[str, None] = {}
    for name, value in theirs.items():
        for item in value if isinstance(value, list) else [value]:
            parts = str(item).split(";") if name.startswith(("IFD0:", "ExifIFD:")) else [str(item)]
            if name.startswith(("Keys:", "ItemList:", "UserData:")) and len(ours) > 1:
                parts = str(item).split(",")
            for part in parts:
                text = part
                if "Hierarchical" in name or "CatalogSets" in name:
                    text = part.rpartition("|")[2]
                elif "TagsList" in name or "LastKeyword" in name:
                    text = part.rpartition("/")[2]
                if cleaned := clean(text):
                    words[cleaned] = None
    return set(ours) == set(words) or tuple(words)[: len(ours)] == ours


def _flash(value: object) -> int | None:
    if not isinstance(value, dict):
        number = _number(value)
        return None if number is None else int(number)

    def part(name: str) -> int:
        text = str(value.get(name, 0)).lower()
        return {"true": 1, "false": 0}.get(text, int(_number(text) or 0))

    return part("Fired") | part("Return") << 1 | part("Mode") << 3 | part("Function") << 5 | part("RedEyeMode") << 6


def _stars(name: str, value: object) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if name.endswith("Percent"):
        return next((stars for least, stars in ((88, 5), (63, 4), (38, 3), (13, 2), (1, 1)) if number >= least), 0)
    return int(number)


def _sequence(name: str, value: object) -> int | None:
    parts = str(value).split()
    index = 1 if name.startswith("Olympus:") else 0
    number = _number(parts[index]) if len(parts) > index else None
    return None if number is None else int(number)


_ZERO_IS_UNKNOWN = (
    "aperture",
    "exposure_time",
    "iso",
    "focal_length",
    "focal_length_35mm",
    "subject_distance",
    "width",
    "height",
)


def explain(field: str, said: Said[Any] | None, theirs: Tags, metadata: Metadata) -> str | None:
    """Why we are right to differ, ``None`` if nothing says so."""
    texts = [text for value in theirs.values() if (text := _text(value))]
    numbers = [_number(text) for text in texts]
    if not texts:
        return "blank"
    if said is None:
        return _left_out(field, texts, numbers, theirs, metadata)
    value = str(said.value)
    for text in texts:
        if "?" in text and re.fullmatch(re.escape(text).replace(r"\?", "."), value):
            return "bytes that are no UTF-8, which exiftool shows as question marks: we read the encoding they are in"
        if _as_utf8(text) == value:
            return "UTF-8 that IPTC did not announce, which exiftool shows as Latin-1"
        if isinstance(said.value, WrittenTime) and _colons(said.value) == text:
            return "a date whose dashes exiftool shows as colons, that of the offset too"
    return None


def _left_out(
    field: str, texts: list[str], numbers: list[float | None], theirs: Tags, metadata: Metadata
) -> str | None:
    """Why we say nothing."""
    if field == "description" and not any(map(is_caption, texts)):
        return "a camera's own name for itself is no caption"
    if field in _DATES and all(is_blank_date(text) for text in texts):
        return "a date that was left blank"
    if field in _DATES and {clean(text) for text in texts} <= {refused.text for refused in metadata.refused}:
        return "no date (month or day 0, or the like): refused, with the reason"
    if field == "taken" and metadata.container_time and all(text.endswith("Z") for text in texts):
        return "a film's date in UTC tells no wall clock: it is the container's time"
    if field == "gps_time" and (is_blank_date(theirs.get("GPS:GPSDateStamp")) or all(map(is_blank_date, texts))):
        return "a GPS clock without a day is no moment"
    if field == "position" and all(
        not number for text in texts for number in map(_number, text.split()) if number is not None
    ):
        return "0, 0 is written before the first fix"
    if field == "altitude" and metadata.position is None:
        return "a height without a place is left out"
    if field in _ZERO_IS_UNKNOWN and not any(numbers):
        return "0 stands for unknown"
    if field == "subject_distance" and all(number is None or number >= 2**32 - 1 for number in numbers):
        return "undefined or infinitely far"
    if field == "sequence_number" and not any(_sequence(name, value) for name, value in theirs.items()):
        return "0 stands for a picture taken alone"
    if all(number is None for number in numbers) and all(
        name.startswith(("XMP-exif:", "XMP-tiff:")) for name in theirs
    ):
        return "words where XMP wants EXIF's number"
    return None


def _as_utf8(text: str) -> str | None:
    try:
        return clean(text.encode("cp1252").decode("utf-8"))
    except UnicodeError:
        return None


def _colons(written: WrittenTime) -> str:
    offset = written.offset_minutes or 0
    return f"{written.local.isoformat()}:{abs(offset) // 60:02}:{abs(offset) % 60:02}".replace("-", ":")
