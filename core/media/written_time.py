"""How do the dates that cameras and programs write become moments, and which of them cannot be?"""

from __future__ import annotations

import re
from datetime import datetime

from core.media.metadata import Precision, WrittenTime

# EXIF 2.32, 4.6.5: "YYYY:MM:DD HH:MM:SS", fraction and offset in tags of their own; XMP part 1, 8.2.1.2: ISO 8601 that
# may stop after the year, the month, the day or the minute. Scanners and editors also write slashes and single digits.
_DATE = re.compile(
    r"\s*(?P<year>[0-9]{4})(?:[:/.-](?P<month>[0-9]{1,2})(?:[:/.-](?P<day>[0-9]{1,2})"
    r"(?:[ T]+(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{1,2})"
    r"(?:[:.](?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?)?)?)?)?(?P<rest>.*)",
    re.DOTALL,
)
_OFFSET = re.compile(
    r"\s*(?:(?P<utc>Z|UTC)|(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?)\s*", re.IGNORECASE
)
_DIGITS = re.compile(r"[0-9]+")

_MAX_OFFSET = 14 * 60  # Kiribati's Line Islands are the furthest from UTC
_BLANKS = str.maketrans("", "", " :-/.T0\0")


def written_time(text: str | None, fraction: str | None = None, offset: str | None = None) -> WrittenTime | None:
    """The moment that ``text`` tells, with the digits of a second and the offset that stand in tags of their own.

    What ``text`` itself says of fraction and offset goes before those. ``None`` for what is no date, such as
    ``0000:00:00 00:00:00`` or the thirtieth of February.
    """
    match = _DATE.fullmatch(text or "")
    if match is None or (match["month"] is None and match["rest"].strip()):
        return None
    precision = _precision(match)
    digits = match["fraction"] or (_leading_digits(fraction) if precision is Precision.SECOND else None)
    if digits:
        precision = Precision.FRACTION
    try:
        local = datetime(
            int(match["year"]),
            int(match["month"] or 1),
            int(match["day"] or 1),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int((digits or "0")[:6].ljust(6, "0")),
        )
    except ValueError:
        return None
    has_clock = match["hour"] is not None
    minutes = offset_minutes(match["rest"]) if has_clock else None
    if minutes is None and has_clock:
        minutes = offset_minutes(offset)
    return WrittenTime(local, minutes, precision)


def offset_minutes(text: str | None) -> int | None:
    """Minutes east of UTC of ``+02:00``, ``+0200``, ``+2``, ``Z`` or ``UTC``; ``None`` for anything else."""
    match = _OFFSET.fullmatch(text or "")
    if match is None:
        return None
    if match["utc"]:
        return 0
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    total = hours * 60 + minutes
    if minutes >= 60 or total > _MAX_OFFSET:
        return None
    return -total if match["sign"] == "-" else total


def is_blank_date(text: str | None) -> bool:
    """Whether a date was left empty (EXIF 2.32 fills it with blanks) or with zeros: said to be unknown, not wrong."""
    return not (text or "").translate(_BLANKS)


def _precision(match: re.Match[str]) -> Precision:
    for part, precision in (
        ("second", Precision.SECOND),
        ("minute", Precision.MINUTE),
        ("day", Precision.DAY),
        ("month", Precision.MONTH),
    ):
        if match[part] is not None:
            return precision
    return Precision.YEAR


def _leading_digits(text: str | None) -> str | None:
    found = _DIGITS.match((text or "").strip())
    return found[0] if found else None
