"""Which time does a file's name tell?

Phones, screenshots and messengers name their files after the wall clock. The rules are anchored at the start of the
name: a date somewhere inside is as often that of an export.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePath

from core.media.metadata import Precision, WrittenTime

_DAY = r"(?P<year>[0-9]{4})(?P<gap>[-_.]?)(?P<month>[0-9]{2})(?P=gap)(?P<day>[0-9]{2})"
_CLOCK = (
    r"(?P<hour>[0-9]{1,2})(?P<colon>[-_.:]?)(?P<minute>[0-9]{2})(?P=colon)(?P<second>[0-9]{2})(?P<fraction>[0-9]{3})?"
)
_HALF = r"(?:\s?(?P<half>[AP])\.?M\.?)?"
_END = r"(?![0-9])"

_RULES = (
    # IMG_20240726_143025, 20240726_143025, PXL_20240726_143025123, Screenshot_20240726-143025_Chrome, VID20240726143025
    re.compile(
        r"(?:[0-9]+IMG_[0-9]+_)?(?:(?P<prefix>IMG|VID|PXL|MVIMG|DSC|PANO|BURST|DJI|WIN|TRIM|VideoCapture|Screenshot|"
        r"Screenrecorder|Screen_Recording)[_-]?)?" + _DAY + r"[_-]?" + _CLOCK + _END,
        re.IGNORECASE,
    ),
    # 2024-07-26 14.30.25 (Dropbox, Nextcloud), photo_2024-07-26_14-30-25 (Telegram), signal-2024-07-26-143025
    # Screenshot 2024-07-26 at 14.30.25, Screen Shot 2024-07-26 at 2.30.25 PM, WhatsApp Image 2024-07-26 at 14.30.25
    re.compile(
        r"(?:(?P<prefix>photo|video|signal|Screen[ _]?shot|Screen Recording|Bildschirmfoto|WhatsApp (?:Image|Video)|"
        r"Photo|IMG|VID)[ _-])?" + _DAY + r"(?: at | um |[ T_-])" + _CLOCK + _HALF + _END,
        re.IGNORECASE,
    ),
)
# IMG-20240726-WA0001: WhatsApp on Android names only the day (LibrePhotos and Immich's FAQ have the same rule).
_DAY_ONLY = re.compile(r"(?:IMG|VID)-(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})-WA[0-9]+", re.IGNORECASE)

_UTC_PREFIX = "PXL"
"""Google's Pixel phones alone name their files after UTC."""

_NOON = 12


def named_time(filename: str) -> WrittenTime | None:
    """The time that a name begins with, with offset 0 where its maker writes UTC; ``None`` for any other name."""
    name = PurePath(filename).name
    for rule in _RULES:
        match = rule.match(name)
        if match is not None and (moment := _moment(match)) is not None:
            is_utc = (match["prefix"] or "").upper() == _UTC_PREFIX
            precision = Precision.FRACTION if match["fraction"] else Precision.SECOND
            return WrittenTime(moment, 0 if is_utc else None, precision)
    day = _DAY_ONLY.match(name)
    if day is None:
        return None
    try:
        return WrittenTime(datetime(int(day["year"]), int(day["month"]), int(day["day"])), None, Precision.DAY)
    except ValueError:
        return None


def _moment(match: re.Match[str]) -> datetime | None:
    hour = int(match["hour"])
    half = match.groupdict().get("half")
    if half is not None:
        hour = hour % _NOON + (_NOON if half.upper() == "P" else 0)
    try:
        return datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            hour,
            int(match["minute"]),
            int(match["second"]),
            int(match["fraction"] or 0) * 1000,
        )
    except ValueError:
        return None
