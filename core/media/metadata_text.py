"""How do the texts, dates and offsets that cameras write become those of the contract?"""

from __future__ import annotations

import re
from datetime import datetime

# C0, DEL and C1: PostgreSQL cannot store NUL, and none of the others belongs into a name or a caption.
_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0))) | dict.fromkeys(map(ord, "\t\n\r"), " ")

# EXIF 2.32, 4.6.5: "YYYY:MM:DD HH:MM:SS"; scanners and editors also write dashes, slashes, a T and no seconds.
_WALL_CLOCK = re.compile(
    r"\s*([0-9]{4})[:/.-]([0-9]{1,2})[:/.-]([0-9]{1,2})[ T]+([0-9]{1,2})[:.]([0-9]{1,2})(?:[:.]([0-9]{1,2}))?"
)
_OFFSET = re.compile(r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))\s*$")

_MAX_OFFSET_HOURS = 14  # Kiribati's Line Islands are the furthest from UTC


def decoded(raw: bytes) -> str:
    """Text of unknown encoding: UTF-8 if it is valid, else Latin-1, which every byte is valid in."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def clean(text: str) -> str | None:
    """``text`` without control characters and outer white space; ``None`` if nothing is left."""
    return text.translate(_CONTROL).strip() or None


def camera_name(make: str | None, model: str | None) -> str | None:
    """``make`` + space + ``model``, or whichever exists."""
    return " ".join(part for part in (make, model) if part) or None


def wall_clock(text: str) -> str | None:
    """A camera's date as zone-less ISO 8601 to the second (``2024-07-26T14:30:25``).

    A zone or fraction behind it is left out. ``None`` for what is no date, such as ``0000:00:00 00:00:00``.
    """
    match = _WALL_CLOCK.match(text)
    if match is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in match.groups())).isoformat()  # type: ignore[arg-type]
    except ValueError:
        return None


def utc_offset(text: str) -> str | None:
    """The offset from UTC that ``text`` is or ends with, as ``+02:00``; ``Z`` is ``+00:00``. ``None`` without one."""
    match = _OFFSET.search(text)
    if match is None:
        return None
    if match[0].startswith("Z"):
        return "+00:00"
    sign, hours, minutes = match.groups()
    return f"{sign}{hours}:{minutes}" if int(hours) <= _MAX_OFFSET_HOURS and int(minutes) < 60 else None
