"""How old was somebody when a picture was taken?"""

from __future__ import annotations

from datetime import date, datetime

from core.errors import BadRequest
from core.media.clock import day_of


def age_on(born: date, day: date) -> int | None:
    """Full years on a day; ``None`` before birth. Who is born on 29 February has it on 1 March in other years."""
    if day < born:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def age_in_photo(birthdate: datetime | None, captured_at: str | None) -> int | None:
    """The age on a zone-less ISO 8601 capture time; ``None`` where either is unknown or the picture is older."""
    if birthdate is None or (day := day_of(captured_at)) is None:
        return None
    return age_on(birthdate.date(), day)


def parse_day(text: str, what: str) -> date:
    """The day that ``YYYY-MM-DD`` or an ISO 8601 time names, as it is written: zones do not move it.

    Raises :class:`BadRequest` for anything else; ``what`` is what the sentence calls it.
    """
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError as error:
        raise BadRequest(f"{what} {text[:40]!r} is no date; write it like 1990-05-06.") from error
