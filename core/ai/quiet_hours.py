"""When are language models left alone, because somebody sleeps beside the machine?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

_WRITTEN: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class QuietHours:
    """Every day from ``begins`` until just before ``ends``, by the clock on the wall; past midnight if it ends earlier
    than it begins.
    """

    begins: time
    ends: time

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


def parse_quiet_hours(text: str) -> QuietHours | None:
    """Reads ``22:00-07:00``; ``None`` for an empty text.

    Raises:
        ValueError: with a message that continues a sentence beginning with the text.
    """
    if not text.strip():
        return None
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError('are no hours; write when nothing is to be asked, such as "22:00-07:00"')
    hours = QuietHours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))
    if hours.begins == hours.ends:
        raise ValueError('would be the whole day; to ask nobody at all, write provider = "builtin"')
    return hours


def quiet_until(hours: QuietHours | None, now: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet hours that ``now`` (aware) lies in are over, in UTC; ``None`` outside of them."""
    moment = now.astimezone(UTC)
    if hours is None or not _is_quiet(hours, moment, zone):
        return None
    # minute by minute: where clocks are put forward or back meanwhile, no sum of hours is right
    moment = moment.replace(second=0, microsecond=0) + _MINUTE
    while _is_quiet(hours, moment, zone):
        moment += _MINUTE
    return moment


def _is_quiet(hours: QuietHours, moment: datetime, zone: tzinfo) -> bool:
    clock = moment.astimezone(zone).time()
    if hours.begins < hours.ends:
        return hours.begins <= clock < hours.ends
    return clock >= hours.begins or clock < hours.ends
