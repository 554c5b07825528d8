"""Which days does a range of dates mean?"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from core.errors import BadRequest

_DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}$")


def first_moment(text: str) -> str:
    """The beginning of a range as a zone-less ISO 8601 time. Raises :class:`BadRequest`."""
    return _parsed(text).isoformat(timespec="seconds")


def last_moment(text: str) -> str:
    """The end of a range; a day, also one that is written with midnight, is meant until it ends."""
    moment = _parsed(text)
    if moment.time() == time():
        moment = datetime.combine(moment.date(), time(23, 59, 59))
    # a second is meant until it ends, too: capture times have fractions
    return moment.replace(microsecond=999_999).isoformat()


def _parsed(text: str) -> datetime:
    """The wall clock that was written; what zone its writer was in is not what a photo's date is about."""
    try:
        if _DAY_ONLY.match(text):
            return datetime.combine(date.fromisoformat(text), time())
        return datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)
    except ValueError as error:
        raise BadRequest(f"{text} is no date; write 2024-07-26, or 2024-07-26T14:30:25.") from error
