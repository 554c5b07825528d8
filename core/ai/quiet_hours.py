"""When are language models left alone, because somebody sleeps beside the machine?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from core.window import Window, parse_window

_MINUTE: Final = timedelta(minutes=1)


def parse_quiet_hours(value: object) -> Window | None:
    """Reads ``22:00-07:00``; ``None`` for an empty text.

    Raises:
        ValueError: with a message that continues a sentence beginning with the text.
    """
    hours = parse_window(value)
    if hours is not None and hours.begins == hours.ends:
        raise ValueError('would be the whole day; to ask nobody at all, write provider = "builtin"')
    return hours


def quiet_until(hours: Window | None, now: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet hours that ``now`` (aware) lies in are over, in UTC; ``None`` outside of them."""
    moment = now.astimezone(UTC)
    if hours is None or not _is_quiet(hours, moment, zone):
        return None
    # minute by minute: where clocks are put forward or back meanwhile, no sum of hours is right
    moment = moment.replace(second=0, microsecond=0) + _MINUTE
    while _is_quiet(hours, moment, zone):
        moment += _MINUTE
    return moment


def _is_quiet(hours: Window, moment: datetime, zone: tzinfo) -> bool:
    return hours.contains(moment.astimezone(zone).time())
