"""What did the clock on the wall show when a picture was taken?"""

from __future__ import annotations

from datetime import date, datetime


def clock_of(captured_at: str | None) -> datetime | None:
    """The zone-less time of a ``captured_at``; ``None`` where there is none, or a text that is no time.

    We write ISO 8601 without a zone; what else may stand there, somebody else has written, and the picture counts as
    undated. An offset says nothing about the clock and is left out.
    """
    if not captured_at or not captured_at.isascii():
        return None
    try:
        return datetime.fromisoformat(captured_at).replace(tzinfo=None)
    except ValueError:
        return None


def day_of(captured_at: str | None) -> date | None:
    """The day of a ``captured_at``, where :func:`clock_of` finds a time in it."""
    taken = clock_of(captured_at)
    return None if taken is None else taken.date()
